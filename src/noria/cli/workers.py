"""Workers as they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from noria.backend.pools_port import WorkerUse
from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.errors import did_you_mean
from noria.cli.output import Column, Record
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import ago, iso, moment
from noria.core import clock
from noria.core.ids import to_text
from noria.core.pools import SERVED, takes

_STYLES = {"alive": "ok", "ended": "dim", "gone": "fail"}


def record(use: WorkerUse) -> Record:
    """A worker for programs."""
    worker, process = use.worker, use.process
    return {
        "id": to_text(worker.process),
        "name": worker.name,
        "pools": None if worker.pools is None else list(worker.pools),
        "alive": use.lives,
        "concurrency_limit": worker.slots,
        "under_way": use.under_way,
        "host": process.host,
        "pid": process.pid,
        "since": iso(worker.created),
        "last_beat": iso(process.beat),
        "ended": None if process.ended is None else iso(process.ended),
    }


def columns(app: App) -> Sequence[Column[WorkerUse]]:
    """Name, pools, whether it lives, how many runs at once, where it runs, since when."""
    now = clock.now()

    def when(time: int) -> str:
        return moment(time, app.utc) if app.utc else ago(time, now)

    return (
        Column("name", "WORKER", lambda use: use.worker.name, shrinks=True),
        Column("pools", "POOLS", _pools, shrinks=True),
        Column("alive", "STATE", _state, lambda use: _STYLES[_state(use)]),
        Column("concurrency_limit", "LIMIT", _limit, right=True),
        Column("under_way", "UNDER WAY", lambda use: str(use.under_way), right=True),
        Column("host", "HOST", lambda use: use.process.host, shrinks=True),
        Column("pid", "PID", lambda use: str(use.process.pid), right=True),
        Column("since", "SINCE", lambda use: when(use.worker.created)),
        Column("last_beat", "LAST BEAT", lambda use: when(use.process.beat)),
    )


def _state(use: WorkerUse) -> str:
    """Who was told to stop has ended; who left without a word is gone."""
    return "alive" if use.lives else "gone" if use.process.ended is None else "ended"


def _pools(use: WorkerUse) -> str:
    return "all" if use.worker.pools is None else ", ".join(use.worker.pools)


def _limit(use: WorkerUse) -> str:
    return "none" if use.worker.slots is None else str(use.worker.slots)


def workers_of(backend: Backend, pool: str | None, now: int) -> list[WorkerUse]:
    """The workers that take runs of a pool, or of any: those that live, then those that are gone
    and were not forgotten."""
    found = [use for use in backend.workers(now) if pool is None or takes(use.worker, pool)]
    return sorted(found, key=lambda use: not use.lives)


def note_unused(app: App, pools: Iterable[str]) -> None:
    """Say of pools that no deployment names them: a worker of a misspelt one waits in vain."""
    used = {use.pool.name for use in backend_of(app).pools(clock.now()) if use.deployments}
    named = sorted(name for name in used if not name.startswith(SERVED))
    for pool in pools:
        if pool not in used and not pool.startswith(SERVED):
            others = f"they leave theirs in {', '.join(named)}" if named else ""
            hint = did_you_mean(pool, named) or others
            app.note(
                clean(f"No deployment leaves runs in pool {pool} yet{f'; {hint}' if hint else ''}")
            )
