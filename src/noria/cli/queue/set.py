"""`noria queue set`: make or change a queue."""

from __future__ import annotations

import click

from noria.backend.pools_port import QueueUse
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit
from noria.cli.pools import MOST_SLOTS, changed_description, changed_limit, check_name, find_pool
from noria.cli.queues import find_queue, listing, queues_of
from noria.cli.store import backend_of
from noria.core import clock
from noria.core.pools import QueueRow

LOWEST_RANK = 1_000_000


@click.command(name="set")
@click.argument("pool")
@click.argument("name")
@click.option(
    "--rank", type=click.IntRange(1, LOWEST_RANK), help="Smaller ones go first; 1 at first."
)
@click.option(
    "--limit", type=click.IntRange(0, MOST_SLOTS), help="At most so many runs at once; 0 for none."
)
@click.option("--no-limit", is_flag=True, help="As many runs at once as the pool lets be.")
@click.option("--description", help="What it is for.")
@output_options
@pass_app
def set_(
    app: App,
    pool: str,
    name: str,
    rank: int | None,
    limit: int | None,
    no_limit: bool,
    description: str | None,
) -> None:
    """Make or change a queue.

    What is not said of a queue that is there stays as it is. A new rank holds for what waits
    already. What was set is printed.
    """
    backend, now = backend_of(app), clock.now()
    find_pool(backend, pool, now)
    known = {use.queue.name: use for use in queues_of(backend, pool, now)}
    if name not in known:
        check_name("queue", name)
    before = known.get(name, QueueUse(QueueRow(pool, name), 0, 0)).queue
    after = before._replace(
        rank=rank or before.rank,
        slots=changed_limit(limit, no_limit, before.slots),
        description=changed_description(description, before.description),
    )
    backend.set_queue(after, now)
    emit(app, listing([find_queue(backend, pool, name, now)]))
