"""Pools and queues of work: whose turn it is, and what keeps a run waiting.

Pure: `noria.backend.claiming` reads what waits and what is under way, and acts on what is decided.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from noria.core.states import StateType

DEFAULT_POOL = "default"
DEFAULT_QUEUE = "default"
SERVED = "serve "
"""What the name of a pool begins with whose runs a script takes that serves a deployment."""
RUN_TAG_PREFIX = "run-tag:"
"""The limit of this and a tag's name holds for runs of deployments with that tag."""
HEAD_START = 600 * 1_000_000
"""How much longer others must have waited to go before a run of one priority more, microseconds:
an order without such a bound lets the last wait for ever."""
LONGEST_NAME = 255


class PoolStatus(StrEnum):
    """Whether runs are taken of a pool or a queue, and if not, why."""

    READY = "READY"
    PAUSED = "PAUSED"
    FULL = "FULL"
    """As many runs are under way as may be."""
    NOT_READY = "NOT_READY"
    """No worker that lives takes runs of it."""


class PoolRow(NamedTuple):
    """What was said of a pool."""

    name: str
    type: str = "process"
    description: str | None = None
    slots: int | None = None
    """How many of its runs may be under way at once."""
    paused: bool = False
    """Whether no runs are taken from it."""
    created: int = 0
    updated: int = 0


class QueueRow(NamedTuple):
    """What was said of a queue of a pool."""

    pool: str
    name: str
    description: str | None = None
    rank: int = 1
    """What waits in a queue of a smaller one goes first."""
    slots: int | None = None
    paused: bool = False
    created: int = 0
    updated: int = 0


class WorkerRow(NamedTuple):
    """A process that takes runs."""

    process: bytes
    name: str
    pools: tuple[str, ...] | None
    """None for all that there are."""
    slots: int | None
    created: int


class OwedHook(NamedTuple):
    """What is to be called because a run has entered a state that its process could not tell of."""

    flow_run: bytes
    epoch: int
    """The execution that has ended so."""
    state: StateType
    state_name: str | None
    message: str | None
    created: int
    teller: bytes | None
    """The process that sees to it."""
    pool: str


class UnderWay(NamedTuple):
    """A run that was claimed and has not ended."""

    flow_run: bytes
    deployment: bytes
    pool: str
    queue: str
    lane: str
    backfill: bytes | None
    tags: tuple[str, ...]
    worker: bytes
    """Who has claimed it."""


def is_named(pool: str) -> bool:
    """Whether somebody has chosen a pool by its name.

    Example:
        >>> is_named("gpu"), is_named(DEFAULT_POOL), is_named("serve etl/nightly")
        (True, False, False)
    """
    return pool != DEFAULT_POOL and not pool.startswith(SERVED)


def name_fault(name: str) -> str | None:
    """Why a pool or a queue cannot have a name; None if it can.

    Example:
        >>> name_fault("数据"), name_fault("etl/urgent")
        (None, "it holds a '/'")
    """
    if not isinstance(name, str):
        return "it is no text"
    if not name.strip():
        return "it is empty"
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} signs"
    if "/" in name:
        return "it holds a '/'"
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        return "it holds a control character, or bytes that are no text"
    if name.startswith(SERVED):
        return f"pools that begin with {SERVED!r} are those of scripts that serve a deployment"
    return None


def takes(worker: WorkerRow, pool: str) -> bool:
    """Whether a worker takes runs of a pool.

    Example:
        >>> takes(WorkerRow(b"", "w", ("etl",), None, 0), "etl")
        True
        >>> takes(WorkerRow(b"", "w", None, None, 0), "serve etl/nightly")
        False
    """
    return not pool.startswith(SERVED) if worker.pools is None else pool in worker.pools


def status_of(row: PoolRow | QueueRow, under_way: int, workers: int) -> PoolStatus:
    """Whether runs are taken of a pool or a queue.

    Parameters:
        row: What was said of it.
        under_way: How many of its runs are under way.
        workers: How many that live take runs of the pool.

    Example:
        >>> status_of(PoolRow("etl", slots=2), under_way=2, workers=1).value
        'FULL'
    """
    if row.paused:
        return PoolStatus.PAUSED
    if row.slots is not None and under_way >= row.slots:
        return PoolStatus.FULL
    return PoolStatus.READY if workers else PoolStatus.NOT_READY


def turn(due: int, now: int, priority: int, rank: int) -> int:
    """Whose turn it is: the smallest of these numbers.

    Parameters:
        due: When the run is due, microseconds since the epoch.
        now: When it is asked for; what is made up for has not waited since then.
        priority: Of its deployment; higher ones go first.
        rank: Of its queue; smaller ones go first.

    Example:
        >>> turn(0, 0, priority=1, rank=1) < turn(0, 0, priority=0, rank=1)
        True
        >>> turn(0, 0, priority=0, rank=2) - turn(0, 0, priority=0, rank=1) == HEAD_START
        True
    """
    return max(due, now) + (rank - 1 - priority) * HEAD_START


class Room:
    """What is under way, and so what of a pool can be taken still.

    Parameters:
        busy: All that is under way.
        pools: What was said of the pools that runs are taken of.
        queues: What was said of their queues.
        backfills: How many runs of a backfill may be under way, by id.
        tags: How many runs with a tag may be under way.

    Example:
        >>> room = Room([], [PoolRow("etl", slots=1)], [], {}, {})
        >>> room.is_full("etl")
        False
        >>> room.take(UnderWay(b"run", b"deployment", "etl", "default", "lane", None, (), b"me"))
        >>> room.is_full("etl")
        True
    """

    def __init__(
        self,
        busy: Iterable[UnderWay],
        pools: Iterable[PoolRow],
        queues: Iterable[QueueRow],
        backfills: Mapping[bytes, int],
        tags: Mapping[str, int],
    ) -> None:
        self._pools = {row.name: row for row in pools}
        self._queues = {(row.pool, row.name): row for row in queues}
        self._backfills = backfills
        self._tags = tags
        self._by_pool: Counter[str] = Counter()
        self._by_queue: Counter[tuple[str, str]] = Counter()
        self._by_backfill: Counter[bytes] = Counter()
        self._by_tag: Counter[str] = Counter()
        self._by_lane: dict[str, list[UnderWay]] = {}
        for entry in busy:
            self.take(entry)

    def is_full(self, pool: str) -> bool:
        """Whether nothing can be taken of a pool."""
        row = self._pools.get(pool) or PoolRow(pool)
        return row.paused or (row.slots is not None and self._by_pool[pool] >= row.slots)

    def take(self, entry: UnderWay) -> None:
        """Count a run as under way."""
        self._by_lane.setdefault(entry.lane, []).append(entry)
        self._by_pool[entry.pool] += 1
        self._by_queue[entry.pool, entry.queue] += 1
        if entry.backfill is not None:
            self._by_backfill[entry.backfill] += 1
        self._by_tag.update(tag for tag in entry.tags if tag in self._tags)

    def in_lane(self, lane: str) -> list[UnderWay]:
        """The runs under way in a lane, the oldest first."""
        return self._by_lane.get(lane, [])

    def closed_queues(self, pool: str) -> set[str]:
        """The queues of a pool that nothing is taken from."""
        return {
            row.name
            for place, row in self._queues.items()
            if row.pool == pool
            and (row.paused or (row.slots is not None and self._by_queue[place] >= row.slots))
        }

    def closed_backfills(self) -> set[bytes]:
        """The backfills of which as many runs are under way as may be."""
        return {
            backfill
            for backfill, slots in self._backfills.items()
            if self._by_backfill[backfill] >= slots
        }

    def is_closed(self, pool: str, queue: str, backfill: bytes | None) -> bool:
        """Whether nothing is taken from a queue, or of a backfill."""
        return queue in self.closed_queues(pool) or backfill in self.closed_backfills()

    def full_tag(self, tags: Iterable[str]) -> str | None:
        """One of the tags with which no more runs may begin."""
        for tag in tags:
            if tag in self._tags and self._by_tag[tag] >= self._tags[tag]:
                return tag
        return None
