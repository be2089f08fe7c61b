"""Concurrency limits over a store in this process."""

from __future__ import annotations

from collections import Counter

from noria.backend.processes import boot_id, host_name, is_alive, start_time
from noria.core.pools import RUN_TAG_PREFIX
from noria.core.slots import TAG_PREFIX, Acquired, LimitRow, LimitUse, Pool, TicketRow
from noria.store import processes, slots, values, work
from noria.store.database import Connection, Database
from noria.store.slots import Owner


class LocalSlots:
    """The part of the port that is about concurrency limits; see `noria.backend.port.Slots`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slot_writes = 0
        self._limited_tags: frozenset[str] | None = None
        self._heard = -1

    def limits(self, name: str | None = None) -> list[LimitUse]:
        with self._database.read() as connection:
            found = slots.limits(connection, values.mended(name))
            if not any(use.limit.name.startswith(RUN_TAG_PREFIX) for use in found):
                return found
            busy = Counter(
                RUN_TAG_PREFIX + tag for entry in work.under_way(connection) for tag in entry.tags
            )
        # Runs of deployments hold no tickets: they are under way, or not.
        return [use._replace(held=use.held + busy[use.limit.name]) for use in found]

    def set_limit(self, row: LimitRow, now: int) -> LimitRow:
        row = row._replace(name=values.mended(row.name))
        with self._database.write() as connection:
            after = slots.set_limit(connection, row, now)
        self._have_written()
        return after

    def delete_limit(self, name: str, now: int) -> bool:
        with self._database.write() as connection:
            there_was = slots.delete_limit(connection, values.mended(name), now)
        self._have_written()
        return there_was

    def limited_tags(self) -> frozenset[str]:
        tags = self._limited_tags
        if tags is None:
            heard, written = self._heard, self._slot_writes
            with self._database.read() as connection:
                tags = frozenset(slots.limited(connection, TAG_PREFIX))
            if (heard, written) == (self._heard, self._slot_writes):
                self._limited_tags = tags
        return tags

    def acquire_slots(self, ticket: TicketRow, now: int) -> Acquired:
        pools = tuple(Pool(*map(values.mended, pool)) for pool in ticket.pools)
        ticket = ticket._replace(pools=pools, holder=values.mended(ticket.holder))
        with self._database.write() as connection:
            acquired = slots.acquire(connection, ticket, now)
            if acquired.found and not acquired.granted and _bury(connection, now):
                granted = slots.is_granted(connection, ticket.id) is True
                acquired = acquired._replace(granted=granted)
        if acquired.found:
            # Others in line may have been served on the way.
            self._slot_writes += 1
        return acquired

    def granted_slots(self, process: bytes, pid: int) -> list[bytes]:
        with self._database.read() as connection:
            return slots.granted(connection, process, pid)

    def slots_of(self, process: bytes, pid: int) -> list[bytes]:
        with self._database.read() as connection:
            return slots.of_process(connection, process, pid)

    def withdraw_slots(self, ticket: bytes, now: int) -> bool:
        with self._database.write() as connection:
            if slots.is_granted(connection, ticket):
                return True
            slots.release(connection, [ticket], now)
        self._slot_writes += 1
        return False

    def release_slots(self, ticket: bytes, now: int) -> bool:
        with self._database.write() as connection:
            gone = slots.release(connection, [ticket], now)
        self._slot_writes += 1
        return gone > 0

    def settle_slots(self, now: int) -> int | None:
        with self._database.read() as connection:
            idle = not slots.waiting_pools(connection) and not _dead(connection, now)
        if idle:
            return None
        with self._database.write() as connection:
            _bury(connection, now)
            due = slots.settle(connection, slots.waiting_pools(connection), now)
        self._slot_writes += 1
        return due

    def slot_tickets(self, name: str | None = None) -> list[TicketRow]:
        with self._database.read() as connection:
            return slots.tickets(connection, values.mended(name))

    def slots_stamp(self) -> tuple[int, int]:
        return self._database.change_counter(), self._slot_writes

    def release_slots_of(self, process: bytes, now: int) -> None:
        """Take back what a process that has ended still held."""
        with self._database.read() as connection:
            left = slots.of_process(connection, process)
        if left:
            with self._database.write() as connection:
                slots.release(connection, left, now)
            self._slot_writes += 1

    def release_slots_of_the_dead(self, now: int) -> None:
        """Take back the tickets of processes that have died."""
        with self._database.read() as connection:
            dead = _dead(connection, now)
        if dead:
            with self._database.write() as connection:
                _bury(connection, now)
            self._slot_writes += 1

    def hear_of_limits(self, number: int) -> None:
        """Another process may have changed the limits: what is known of them is read again."""
        if number != self._heard:
            self._heard = number
            self._limited_tags = None

    def _have_written(self) -> None:
        self._slot_writes += 1
        self._limited_tags = None


def _bury(connection: Connection, now: int) -> int:
    """Take back the tickets of the dead; returns how many there were."""
    left = [
        ticket for owner in _dead(connection, now) for ticket in slots.tickets_of(connection, owner)
    ]
    return slots.release(connection, left, now)


def _dead(connection: Connection, now: int) -> list[Owner]:
    return [owner for owner in slots.owners(connection) if not _lives(connection, owner, now)]


def _lives(connection: Connection, owner: Owner, now: int) -> bool:
    process = processes.get(connection, owner.process)
    if process is None or not is_alive(process, now):
        return False
    here = (process.host, process.boot) == (host_name(), boot_id())
    # Of what a process of another host has started, that process takes care.
    return not here or not owner.started or start_time(owner.pid) == owner.started
