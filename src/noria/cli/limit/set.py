"""`noria limit set`: make or change a limit."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.limit.rows import columns, full_name, record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.concurrency.limits import limit_row
from noria.core import clock


@click.command(name="set")
@click.argument("name")
@click.argument("slots", type=int)
@click.option("--tag", is_flag=True, help="NAME is a tag: limit the task runs that have it.")
@click.option(
    "--run-tag", is_flag=True, help="NAME is a tag: limit the runs of deployments with it."
)
@click.option("--decay", type=float, help="Slots that come free each second by themselves.")
@click.option("--active/--inactive", default=None, help="Whether it holds; it does at first.")
@output_options
@pass_app
def set_(
    app: App,
    name: str,
    slots: int,
    tag: bool,
    run_tag: bool,
    decay: float | None,
    active: bool | None,
) -> None:
    """Make or change a limit.

    What is not said of a limit that is there stays as it is, and who holds slots keeps them. With 0
    slots nobody gets any; --inactive lets everybody pass. What was set is printed.
    """
    backend, name, now = backend_of(app), full_name(name, tag, run_tag), clock.now()
    before = backend.limits(name)
    if before:
        decay = before[0].limit.decay if decay is None else decay
        active = before[0].limit.active if active is None else active
    try:
        row = limit_row(name, slots, decay or 0.0, active is not False, now)
    except ValueError as error:
        head, _, rest = str(error).partition("; ")
        raise CliError(Code.USAGE, head, rest, "see noria limit set --help") from None
    backend.set_limit(row, now)
    emit(app, Listing(backend.limits(name), record, columns(app)))
