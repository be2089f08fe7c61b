"""`noria worker start`: claim runs, and execute them."""

from __future__ import annotations

import click

from noria.cli.app import App, pass_app, shared_options
from noria.core.pools import DEFAULT_POOL
from noria.session import open_session
from noria.worker.worker import GRACE_SECONDS, Worker


@click.command()
@click.option(
    "--pool",
    "-p",
    "pools",
    multiple=True,
    default=(DEFAULT_POOL,),
    show_default=True,
    help="A pool to take runs of; repeat it for several.",
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many runs at once.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE_SECONDS,
    show_default=True,
    help="Seconds that a cancelled run may take before its processes are ended.",
)
@click.option("--name", "-n", help="By which people know it.")
@click.option(
    "--no-services",
    "--no-schedules",
    is_flag=True,
    help="Leave it to others to look after schedules, late and dead runs.",
)
@shared_options
@pass_app
def start(
    app: App,
    pools: tuple[str, ...],
    limit: int | None,
    grace: float,
    name: str | None,
    no_services: bool,
) -> None:
    """Run what is due in pools, until told to stop.

    Each run has a process of its own. Ctrl-C or SIGTERM lets what is under way end; a second one
    stops it. When this process is killed, runs go on; those that had not begun are begun by the
    next worker.
    """

    def ready() -> None:
        app.note(f"Taking runs of {', '.join(pools)}. Ctrl-C ends it.")

    worker = Worker(open_session(), pools, limit, app.note, not no_services, grace, name, ready)
    worker.run()
