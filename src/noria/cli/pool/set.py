"""`noria pool set`: make or change a pool."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit
from noria.cli.pools import (
    MOST_SLOTS,
    changed_description,
    changed_limit,
    check_name,
    find_pool,
    listing,
)
from noria.cli.store import backend_of
from noria.core import clock
from noria.core.pools import PoolRow

TYPES = (PoolRow("").type,)


@click.command(name="set")
@click.argument("name")
@click.option(
    "--limit", type=click.IntRange(0, MOST_SLOTS), help="At most so many runs at once; 0 for none."
)
@click.option("--no-limit", is_flag=True, help="As many runs at once as workers take.")
@click.option("--description", help="What it is for.")
@click.option("-t", "--type", "kind", type=click.Choice(TYPES), help="How its runs are executed.")
@output_options
@pass_app
def set_(
    app: App,
    name: str,
    limit: int | None,
    no_limit: bool,
    description: str | None,
    kind: str | None,
) -> None:
    """Make or change a pool.

    What is not said of a pool that is there stays as it is, and runs under way go on. What was set
    is printed.
    """
    backend, now = backend_of(app), clock.now()
    before = next((use.pool for use in backend.pools(now) if use.pool.name == name), None)
    if before is None:
        check_name("pool", name)
        before = PoolRow(name)
    after = before._replace(
        slots=changed_limit(limit, no_limit, before.slots),
        description=changed_description(description, before.description),
        type=kind or before.type,
    )
    backend.set_pool(after, now)
    emit(app, listing([find_pool(backend, name, now)]))
