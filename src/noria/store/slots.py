"""Concurrency limits and the line of those who want slots, in the store.

Every change ends with `settle`: within the transaction that frees slots, those who are next get
them. So slots pass from hand to hand, and who comes late cannot snatch them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from noria.core.errors import ConcurrencySlotAcquisitionError
from noria.core.slots import (
    Acquired,
    LimitRow,
    LimitUse,
    Pool,
    PoolState,
    Round,
    TicketRow,
    Verdict,
    given_back,
    rescaled,
)
from noria.store.database import Connection
from noria.store.statements import Statements

SLOT = Statements("slot")
PAGE = 16
"""How many places of a line are read at once; mostly the first is the last that matters."""


class Owner(NamedTuple):
    """Whom a ticket belongs to: the process that answers for it, and the one that holds it."""

    process: bytes
    pid: int
    started: int


def limit(connection: Connection, name: str) -> LimitRow | None:
    """One limit."""
    found = connection.execute(SLOT.limit, {"name": name}).fetchone()
    return found and _limit(found)


def limits(connection: Connection, name: str | None = None) -> list[LimitUse]:
    """Limits by name and what is under way below them."""
    found = connection.execute(SLOT.limits, {"name": name})
    return [LimitUse(_limit(row[:6]), *map(int, row[6:])) for row in found.fetchall()]


def set_limit(connection: Connection, row: LimitRow, now: int) -> LimitRow:
    """Make or change a limit, and serve those whom the change serves."""
    before = limit(connection, row.name)
    found = connection.execute(SLOT.set_limit, _facts(row)).fetchall()
    after = _limit(found[0])
    if before is not None and before.decay != after.decay:
        for key, drained in connection.execute(SLOT.drained_pools, {"name": row.name}).fetchall():
            _set_drained(connection, Pool(row.name, key), rescaled(drained, before, after, now))
    settle(connection, _pools_of_limit(connection, row.name), now)
    return after


def delete_limit(connection: Connection, name: str, now: int) -> bool:
    """Delete a limit; who waits for it alone goes on. False when there is none."""
    if not connection.execute(SLOT.delete_limit, {"name": name}).rowcount:
        return False
    settle(connection, _pools_of_limit(connection, name), now)
    return True


def limited(connection: Connection, prefix: str) -> list[str]:
    """The names of active limits that begin with a prefix, without it."""
    facts = {"prefix": prefix, "length": len(prefix)}
    return [name[len(prefix) :] for (name,) in connection.execute(SLOT.limited, facts)]


def limits_of(connection: Connection, prefix: str) -> dict[str, LimitRow]:
    """The active limits that begin with a prefix, by what follows it."""
    found = {name: limit(connection, prefix + name) for name in limited(connection, prefix)}
    return {name: row for name, row in found.items() if row is not None}


def acquire(connection: Connection, ticket: TicketRow, now: int) -> Acquired:
    """Put a ticket in line, and serve it if it is its turn; nothing is kept when there is no such
    limit.

    Raises:
        ConcurrencySlotAcquisitionError: It can never be served; says why.
    """
    known = {pool.name: limit(connection, pool.name) for pool in ticket.pools}
    found = tuple(sorted(name for name, row in known.items() if row is not None))
    if not found:
        return Acquired((), False, None)
    for row in known.values():
        if row is not None and row.active:
            _check(row, ticket)
    pools = [pool for pool in ticket.pools if pool.name in found]
    number = connection.execute(SLOT.next_number).fetchone()[0]
    connection.execute(SLOT.add_ticket, {**_facts(ticket), "number": number})
    for pool in pools:
        claim = {**pool._asdict(), "number": number, "occupy": ticket.occupy}
        connection.execute(SLOT.add_claim, claim)
    due = settle(connection, pools, now)
    return Acquired(found, is_granted(connection, ticket.id) is True, due)


def is_granted(connection: Connection, ticket: bytes) -> bool | None:
    """Whether a ticket has its slots; None when there is no such ticket any more."""
    row = get(connection, ticket)
    return None if row is None else row.granted is not None


def release(connection: Connection, ids: Iterable[bytes], now: int) -> int:
    """Take tickets back, whether they wait or hold, and serve who is next.

    Returns:
        How many there were.
    """
    freed: set[Pool] = set()
    gone = 0
    for ticket in ids:
        row = get(connection, ticket)
        if row is not None:
            _give_back(connection, row, now)
            freed.update(row.pools)
            gone += 1
    settle(connection, freed, now)
    return gone


def get(connection: Connection, ticket: bytes) -> TicketRow | None:
    """One ticket."""
    found = connection.execute(SLOT.ticket, {"id": ticket}).fetchone()
    return found and _ticket(connection, found)


def tickets(connection: Connection, name: str | None) -> list[TicketRow]:
    """Tickets in order of arrival: all, or those of a limit."""
    found = connection.execute(SLOT.tickets, {"name": name}).fetchall()
    return [_ticket(connection, row) for row in found]


def granted(connection: Connection, process: bytes, pid: int) -> list[bytes]:
    """The tickets of a process that have their slots."""
    found = connection.execute(SLOT.granted, {"process": process, "pid": pid}).fetchall()
    return [ticket for (ticket,) in found]


def owners(connection: Connection) -> list[Owner]:
    """Whom tickets belong to."""
    return [Owner._make(row) for row in connection.execute(SLOT.owners)]


def tickets_of(connection: Connection, owner: Owner) -> list[bytes]:
    """The tickets of one of them."""
    found = connection.execute(SLOT.tickets_of_owner, owner._asdict()).fetchall()
    return [ticket for (ticket,) in found]


def of_process(connection: Connection, process: bytes, pid: int | None = None) -> list[bytes]:
    """The tickets that a process answers for; with a pid only those that this one holds."""
    found = connection.execute(SLOT.of_process, {"process": process, "pid": pid}).fetchall()
    return [ticket for (ticket,) in found]


def waiting_pools(connection: Connection) -> list[Pool]:
    """The pools that somebody waits for."""
    return [Pool._make(row) for row in connection.execute(SLOT.waiting_pools).fetchall()]


def settle(connection: Connection, pools: Iterable[Pool], now: int) -> int | None:
    """Serve who is next in these pools, and in those that this in turn concerns.

    Returns:
        When time alone will have made room for somebody; None when only a holder can.
    """
    dues: list[int] = []
    concerned = set(pools)
    while concerned:
        along = _Along(connection, concerned, now)
        along.go()
        if along.due is not None:
            dues.append(along.due)
        # Who has left the line of another pool may have been the first there.
        concerned = along.left - concerned
    return min(dues, default=None)


class _Along:
    """One round along the line of some pools."""

    def __init__(self, connection: Connection, pools: set[Pool], now: int) -> None:
        self._connection = connection
        self._pools = pools
        self._now = now
        self._round = Round(pools, self._state, self._stands_before, now)
        self.left: set[Pool] = set()
        """Pools whose line somebody has left."""

    @property
    def due(self) -> int | None:
        """When time alone will have made room."""
        return self._round.due

    def go(self) -> None:
        """Consider those in line, as long as somebody may be served."""
        last = 0
        for last in _line(self._connection, self._pools):
            self._consider(last)
            if self._round.closed:
                break
        for (number,) in self._connection.execute(SLOT.nested_waiting).fetchall():
            if number > last:
                self._consider(number)

    def _consider(self, number: int) -> None:
        found = self._connection.execute(SLOT.ticket_by_number, {"number": number}).fetchone()
        row = _ticket(self._connection, found)
        verdict = self._round.consider(row)
        if verdict is Verdict.WAITS:
            return
        self.left.update(row.pools)
        if verdict is Verdict.IMPOSSIBLE:
            # The limit was lowered. Who waits asks again, and is told.
            _delete(self._connection, number)
            return
        facts = {"number": number, "now": self._now}
        self._connection.execute(SLOT.grant_ticket, facts)
        self._connection.execute(SLOT.grant_claims, facts)
        for pool in row.pools:
            state = self._round.state(pool)
            if state.decays:
                self._connection.execute(SLOT.forget_drained, {"now": self._now})
                _set_drained(self._connection, pool, state.drained)

    def _state(self, pool: Pool) -> PoolState:
        facts = pool._asdict()
        used = int(self._connection.execute(SLOT.used, facts).fetchone()[0])
        return PoolState(limit(self._connection, pool.name), used, _drained(self._connection, pool))

    def _stands_before(self, pool: Pool, number: int) -> bool:
        facts = {**pool._asdict(), "number": number}
        return bool(self._connection.execute(SLOT.stands_before, facts).fetchone()[0])


def _line(connection: Connection, pools: Iterable[Pool]) -> Iterator[int]:
    """The places of those who wait in any of the pools, in order, each once."""
    before = 0
    for number in heapq.merge(*(_line_of(connection, pool) for pool in pools)):
        if number != before:
            yield number
        before = number


def _line_of(connection: Connection, pool: Pool) -> Iterator[int]:
    facts = {**pool._asdict(), "after": 0, "limit": PAGE}
    while page := connection.execute(SLOT.line, facts).fetchall():
        for (number,) in page:
            yield number
        facts["after"] = page[-1][0]


def _check(row: LimitRow, ticket: TicketRow) -> None:
    if ticket.occupy > row.slots:
        raise ConcurrencySlotAcquisitionError(
            f"{ticket.occupy} slots of limit {row.name!r} were asked for, and it has {row.slots}. "
            f"Ask for fewer, or raise it: noria limit set {row.name} {ticket.occupy}"
        )
    if ticket.rate and row.decay <= 0:
        raise ConcurrencySlotAcquisitionError(
            f"Limit {row.name!r} cannot limit a rate, since its slots do not decay. Give it a "
            f"decay (noria limit set {row.name} {row.slots} --decay 1), or use `concurrency`."
        )


def _give_back(connection: Connection, row: TicketRow, now: int) -> None:
    _delete(connection, row.number)
    if row.granted is None or row.rate:
        return
    for pool in row.pools:
        found = limit(connection, pool.name)
        drained = _drained(connection, pool)
        if found is not None and found.decay > 0 and drained > now:
            drained = given_back(found, drained, row.occupy, row.granted, now)
            _set_drained(connection, pool, drained)


def _delete(connection: Connection, number: int) -> None:
    connection.execute(SLOT.delete_ticket, {"number": number})
    connection.execute(SLOT.delete_claims, {"number": number})


def _drained(connection: Connection, pool: Pool) -> int:
    found = connection.execute(SLOT.drained, pool._asdict()).fetchone()
    return 0 if found is None else int(found[0])


def _set_drained(connection: Connection, pool: Pool, drained: int) -> None:
    connection.execute(SLOT.set_drained, {**pool._asdict(), "drained": drained})


def _pools_of_limit(connection: Connection, name: str) -> list[Pool]:
    found = connection.execute(SLOT.pools_of_limit, {"name": name}).fetchall()
    return [Pool._make(row) for row in found]


def _facts(row: LimitRow | TicketRow) -> dict[str, Any]:
    """A row as it is stored: truth values are numbers there."""
    facts = {
        name: int(value) if value is True or value is False else value
        for name, value in row._asdict().items()
    }
    facts.pop("pools", None)
    return facts


def _limit(row: tuple[str, int, int, float, int, int]) -> LimitRow:
    name, slots, active, decay, created, updated = row
    return LimitRow(name, slots, bool(active), float(decay), created, updated)


def _ticket(connection: Connection, row: Any) -> TicketRow:
    *facts, number = row
    ticket, process, pid, started, occupy, rate, nested, holder, arrived, granted = facts
    claims = connection.execute(SLOT.claims, {"number": number}).fetchall()
    pools = tuple(Pool._make(claim) for claim in claims)
    return TicketRow(
        ticket,
        process,
        pid,
        started,
        pools,
        occupy,
        bool(rate),
        bool(nested),
        holder,
        arrived,
        granted,
        number,
    )
