"""`noria worker ls`: who takes runs."""

from __future__ import annotations

import shlex

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import Listing, emit
from noria.cli.pools import find_pool
from noria.cli.store import backend_of
from noria.cli.workers import columns, record, workers_of
from noria.core import clock
from noria.core.pools import DEFAULT_POOL


@click.command()
@click.option("--pool", "-p", help="Only those that take runs of this pool.")
@output_options
@pass_app
def ls(app: App, pool: str | None) -> None:
    """List workers, and what they have under way.

    Scripts that serve a deployment are among them. One that has ended is shown until it is
    forgotten, as gone if it died.
    """
    backend, now = backend_of(app), clock.now()
    if pool is not None:
        find_pool(backend, pool, now)
    found = workers_of(backend, pool, now)
    if not emit(app, Listing(found, record, columns(app))) and app.for_people:
        name = shlex.quote(pool or DEFAULT_POOL)
        app.note(f"No workers. Start one: noria worker start --pool {name}")
