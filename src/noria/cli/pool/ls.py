"""`noria pool ls`: the pools."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit
from noria.cli.pools import listing
from noria.cli.store import backend_of
from noria.core import clock
from noria.core.pools import SERVED


@click.command()
@click.option(
    "-a", "--all", "everything", is_flag=True, help="With those of scripts that serve a deployment."
)
@output_options
@pass_app
def ls(app: App, everything: bool) -> None:
    """List pools, and what waits in them.

    LIMIT is how many runs may be under way at once, WAITING how many are due and not taken.
    """
    found = backend_of(app).pools(clock.now())
    if not everything:
        found = [use for use in found if not use.pool.name.startswith(SERVED)]
    if not emit(app, listing(found)) and app.for_people:
        app.note('No pools yet. Name one: my_flow.deploy("name", work_pool_name="etl")')
