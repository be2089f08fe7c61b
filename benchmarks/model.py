"""What a benchmark is made of: rows, the sides that take turns, and the figures read off them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from benchmarks.bench import Bench

Readings = dict[str, float]
"""What one run of one side gave, by name; times are in seconds, sizes in bytes."""


class ScenarioError(Exception):
    """A side could not be measured; says what it printed last."""


@dataclass(frozen=True)
class Side:
    """One of those that take turns.

    Attributes:
        name: `Noria`, `Prefect` and so on.
        measure: Runs it once, in a process of its own.
        most: It is run so many times at most, however many repetitions are asked for.
        environment: The peer that must be installed for it; None when Noria's environment does.
    """

    name: str
    measure: Callable[[Bench], Readings]
    most: int = 1_000
    environment: str | None = None


class Kind(Enum):
    """What a goal is about."""

    AT_MOST = "≤ {bound}"
    """The figure itself."""
    TIMES_AT_MOST = "≤ {bound}× {peer}"
    """Noria's figure divided by the other's."""
    TIMES_LESS = "≥ {bound}× less"
    """The other's figure divided by Noria's."""


@dataclass(frozen=True)
class Goal:
    """What the figure is to reach; the bound of AT_MOST is in the figure's own unit."""

    kind: Kind
    bound: float


class Reading(NamedTuple):
    """Which reading of which side."""

    side: str
    name: str


@dataclass(frozen=True)
class Figure:
    """A line of the report.

    Attributes:
        label: What is measured, in a few words.
        unit: One of `UNITS`.
        ours: Noria's reading.
        theirs: The reading that it is compared with.
        goal: What is to be reached; None for a figure that explains another.
    """

    label: str
    unit: str
    ours: Reading
    theirs: Reading | None = None
    goal: Goal | None = None


UNITS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "MB": 1e6, "B": 1.0}


@dataclass(frozen=True)
class Row:
    """A row of the budgets.

    Attributes:
        number: `E1` and so on.
        title: What it is about.
        method: How it is measured, in a sentence or two.
        sides: Who takes turns, in this order; one may have several turns in a round.
        figures: What is read off.
        starts: Whether it measures the start of a process: then a first round does not count.
    """

    number: str
    title: str
    method: str
    sides: Sequence[Side]
    figures: Sequence[Figure]
    starts: bool = False


class Spread(NamedTuple):
    """The median of some runs with their extremes."""

    median: float
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values), len(values))


@dataclass
class Taken:
    """All that was read of a row."""

    row: Row
    readings: dict[str, list[tuple[int, Readings]]] = field(default_factory=dict)
    """By side; each with the number of the turn in which it was taken."""
    errors: dict[str, str] = field(default_factory=dict)

    def values(self, reading: Reading) -> dict[int, float]:
        """What one reading gave, by turn."""
        found = self.readings.get(reading.side, [])
        return {turn: all_[reading.name] for turn, all_ in found if reading.name in all_}

    def pairs(self, ours: Reading, theirs: Reading) -> list[tuple[float, float]]:
        """Each value of theirs with the mean of ours right before and right after it.

        What was measured one after the other met the same load.
        """
        own = self.values(ours)
        pairs = []
        for turn, value in self.values(theirs).items():
            before = [each for each in own if each < turn][-1:]
            after = [each for each in own if each > turn][:1]
            if before or after:
                pairs.append((statistics.mean(own[each] for each in before + after), value))
        return pairs


@dataclass(frozen=True)
class Outcome:
    """A line of the report with what was found.

    Attributes:
        ratio: The factor that the goal speaks of, or how many times less than the peer's.
        met: Whether the goal is reached; None without goal or without measurement.
        remark: Why there is no measurement.
    """

    row: Row
    figure: Figure
    ours: Spread | None
    theirs: Spread | None
    ratio: Spread | None
    met: bool | None
    remark: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the line would only compare with a peer that was left out."""
        left_out = self.figure.theirs is not None and self.theirs is None
        return left_out and self.figure.goal is None and self.ours is not None


def outcomes(taken: Taken) -> list[Outcome]:
    """The lines of a row."""
    found = [_outcome(taken, figure) for figure in taken.row.figures]
    return [one for one in found if not one.is_empty]


def _outcome(taken: Taken, figure: Figure) -> Outcome:
    ours = list(taken.values(figure.ours).values())
    theirs: list[float] = []
    remark = taken.errors.get(figure.ours.side, "")
    ratio = None
    if figure.theirs is not None:
        theirs = list(taken.values(figure.theirs).values())
        remark = remark or taken.errors.get(figure.theirs.side, "")
        if not theirs and not remark:
            remark = f"{figure.theirs.side} was not measured"
        pairs = taken.pairs(figure.ours, figure.theirs)
        kind = figure.goal.kind if figure.goal else Kind.TIMES_LESS
        if pairs:
            ratio = Spread.of([a / b if kind is Kind.TIMES_AT_MOST else b / a for a, b in pairs])
    return Outcome(
        taken.row,
        figure,
        Spread.of(ours) if ours else None,
        Spread.of(theirs) if theirs else None,
        ratio,
        _met(figure, ours, ratio),
        remark,
    )


def _met(figure: Figure, ours: Sequence[float], ratio: Spread | None) -> bool | None:
    goal = figure.goal
    if goal is None or not ours:
        return None
    if goal.kind is Kind.AT_MOST:
        return statistics.median(ours) / UNITS[figure.unit] <= goal.bound
    if ratio is None:
        return None
    if goal.kind is Kind.TIMES_AT_MOST:
        return ratio.median <= goal.bound
    return ratio.median >= goal.bound
