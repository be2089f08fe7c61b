"""`noria queue pause` and `resume`: no runs are taken, or again."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit
from noria.cli.queues import find_queue, listing
from noria.cli.store import backend_of
from noria.core import clock


@click.command()
@click.argument("pool")
@click.argument("name")
@output_options
@pass_app
def pause(app: App, pool: str, name: str) -> None:
    """Take no more runs of a queue.

    What is under way goes on, and what is due waits; other queues of the pool go on.
    """
    _set(app, pool, name, paused=True)


@click.command()
@click.argument("pool")
@click.argument("name")
@output_options
@pass_app
def resume(app: App, pool: str, name: str) -> None:
    """Take runs of a queue again.

    What has waited in the meantime is taken at once.
    """
    _set(app, pool, name, paused=False)


def _set(app: App, pool: str, name: str, paused: bool) -> None:
    backend, now = backend_of(app), clock.now()
    before = find_queue(backend, pool, name, now).queue
    backend.set_queue(before._replace(paused=paused), now)
    emit(app, listing([find_queue(backend, pool, name, now)]))
