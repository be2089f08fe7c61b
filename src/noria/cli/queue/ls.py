"""`noria queue ls`: the queues of a pool, or of all."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit
from noria.cli.pools import find_pool
from noria.cli.queues import listing, queues_of
from noria.cli.store import backend_of
from noria.core import clock
from noria.core.pools import SERVED


@click.command()
@click.argument("pool", required=False)
@output_options
@pass_app
def ls(app: App, pool: str | None) -> None:
    """List queues, and what waits in them.

    In the order of their rank; without POOL those of all pools.
    """
    backend, now = backend_of(app), clock.now()
    names = [use.pool.name for use in backend.pools(now) if not use.pool.name.startswith(SERVED)]
    if pool is not None:
        names = [find_pool(backend, pool, now).pool.name]
    found = [use for name in names for use in queues_of(backend, name, now)]
    if not emit(app, listing(found)) and app.for_people:
        app.note("No queues yet. Make one: noria queue set POOL NAME --rank 2")
