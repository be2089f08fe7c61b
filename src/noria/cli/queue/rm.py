"""`noria queue rm`: forget what was said of a queue."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import emit
from noria.cli.queues import find_queue, listing
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.var.rm import can_ask
from noria.core import clock


@click.command()
@click.argument("pool")
@click.argument("name")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, pool: str, name: str, yes: bool) -> None:
    """Forget what was said of a queue.

    Its rank, limit and pause go; deployments that name it stay, and what waits in it waits on, in
    rank 1. What was removed is printed.
    """
    backend, now = backend_of(app), clock.now()
    use = find_queue(backend, pool, name, now)
    if not use.queue.created:
        raise CliError(
            Code.CONFLICT,
            f"nothing was set of queue {name} of pool {pool}, so that there is nothing to remove",
        )
    if not yes:
        if not can_ask():
            raise CliError(
                Code.CONFIRM,
                f"will not remove queue {name} without being sure",
                "there is no terminal to ask on",
                "say so with --yes",
            )
        app.note(clean(f"  {name}  {use.under_way} under way, {use.waiting} waiting"))
        click.confirm("Remove 1 queue?", abort=True, err=True)
    backend.delete_queue(pool, name)
    emit(app, listing([use]))
