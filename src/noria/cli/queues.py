"""Queues of pools as they are printed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from noria.backend.pools_port import QueueUse
from noria.backend.port import Backend
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Listing, Record
from noria.cli.pools import STYLES, find_pool, limit_text
from noria.cli.timefmt import iso
from noria.core.deployments import from_record
from noria.core.jsontext import from_json
from noria.core.pools import DEFAULT_QUEUE, PoolStatus, QueueRow, status_of


def status(use: QueueUse) -> PoolStatus:
    """Whether runs are taken of a queue, as far as it is up to the queue."""
    return status_of(use.queue, use.under_way, workers=1)


def is_closed(use: QueueUse) -> bool:
    """Whether a queue is paused or full."""
    return status(use) is not PoolStatus.READY


def record(use: QueueUse) -> Record:
    """A queue for programs."""
    row = use.queue
    return {
        "id": f"{row.pool}/{row.name}",
        "pool": row.pool,
        "name": row.name,
        "description": row.description,
        "rank": row.rank,
        "status": status(use).value,
        "paused": row.paused,
        "concurrency_limit": row.slots,
        "under_way": use.under_way,
        "waiting": use.waiting,
        "created": iso(row.created) if row.created else None,
        "updated": iso(row.updated) if row.updated else None,
    }


def columns() -> Sequence[Column[QueueUse]]:
    """Pool, name, rank, whether runs are taken, how many at once, what happens."""
    return (
        Column("pool", "POOL", lambda use: use.queue.pool, shrinks=True),
        Column("name", "QUEUE", lambda use: use.queue.name, shrinks=True),
        Column("rank", "RANK", lambda use: str(use.queue.rank), right=True),
        Column("status", "STATUS", lambda use: status(use).value, lambda use: STYLES[status(use)]),
        Column("concurrency_limit", "LIMIT", lambda use: limit_text(use.queue.slots), right=True),
        Column("under_way", "UNDER WAY", lambda use: str(use.under_way), right=True),
        Column("waiting", "WAITING", lambda use: str(use.waiting), right=True),
        Column("description", "ABOUT", lambda use: use.queue.description or "", shrinks=True),
    )


def listing(uses: Sequence[QueueUse]) -> Listing[QueueUse]:
    """Queues as they are printed."""
    return Listing(uses, record, columns())


def queues_of(backend: Backend, pool: str, now: int) -> list[QueueUse]:
    """The queues of a pool in the order of their rank, with those that only deployments name."""
    found = {use.queue.name: use for use in backend.queues(pool, now)}
    for row in backend.deployments():
        if row.pool == pool:
            name = from_record(from_json(row.spec)).queue or DEFAULT_QUEUE
            found.setdefault(name, QueueUse(QueueRow(pool, name), 0, 0))
    return sorted(found.values(), key=lambda use: (use.queue.rank, use.queue.name))


def find_queue(backend: Backend, pool: str, name: str, now: int) -> QueueUse:
    """The queue of a name; the default one is always there.

    Raises:
        CliError: Nobody has ever spoken of it, or of the pool; with what may have been meant.
    """
    find_pool(backend, pool, now)
    known = {use.queue.name: use for use in queues_of(backend, pool, now)}
    if name in known:
        return known[name]
    if name == DEFAULT_QUEUE:
        return QueueUse(QueueRow(pool, name), 0, 0)
    place = shlex.quote(pool)
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"pool {pool} has no queue {name}",
        did_you_mean(name, known) or did_you_mean(name, [DEFAULT_QUEUE]),
        f"list them: noria queue ls {place}\nmake it: noria queue set {place} {shlex.quote(name)}",
    )
