"""The part of the port that is about backfills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from noria.core.backfills import KeyedRun, PlannedRun
from noria.core.records import BackfillRow, FlowRunRow
from noria.core.states import TERMINAL_STATES, StateType


class BackfillRequest(NamedTuple):
    """A wish for runs of a deployment, for times that have passed."""

    deployment: bytes
    schedule: str | None
    """The slug of the schedule whose times they are; None for several."""
    first: int
    last: int
    slots: int
    """How many may be under way at once."""
    runs: Sequence[PlannedRun]
    """In the order in which they are to begin."""
    limit: int | None = None
    """At most so many of those that are missed."""
    rerun: bool = False
    """Whether those are made, too, that there is a run for."""


class BackfillUse(NamedTuple):
    """A backfill, and what has become of it."""

    backfill: BackfillRow
    deployment: str | None
    """`flow/deployment`; None when it was deleted."""
    counts: Mapping[StateType, int]
    """Its runs by state; what has crashed and will go on counts as Scheduled."""

    @property
    def waiting(self) -> int:
        """Runs that have not begun, or wait to go on."""
        return self.counts.get(StateType.SCHEDULED, 0)

    @property
    def ended(self) -> int:
        """Runs that have ended; with those that were deleted since."""
        left = sum(count for state, count in self.counts.items() if state not in TERMINAL_STATES)
        return self.backfill.made - left

    @property
    def under_way(self) -> int:
        """Runs that somebody has taken and that have not ended."""
        return self.backfill.made - self.ended - self.waiting


class Backfills(Protocol):
    """Runs for times that have passed."""

    def keyed_runs(self, deployment: bytes, keys: Sequence[str]) -> dict[str, KeyedRun]:
        """The runs of a deployment that were asked for with these keys."""

    def begin_backfill(self, wish: BackfillRequest, now: int) -> BackfillRow | None:
        """Make the runs that are missed, all in one transaction. Nothing is kept when none is:
        `made` is 0 then. None when there is no such deployment."""

    def backfills(
        self, deployment: bytes | None = None, limit: int = 20, before: bytes | None = None
    ) -> list[BackfillUse]:
        """The newest backfills, of a deployment or of all; keyset: older than `before`."""

    def find_backfills(self, reference: str) -> list[BackfillUse]:
        """Backfills that an id, its beginning, or `@last` may mean."""

    def backfill_runs(
        self, backfill: bytes, states: Sequence[StateType] | None = None, limit: int = 100
    ) -> list[FlowRunRow]:
        """Runs of a backfill in the order in which they begin, those in some states or all."""

    def cancel_backfill(self, backfill: bytes, running: bool, now: int) -> int:
        """Cancel what waits of a backfill, and with `running` ask what is under way to stop.
        Returns how many runs that were."""
