"""`noria pool show`: one pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import click

from noria.backend.pools_port import PoolUse, QueueUse, WorkerUse
from noria.cli import queues as queue_rows
from noria.cli import workers as worker_rows
from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import full_name
from noria.cli.output import Column, emit_object, table
from noria.cli.pools import find_pool, limit_text, reason, record, status
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.core import clock
from noria.core.pools import PoolStatus

T = TypeVar("T")
INDENT = "  "
SHOWN = 5
"""How many deployments people are told of by name."""


@click.command()
@click.argument("name")
@output_options
@pass_app
def show(app: App, name: str) -> None:
    """Show a pool, its queues and workers.

    And when nothing is taken of it, why.
    """
    backend, now = backend_of(app), clock.now()
    use = find_pool(backend, name, now)
    queues = queue_rows.queues_of(backend, name, now)
    workers = worker_rows.workers_of(backend, name, now)
    deployments = [full_name(row) for row in backend.deployments() if row.pool == name]
    why = _why(use, queues, workers)
    if app.for_people:
        _say(app, use, _facts(use, deployments, why))
        _say_table(app, queues, queue_rows.columns()[1:])
        _say_table(app, workers, worker_rows.columns(app))
        return
    more = {
        "reason": why or None,
        "queues": [queue_rows.record(each) for each in queues],
        "workers": [worker_rows.record(each) for each in workers],
        "deployments": deployments,
    }
    emit_object(app, record(use) | more)


def _say(app: App, use: PoolUse, facts: dict[str, str]) -> None:
    space = max(map(len, facts))
    app.say(clean(use.pool.name))
    for title, text in facts.items():
        if text:
            app.say(f"  {app.paint(f'{title:<{space}}', 'dim')}  {clean(text)}")


def _say_table(app: App, rows: Sequence[T], columns: Sequence[Column[T]]) -> None:
    if rows:
        app.say()
    for line in table(rows, columns, app.columns - len(INDENT), app.paint):
        app.say(INDENT + line)


def _facts(use: PoolUse, deployments: Sequence[str], why: str) -> dict[str, str]:
    named = list(deployments[:SHOWN])
    if len(deployments) > SHOWN:
        named.append(f"and {len(deployments) - SHOWN} more")
    return {
        "about": use.pool.description or "",
        "type": use.pool.type,
        "status": status(use).value,
        "reason": why,
        "limit": limit_text(use.pool.slots),
        "under way": str(use.under_way),
        "waiting": str(use.waiting),
        "deployments": ", ".join(named),
    }


def _why(use: PoolUse, queues: Sequence[QueueUse], workers: Sequence[WorkerUse]) -> str:
    """Why nothing is taken, as far as can be told; empty when something is, or nothing waits."""
    if status(use) is not PoolStatus.READY:
        return reason(use)
    waited_in = [each for each in queues if each.waiting]
    if not waited_in:
        return ""
    if all(_is_busy(each) for each in workers if each.lives):
        return "all its workers have as many runs under way as their limits let be"
    closed = [each.queue.name for each in waited_in if queue_rows.is_closed(each)]
    if len(closed) == len(waited_in):
        return f"what waits is in queues that are paused or full: {', '.join(closed)}"
    return "limits of deployments or of tags hold back what waits, unless it is just being taken"


def _is_busy(use: WorkerUse) -> bool:
    return use.worker.slots is not None and use.under_way >= use.worker.slots
