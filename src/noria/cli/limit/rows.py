"""Limits and tickets as they are printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from noria.backend.port import Backend
from noria.cli import records
from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Record
from noria.cli.timefmt import ago, iso, moment
from noria.core import clock, ids
from noria.core.pools import RUN_TAG_PREFIX
from noria.core.slots import TAG_PREFIX, LimitUse, Pool, TicketRow


class Claim(NamedTuple):
    """What one ticket holds or wants of one pool."""

    pool: Pool
    ticket: TicketRow


def full_name(name: str, tag: bool, run_tag: bool = False) -> str:
    """The name of a limit; that of a tag has a prefix."""
    if run_tag:
        return RUN_TAG_PREFIX + name
    return TAG_PREFIX + name if tag else name


def record(use: LimitUse) -> Record:
    """A limit for programs."""
    row = use.limit
    return {
        "id": row.name,
        "name": row.name,
        "slots": row.slots,
        "active": row.active,
        "decay": row.decay,
        "held": use.held,
        "waiting": use.waiting,
        "keys": use.keys,
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def columns(app: App) -> Sequence[Column[LimitUse]]:
    """Name, slots, how many are held, who waits, what is particular, when it was set."""
    now = clock.now()

    def updated(use: LimitUse) -> str:
        time = use.limit.updated
        return moment(time, app.utc) if app.utc else ago(time, now)

    return (
        Column("name", "LIMIT", lambda use: use.limit.name),
        Column("slots", "SLOTS", lambda use: str(use.limit.slots), right=True),
        Column("held", "HELD", lambda use: str(use.held), right=True),
        Column("waiting", "WAITING", lambda use: str(use.waiting), right=True),
        Column("decay", "REMARKS", _remarks),
        Column("active"),
        Column("keys"),
        Column("updated", "SET", updated),
    )


def _remarks(use: LimitUse) -> str:
    remarks = []
    if not use.limit.active:
        remarks.append("inactive")
    if use.limit.decay:
        remarks.append(f"{use.limit.decay:g} slots/s come free")
    if use.keys:
        remarks.append(f"{use.keys} key{'s' if use.keys > 1 else ''}")
    return ", ".join(remarks)


def claims(tickets: Sequence[TicketRow], name: str | None) -> Iterator[Claim]:
    """What tickets hold or want, in order of arrival."""
    for ticket in tickets:
        for pool in ticket.pools:
            if name in (None, pool.name):
                yield Claim(pool, ticket)


def claim_record(claim: Claim) -> Record:
    """A claim for programs."""
    pool, ticket = claim
    return {
        "id": ids.to_text(ticket.id),
        "limit": pool.name,
        "key": pool.key or None,
        "slots": ticket.occupy,
        "granted": None if ticket.granted is None else iso(ticket.granted),
        "arrived": iso(ticket.arrived),
        "holder": records.parsed(ticket.holder, None),
        "pid": ticket.pid,
    }


def claim_columns(app: App) -> Sequence[Column[Claim]]:
    """Limit, key, slots, whether they are held or waited for, since when, by whom."""
    now = clock.now()

    def since(claim: Claim) -> str:
        time = claim.ticket.arrived if claim.ticket.granted is None else claim.ticket.granted
        return moment(time, app.utc) if app.utc else ago(time, now)

    return (
        Column("limit", "LIMIT", lambda claim: claim.pool.name),
        Column("key", "KEY", lambda claim: claim.pool.key, shrinks=True),
        Column("slots", "SLOTS", lambda claim: str(claim.ticket.occupy), right=True),
        Column("granted", "", lambda claim: "waits" if claim.ticket.granted is None else "holds"),
        Column("arrived", "SINCE", since),
        Column("holder", "WHO", _who, shrinks=True),
        Column("pid", "PID", lambda claim: str(claim.ticket.pid), right=True),
    )


def _who(claim: Claim) -> str:
    facts = records.parsed(claim.ticket.holder, None) or {}
    kind = str(facts.get("type", "")).replace("_", " ")
    return f"{kind} {facts.get('name') or facts.get('id') or ''}".strip()


def find_limit(backend: Backend, name: str) -> LimitUse:
    """The limit of a name.

    Raises:
        CliError: There is none; with what may have been meant.
    """
    found = backend.limits(name)
    if found:
        return found[0]
    known = [use.limit.name for use in backend.limits()]
    meant = did_you_mean(name, known)
    for prefix, option in ((TAG_PREFIX, "--tag"), (RUN_TAG_PREFIX, "--run-tag")):
        if prefix + name in known:
            meant = f"there is one of the tag {name}: add {option}"
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no limit {name}",
        meant or ("" if known else "there are no limits at all"),
        "list them: noria limit ls" if known else f"make it: noria limit set {name} SLOTS",
    )
