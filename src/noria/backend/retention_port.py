"""The part of the port that is about what is deleted when its time is over."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from noria.core.retention import Removed, Rules

ROWS = 500
"""How many rows are deleted in one transaction: some 10 ms, for which others wait."""


class Retention(Protocol):
    """Deleting little by little."""

    def retain(self, rules: Rules, now: int, limit: int = ROWS) -> Removed:
        """Delete, in one transaction, up to `limit` rows of runs whose time is over, whole trees of
        them and the oldest first, and of expired cached results. What has not ended stays, with all
        above and below it. Returns what has gone, and whether there may be more to delete."""

    def retainable(self, rules: Rules, now: int) -> Removed:
        """What `retain`, called until there is no more, would delete of runs; without the files."""

    def retainable_results(self, rules: Rules, now: int) -> list[tuple[str, int]]:
        """The files, with their sizes, that nothing would refer to any more after that."""

    def stale_results(self, before: int, limit: int = 100) -> list[str]:
        """Files to which the last reference was deleted at that time or before, and that nothing
        refers to now either. Those that are used again are forgotten."""

    def settle_stale_results(self, gone: Collection[str], kept: Collection[str], now: int) -> None:
        """Forget files that are gone, and look at others again later."""

    def forget_processes(self, now: int, limit: int = ROWS) -> int:
        """Forget processes, workers among them, that died a day ago and that nothing speaks of any
        more, and backfills without runs. Looks at up to `limit` of them, goes on behind these the
        next time, and begins again after an hour. Returns how many were forgotten."""

    def claim_upkeep(self, name: str, now: int, every: int) -> bool:
        """Whether something is due that is to be done once in so many microseconds, by whoever asks
        first; it counts as done from then on."""

    def note_upkeep(self, name: str, done: int) -> None:
        """Say when something was last done."""

    def shrink(self) -> bool:
        """Give some unused space back to the disk, little enough that nobody waits for it. Returns
        whether there is more."""
