"""Concurrency limits: what is limited, who waits in line, and who is next.

Slots are given out in order of arrival. A ticket asks for slots of one or several pools and is
given all of them at once or none, so that nobody who waits holds a part of what another waits for.
Whoever cannot be served yet keeps the later ones from overtaking in all its pools; otherwise a
ticket of several pools might wait for ever. Only who holds slots already does not stand behind the
line: those in front may be waiting for what it holds.

Pure: `noria.store.slots` reads the pools and the line, and writes what is decided here.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Collection
from typing import NamedTuple

TAG_PREFIX = "tag:"
"""The limit of this and a tag's name holds for task runs with that tag."""
SECOND = 1_000_000


class Pool(NamedTuple):
    """Slots that are counted together: those of a limit, or of one key of it."""

    name: str
    key: str = ""
    """Empty for the limit itself."""


class LimitRow(NamedTuple):
    """A limit as it is stored."""

    name: str
    slots: int
    active: bool
    """Whether it holds; nobody waits for one that does not."""
    decay: float
    """Slots that come free each second by themselves; 0 when only their holders free them."""
    created: int
    updated: int


class LimitUse(NamedTuple):
    """A limit and what is under way below it."""

    limit: LimitRow
    held: int
    """Slots that are taken, over all keys."""
    waiting: int
    """Tickets that wait."""
    keys: int
    """Keys that are in use."""


class TicketRow(NamedTuple):
    """A wish for slots, and once it is granted the slots."""

    id: bytes
    process: bytes
    """The process that answers for it, as the store knows it."""
    pid: int
    """The process that holds it, which that one may have started."""
    started: int
    """Start time of the pid in the host's own ticks; 0 when nobody can tell."""
    pools: tuple[Pool, ...]
    occupy: int
    """How many slots of each pool."""
    rate: bool
    """Whether the slots are not given back but decay."""
    nested: bool
    """Whether it was drawn by who holds slots already."""
    holder: str | None
    """JSON object of texts: type, id and name of the run."""
    arrived: int
    granted: int | None = None
    number: int = 0
    """The place in the order of arrival, given by the store."""


class Acquired(NamedTuple):
    """What has become of a wish for slots."""

    found: tuple[str, ...]
    """The limits that exist, of those named."""
    granted: bool
    due: int | None
    """When the line is to be looked at again, for limits that decay."""


class Verdict(enum.Enum):
    """What is decided of a ticket."""

    GRANTED = "granted"
    WAITS = "waits"
    IMPOSSIBLE = "impossible"
    """It asks for more than the limit has."""


class PoolState:
    """How full a pool is.

    Parameters:
        limit: Its limit; None when there is none any more.
        used: Slots that are held.
        drained: When all slots taken so far have decayed.
    """

    def __init__(self, limit: LimitRow | None, used: int, drained: int) -> None:
        self.limit = limit if limit is not None and limit.active else None
        self.used = used
        self.drained = drained

    @property
    def decays(self) -> bool:
        """Whether slots come free by themselves."""
        return self.limit is not None and self.limit.decay > 0

    def refuses(self, occupy: int) -> bool:
        """Whether so many slots will never be free."""
        return self.limit is not None and occupy > self.limit.slots

    def room_at(self, occupy: int, now: int) -> int | None:
        """When there is room; None when that is for the holders to say."""
        limit = self.limit
        if limit is None:
            return now
        if limit.decay > 0:
            each = slot_time(limit)
            # However the clock was set: after so long a full pool has room.
            drained = min(self.drained, now + limit.slots * each)
            return max(now, drained - (limit.slots - occupy) * each)
        return now if self.used + occupy <= limit.slots else None

    def take(self, occupy: int, now: int) -> None:
        """Take slots that are free."""
        self.used += occupy
        if self.limit is not None and self.limit.decay > 0:
            each = slot_time(self.limit)
            full = now + self.limit.slots * each
            self.drained = min(max(now, self.drained) + occupy * each, full)


def slot_time(limit: LimitRow) -> int:
    """Microseconds in which one slot of a limit decays."""
    return math.ceil(SECOND / limit.decay)


def given_back(limit: LimitRow, drained: int, occupy: int, granted: int, now: int) -> int:
    """When all slots will have decayed after some are given back before they did.

    What has decayed meanwhile is not given back a second time.
    """
    left = occupy * slot_time(limit) - max(0, now - granted)
    return drained - max(0, left)


def rescaled(drained: int, before: LimitRow, after: LimitRow, now: int) -> int:
    """When as many slots as are taken will have decayed at another rate."""
    if before.decay <= 0 or after.decay <= 0 or drained <= now:
        return drained
    return now + math.ceil((drained - now) * slot_time(after) / slot_time(before))


class Round:
    """One round along the line of some pools; tickets are considered in order of arrival.

    Parameters:
        pools: The pools whose whole line is gone along.
        state_of: How full a pool is; asked once of each.
        stands_before: Whether a ticket waits in a pool before this number; asked of other pools.
        now: Microseconds since the epoch.
    """

    def __init__(
        self,
        pools: Collection[Pool],
        state_of: Callable[[Pool], PoolState],
        stands_before: Callable[[Pool, int], bool],
        now: int,
    ) -> None:
        self._pools = frozenset(pools)
        self._state_of = state_of
        self._stands_before = stands_before
        self._now = now
        self._held_back: set[Pool] = set()
        self.states: dict[Pool, PoolState] = {}
        self.due: int | None = None
        """When time alone will have made room for somebody."""

    @property
    def closed(self) -> bool:
        """Whether only those who hold slots already can still be granted more."""
        return self._pools <= self._held_back

    def state(self, pool: Pool) -> PoolState:
        """How full a pool is by now."""
        found = self.states.get(pool)
        if found is None:
            found = self.states[pool] = self._state_of(pool)
        return found

    def consider(self, ticket: TicketRow) -> Verdict:
        """Decide on the next ticket; what is granted counts as taken for those that follow."""
        occupy, now = ticket.occupy, self._now
        states = {pool: self.state(pool) for pool in ticket.pools}
        if any(state.refuses(occupy) for state in states.values()):
            return Verdict.IMPOSSIBLE
        limited = [pool for pool, state in states.items() if state.limit is not None]
        if not ticket.nested and any(self._is_held_back(pool, ticket) for pool in limited):
            self._held_back.update(limited)
            return Verdict.WAITS
        times = [state.room_at(occupy, now) for state in states.values()]
        known = [time for time in times if time is not None]
        if len(known) == len(times):
            latest = max(known, default=now)
            if latest <= now:
                for state in states.values():
                    state.take(occupy, now)
                return Verdict.GRANTED
            self.due = latest if self.due is None else min(self.due, latest)
        self._held_back.update(limited)
        return Verdict.WAITS

    def _is_held_back(self, pool: Pool, ticket: TicketRow) -> bool:
        if pool in self._held_back:
            return True
        return pool not in self._pools and self._stands_before(pool, ticket.number)
