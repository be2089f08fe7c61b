"""What is known of all calls of one task together."""

from __future__ import annotations

from typing import NamedTuple

_STEPS = (1, 2, 5)


class TaskStats(NamedTuple):
    """What is known of a task's calls; times and spans of time are microseconds."""

    executed: int
    """Calls that ran, completed or not; cached ones did not."""
    failed: int
    """Those that failed or crashed."""
    cached: int
    first: int
    """When the earliest call began."""
    last: int
    timed: int
    """Executed calls that had begun: those that the following is about."""
    mean: float | None
    shortest: int | None
    longest: int | None
    p50: int | None
    p95: int | None
    p99: int | None
    halves: tuple[Half, ...]
    """The earlier and the later half of the calls; empty for fewer than two."""
    course: tuple[float, ...]
    """Mean durations of slices of the calls, from the earliest to the latest."""
    histogram: tuple[Bucket, ...]
    """Durations by size, without gaps."""


class Half(NamedTuple):
    """Half of the calls of a task."""

    calls: int
    failed: int
    p50: int


class Bucket(NamedTuple):
    """Calls that took `least` or longer, but less than `below`."""

    least: int
    below: int
    calls: int


def edges(shortest: int, longest: int) -> list[int]:
    """Bounds of buckets in steps of 1, 2, 5, 10 ... around all of the durations.

    Example:
        >>> edges(30, 120)
        [20, 50, 100, 200]
    """
    steps = [0] + [step * 10**power for power in range(16) for step in _STEPS]
    first = max(i for i, step in enumerate(steps) if step <= max(shortest, 0))
    last = min(i for i, step in enumerate(steps) if step > max(longest, 0))
    return steps[first : last + 1]
