"""The part of the port that is about pools, who works for them, and who leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from noria.core.pools import OwedHook, PoolRow, QueueRow, WorkerRow
from noria.core.records import ProcessRow


class PoolUse(NamedTuple):
    """A pool, and what happens in it."""

    pool: PoolRow
    deployments: int
    workers: int
    """That live and take runs of it."""
    under_way: int
    waiting: int
    """Due, and not taken yet."""


class QueueUse(NamedTuple):
    """A queue of a pool, and what happens in it."""

    queue: QueueRow
    under_way: int
    waiting: int


class WorkerUse(NamedTuple):
    """A worker, and whether it lives."""

    worker: WorkerRow
    process: ProcessRow
    lives: bool
    under_way: int


class Pools(Protocol):
    """Pools of work, their queues and workers."""

    def pools(self, now: int) -> list[PoolUse]:
        """All pools that were spoken of, that deployments name or that workers take runs of."""

    def set_pool(self, row: PoolRow, now: int) -> PoolRow:
        """Say something of a pool, and return it as it is now."""

    def delete_pool(self, name: str) -> bool:
        """Forget what was said of a pool and its queues; False when nothing was."""

    def queues(self, pool: str, now: int) -> list[QueueUse]:
        """The queues of a pool: those that were spoken of, and those that something waits in."""

    def set_queue(self, row: QueueRow, now: int) -> QueueRow:
        """Say something of a queue; what waits in it gets the turn of its new rank."""

    def delete_queue(self, pool: str, name: str) -> bool:
        """Forget what was said of a queue; what waits in it waits on. False when nothing was."""

    def register_worker(self, row: WorkerRow) -> None:
        """Say that a process takes runs."""

    def workers(self, now: int) -> list[WorkerUse]:
        """The workers that live, and those that have died and were not forgotten yet."""

    def forget_workers(self, now: int) -> int:
        """Forget workers that have died; returns how many."""

    def lead(self, role: str, process: bytes, now: int) -> bool:
        """Whether a process has a role; it gets it when nobody that lives has it."""

    def leader(self, role: str, now: int) -> tuple[ProcessRow, int] | None:
        """The process that has a role, and since when; None when it is gone."""

    def leave(self, process: bytes) -> None:
        """Give up the roles of a process."""

    def take_owed_hooks(
        self, names: Sequence[str] | None, teller: bytes, now: int, limit: int = 100
    ) -> list[OwedHook]:
        """Take over to call up to `limit` of what is owed to runs of some pools, or of all but
        those that a script serves; what a process has taken that has died since is owed again."""

    def hooks_called(self, flow_run: bytes, epoch: int) -> None:
        """Nothing more is owed for this execution of a run."""
