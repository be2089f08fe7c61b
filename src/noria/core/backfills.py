"""Backfills: which runs are to be made for times that have passed.

Pure: `noria.deployments.backfilling` reads what a user says, `noria.backend.backfilling` makes the
runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from noria.core.schedules.rules import Rule
from noria.core.states import StateType

HELD = 2**60
"""Behind everything that has a turn: all of a backfill but its next runs."""


def run_key(slug: str, time: int) -> str:
    """What makes the run of a schedule for one of its times the only one.

    Example:
        >>> run_key("hourly", 3_600_000_000)
        'hourly@3600000000'
    """
    return f"{slug}@{time}"


class PlannedRun(NamedTuple):
    """A run that a backfill is to make, unless there is one."""

    slug: str
    """The schedule whose time it is."""
    time: int
    """When it was due, microseconds since the epoch."""
    parameters: Mapping[str, Any]
    """They go before the deployment's."""

    @property
    def key(self) -> str:
        """By which it is found again."""
        return run_key(self.slug, self.time)


class KeyedRun(NamedTuple):
    """The run that there is for a time of a schedule."""

    key: str
    flow_run: bytes
    name: str
    state: StateType
    state_name: str | None
    begun: bool

    @property
    def is_missed(self) -> bool:
        """Whether it has never begun, and never will: as good as none."""
        return self.state is StateType.CANCELLED and not self.begun


def fire_times(rule: Rule, first: int, last: int, most: int) -> list[int]:
    """When a rule was due, the oldest first.

    Parameters:
        rule: The rule.
        first: No time before this one, microseconds since the epoch.
        last: No time after this one.
        most: At most so many.

    Example:
        >>> from noria.core.schedules.interval import IntervalRule
        >>> fire_times(IntervalRule(10_000, 0), 10_000, 30_000, 5)
        [10000, 20000, 30000]
    """
    found: list[int] = []
    due = rule.next_after(first - 1)
    while due is not None and due <= last and len(found) < most:
        found.append(due)
        due = rule.next_after(due)
    return found
