"""What happened, in the units in which it is shown: between the records and the words."""

from __future__ import annotations

import heapq
from typing import NamedTuple

from noria.core.records import FlowRunRow, GroupCount, GroupKind, LogRow, TaskRunRow

SLOWEST = 3
FAILURE_KINDS = 20
"""Kinds of failure (exception and place) told apart; further ones are only counted."""


class Group:
    """The calls of one task at one place, counted as their rows come."""

    __slots__ = (
        "began", "closed", "counts", "depth", "done", "expected", "failures", "fallbacks", "folds",
        "kind", "last_end", "name", "reported", "retries", "shown", "since", "stirred", "told",
        "told_done",
    )  # fmt: skip

    def __init__(self, name: str, kind: str, expected: int | None, depth: int) -> None:
        self.name = name
        self.kind = kind
        self.expected = expected
        self.depth = depth
        self.began = 0
        """Wall time of the first sight of it, microseconds."""
        self.since = 0.0
        """The same on the monotonic clock, seconds."""
        self.last_end = 0
        self.done = 0
        """Calls that have ended, in whatever way."""
        self.counts = [0] * len(GroupCount.NAMES)
        """By `GroupCount`; Completed is not counted, it is what remains of `done`."""
        self.retries = 0
        self.fallbacks = 0
        """Calls that a fallback has served."""
        self.shown = 0
        """Successful calls that had a line of their own."""
        self.folds = False
        """Whether further successes are told in one line for all."""
        self.failures: dict[tuple[str, str], int] = {}
        """Lines told of failures, by exception and place."""
        self.reported = 0
        """`done` when progress was last looked at."""
        self.stirred = 0.0
        """When progress was last found to have been made, on the monotonic clock."""
        self.told = 0
        """Wall time of the last line on progress, and `done` as it said."""
        self.told_done = 0
        self.closed = False

    def again(self) -> Group:
        """The same group with nothing counted yet."""
        return Group(self.name, self.kind, self.expected, self.depth)

    @property
    def is_flow(self) -> bool:
        """Whether the calls are sub-flows."""
        return self.kind == GroupKind.FLOW

    @property
    def completed(self) -> int:
        """Calls that ran and completed."""
        return self.done - sum(self.counts)

    @property
    def cached(self) -> int:
        """Calls that were answered from an earlier one."""
        return self.counts[GroupCount.CACHED]

    @property
    def failed(self) -> int:
        """Calls that failed or crashed."""
        return self.counts[GroupCount.FAILED] + self.counts[GroupCount.CRASHED]


class Totals:
    """What a top-level run and all below it came to."""

    __slots__ = (
        "counts", "failures", "floor", "last_skip", "other_failures", "resumed", "skipped",
        "skips_told", "slowest", "subflows",
    )  # fmt: skip

    def __init__(self, resumed: bool) -> None:
        self.resumed = resumed
        self.counts = [0] * len(GroupCount.NAMES)
        self.subflows = 0
        self.slowest: list[tuple[int, str]] = []
        """A heap of (microseconds, task run name), the least slow one first."""
        self.floor = -1
        """A call must take longer than this to be among the slowest."""
        self.failures: dict[tuple[str, str], FailureKind] = {}
        self.other_failures = 0
        self.skipped: dict[str, int] = {}
        """Calls by group that were not run again, and that nobody has been told of yet."""
        self.skips_told = False
        self.last_skip = 0.0

    def note_duration(self, duration: int, name: str) -> None:
        """Enter a call that took longer than `floor`."""
        heapq.heappush(self.slowest, (duration, name))
        if len(self.slowest) > SLOWEST:
            heapq.heappop(self.slowest)
        if len(self.slowest) == SLOWEST:
            self.floor = self.slowest[0][0]

    def note_failure(self, failure: Failure, name: str) -> None:
        """Enter a failed call under its exception and place."""
        key = (failure.type, failure.frame)
        kind = self.failures.get(key)
        if kind is not None:
            self.failures[key] = kind._replace(times=kind.times + 1)
        elif len(self.failures) < FAILURE_KINDS:
            self.failures[key] = FailureKind(1, failure, name)
        else:
            self.other_failures += 1

    @property
    def tasks(self) -> int:
        """All task calls that have ended."""
        return sum(self.counts)


class Failure(NamedTuple):
    """Why a run failed."""

    type: str
    """Name of the exception; empty when only a message is known."""
    message: str
    frame: str
    """`file.py:12 in function` in the user's code; empty when unknown."""


class FailureKind(NamedTuple):
    """Failures of the same exception at the same place."""

    times: int
    first: Failure
    name: str
    """The first task run that failed so; empty when it was the top-level flow itself."""


class FlowBegan(NamedTuple):
    """A flow run starts to execute."""

    time: int
    depth: int
    row: FlowRunRow


class FlowChanged(NamedTuple):
    """A flow run waits, is paused, is being cancelled, or runs again."""

    time: int
    depth: int
    row: FlowRunRow


class FlowEnded(NamedTuple):
    """A flow run is in a terminal state; `totals` only for a top-level run."""

    time: int
    depth: int
    row: FlowRunRow
    duration: int | None
    failure: Failure | None
    totals: Totals | None


class TaskChanged(NamedTuple):
    """A task run started, or waits for another attempt."""

    time: int
    depth: int
    row: TaskRunRow
    name: str
    flow_run: str
    failure: Failure | None
    last: bool
    """Whether further ones of this group will only be counted."""


class TaskEnded(NamedTuple):
    """A task run is in its last state, or will never be ready."""

    time: int
    depth: int
    row: TaskRunRow
    name: str
    flow_run: str
    duration: int | None
    failure: Failure | None
    last: bool
    """Whether further ones like it will only be counted."""


class GroupProgress(NamedTuple):
    """How far a large group is; `rate` in calls a second, `left` in seconds."""

    time: int
    group: Group
    rate: float
    left: float | None


class GroupEnded(NamedTuple):
    """A group whose calls were folded has ended."""

    time: int
    group: Group


class Skipped(NamedTuple):
    """Calls of a resumed run that were not run again, by group."""

    time: int
    depth: int
    groups: dict[str, int]


class LogLine(NamedTuple):
    """A line of a run's log, with the names that belong to its ids."""

    row: LogRow
    flow_run: str | None
    task: str | None


Event = (
    FlowBegan
    | FlowChanged
    | FlowEnded
    | TaskChanged
    | TaskEnded
    | GroupProgress
    | GroupEnded
    | Skipped
    | LogLine
)
