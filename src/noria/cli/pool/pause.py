"""`noria pool pause` and `resume`: no runs are taken, or again."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit
from noria.cli.pools import find_pool, listing
from noria.cli.store import backend_of
from noria.core import clock


@click.command()
@click.argument("name", nargs=-1, required=True)
@output_options
@pass_app
def pause(app: App, name: tuple[str, ...]) -> None:
    """Take no more runs of pools.

    What is under way goes on, and what is due waits. For schedules see noria deployment pause.
    """
    _set(app, name, paused=True)


@click.command()
@click.argument("name", nargs=-1, required=True)
@output_options
@pass_app
def resume(app: App, name: tuple[str, ...]) -> None:
    """Take runs of pools again.

    What has waited in the meantime is taken at once.
    """
    _set(app, name, paused=False)


def _set(app: App, names: tuple[str, ...], paused: bool) -> None:
    backend, now = backend_of(app), clock.now()
    found = [find_pool(backend, each, now) for each in dict.fromkeys(names)]
    for use in found:
        backend.set_pool(use.pool._replace(paused=paused), now)
    emit(app, listing([find_pool(backend, use.pool.name, now) for use in found]))
