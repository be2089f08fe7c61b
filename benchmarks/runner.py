"""Sides taking turns."""

from __future__ import annotations

import sys

from benchmarks.bench import Bench
from benchmarks.model import Outcome, Readings, Row, ScenarioError, Side, Taken, outcomes


def measure(bench: Bench, row: Row) -> list[Outcome]:
    """Measure a row: its sides one after another, then all of them again.

    A side that fails is left out from then on, and its figures say why.
    """
    taken = Taken(row)
    sides = [side for side in row.sides if bench.options.peers or side.environment is None]
    rounds = bench.options.repeat + row.starts
    for number in range(rounds):
        for turn, side in enumerate(sides):
            if side.name not in taken.errors and number < side.most + row.starts:
                readings = _take(bench, taken, side)
                if readings is not None and number >= row.starts:
                    numbered = number * len(sides) + turn, readings
                    taken.readings.setdefault(side.name, []).append(numbered)
        _say(f"\r{row.number}: {number + 1} of {rounds}")
    _say("\r" + " " * 40 + "\r")
    return outcomes(taken)


def _take(bench: Bench, taken: Taken, side: Side) -> Readings | None:
    try:
        return side.measure(bench)
    except (ScenarioError, OSError) as error:
        taken.errors[side.name] = f"{side.name}: {error}"
        return None


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
