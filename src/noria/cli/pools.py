"""Pools as they are printed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from noria.backend.pools_port import PoolUse
from noria.backend.port import Backend
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Listing, Record
from noria.cli.timefmt import iso
from noria.core.pools import (
    DEFAULT_POOL,
    LONGEST_NAME,
    SERVED,
    PoolRow,
    PoolStatus,
    name_fault,
    status_of,
    takes,
)

MOST_SLOTS = 2**31 - 1
STYLES = {
    PoolStatus.READY: "ok",
    PoolStatus.PAUSED: "warn",
    PoolStatus.FULL: "warn",
    PoolStatus.NOT_READY: "fail",
}


def status(use: PoolUse) -> PoolStatus:
    """Whether runs are taken of a pool."""
    return status_of(use.pool, use.under_way, use.workers)


def reason(use: PoolUse) -> str:
    """Why nothing is taken of a pool, and what to do; empty when something is."""
    name = shlex.quote(use.pool.name)
    match status(use):
        case PoolStatus.PAUSED:
            return f"it is paused; noria pool resume {name} lets it go on"
        case PoolStatus.FULL if use.pool.slots == 0:
            return "its limit is 0"
        case PoolStatus.FULL:
            return f"as many runs are under way as its limit of {use.pool.slots} lets be"
        case PoolStatus.NOT_READY if use.pool.name.startswith(SERVED):
            return "the script that serves the deployment does not run"
        case PoolStatus.NOT_READY:
            return f"no worker takes runs of it; noria worker start --pool {name} is one"
    return ""


def record(use: PoolUse) -> Record:
    """A pool for programs."""
    row = use.pool
    return {
        "id": row.name,
        "name": row.name,
        "type": row.type,
        "description": row.description,
        "status": status(use).value,
        "reason": reason(use) or None,
        "paused": row.paused,
        "concurrency_limit": row.slots,
        "under_way": use.under_way,
        "waiting": use.waiting,
        "worker_count": use.workers,
        "deployment_count": use.deployments,
        "created": iso(row.created) if row.created else None,
        "updated": iso(row.updated) if row.updated else None,
    }


def columns() -> Sequence[Column[PoolUse]]:
    """Name, whether runs are taken, how many at once, what happens, what it is for."""
    return (
        Column("name", "POOL", lambda use: use.pool.name, shrinks=True),
        Column("status", "STATUS", lambda use: status(use).value, lambda use: STYLES[status(use)]),
        Column("concurrency_limit", "LIMIT", lambda use: limit_text(use.pool.slots), right=True),
        Column("under_way", "UNDER WAY", lambda use: str(use.under_way), right=True),
        Column("waiting", "WAITING", lambda use: str(use.waiting), right=True),
        Column("worker_count", "WORKERS", lambda use: str(use.workers), right=True),
        Column("deployment_count", "DEPLOYMENTS", lambda use: str(use.deployments), right=True),
        Column("description", "ABOUT", lambda use: use.pool.description or "", shrinks=True),
    )


def listing(uses: Sequence[PoolUse]) -> Listing[PoolUse]:
    """Pools as they are printed."""
    return Listing(uses, record, columns())


def limit_text(slots: int | None) -> str:
    """How many may be under way at once, as people read it."""
    return "none" if slots is None else str(slots)


def find_pool(backend: Backend, name: str, now: int) -> PoolUse:
    """The pool of a name; the default one is always there.

    Raises:
        CliError: Nobody has ever spoken of it; with what may have been meant.
    """
    known = {use.pool.name: use for use in backend.pools(now)}
    if name in known:
        return known[name]
    if name == DEFAULT_POOL:
        workers = [each for each in backend.workers(now) if each.lives]
        return PoolUse(PoolRow(name), 0, sum(takes(each.worker, name) for each in workers), 0, 0)
    quoted = shlex.quote(name)
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no pool {name}",
        did_you_mean(name, known) or did_you_mean(name, [DEFAULT_POOL]),
        f"list them: noria pool ls\nmake it: noria pool set {quoted}",
    )


def check_name(kind: str, name: str) -> None:
    """That a pool or a queue may have a name.

    Raises:
        CliError: It may not; says why.
    """
    if fault := name_fault(name):
        raise CliError(
            Code.USAGE,
            f"a {kind} cannot have the name {name[:40]!r}",
            fault,
            f"expected 1 to {LONGEST_NAME} printable signs without '/'",
        )


def changed_limit(limit: int | None, no_limit: bool, before: int | None) -> int | None:
    """The limit after `--limit` and `--no-limit`.

    Raises:
        CliError: Both were given.
    """
    if limit is not None and no_limit:
        raise CliError(
            Code.USAGE, "--limit and --no-limit say opposite things", "", "give one of them"
        )
    return None if no_limit else before if limit is None else limit


def changed_description(text: str | None, before: str | None) -> str | None:
    """The description after `--description`; an empty one takes it away.

    Raises:
        CliError: It is no text.
    """
    if text is None:
        return before
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CliError(
            Code.USAGE, "--description holds bytes that are no text", "expected UTF-8"
        ) from None
    return text or None
