"""`noria worker start`: claim runs, and execute them."""

from __future__ import annotations

import click

from noria.cli.app import App, pass_app, shared_options
from noria.cli.errors import CliError, Code
from noria.cli.workers import note_unused
from noria.core.pools import DEFAULT_POOL, SERVED, name_fault
from noria.services.readiness import say_ready
from noria.session import open_session
from noria.worker.worker import GRACE_SECONDS, Worker


@click.command()
@click.option(
    "--pool",
    "-p",
    "pools",
    multiple=True,
    help="A pool to take runs of; repeat it for several.  [default: default]",
)
@click.option("--all-pools", "-a", is_flag=True, help="Take runs of all pools.")
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
    all_pools: bool,
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
    if pools and all_pools:
        raise CliError(
            Code.USAGE, "--pool names pools, --all-pools means all", "", "leave one of them out"
        )
    for pool in pools:
        _check(pool)
    taken = None if all_pools else pools or (DEFAULT_POOL,)

    def ready() -> None:
        of = "all pools" if taken is None else ", ".join(taken)
        app.note(f"Taking runs of {of}. Ctrl-C ends it.")
        note_unused(app, taken or ())
        say_ready()

    Worker(open_session(), taken, limit, app.note, not no_services, grace, name, ready).run()


def _check(pool: str) -> None:
    fault = None if pool.startswith(SERVED) else name_fault(pool)
    if fault is not None:
        raise CliError(Code.USAGE, f"no pool can be called {pool!r}", fault, "see noria pool ls")
