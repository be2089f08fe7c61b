"""`noria runs rm`: delete runs."""

from __future__ import annotations

import sys

import click

from noria.cli import records
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import state_name
from noria.cli.errors import CliError, Code
from noria.cli.output import Listing, emit
from noria.cli.references import RUN, find_runs
from noria.cli.runs.columns import brief_columns
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.console.wording import plural
from noria.core import clock
from noria.core.records import FlowRunRow
from noria.core.states import StateType

_IN_A_PROCESS = (StateType.RUNNING, StateType.CANCELLING)


@click.command()
@click.argument("run", type=RUN, nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, run: tuple[str, ...], yes: bool) -> None:
    """Delete runs and all they recorded.

    The runs that they called go with them. What was deleted is printed. The results that only these
    runs used go after an hour, or with the next `noria db vacuum`.
    """
    rows = find_runs(app, run)
    busy = [row.name for row in rows if row.state in _IN_A_PROCESS]
    if busy:
        raise CliError(
            Code.CONFLICT,
            f"cannot delete {', '.join(busy)}",
            "still running; nothing was deleted",
            f"cancel first: noria runs cancel {' '.join(busy)}",
        )
    if not yes:
        _confirm(app, rows)
    backend = backend_of(app)
    now = clock.now()
    columns = brief_columns(backend)
    gone = [row for row in rows if backend.delete_flow_run(row.id)]
    emit(app, Listing(gone, lambda row: records.flow_run(row, now), columns))


def can_ask() -> bool:
    """Whether there is a person to answer."""
    return sys.stdin.isatty()


def _confirm(app: App, rows: list[FlowRunRow]) -> None:
    if not can_ask():
        raise CliError(
            Code.CONFIRM,
            f"will not delete {plural(len(rows), 'run')} without being sure",
            "there is no terminal to ask on",
            "say so with --yes",
        )
    for row in rows:
        state = state_name(row.state, row.state_name)
        app.note(clean(f"  {row.name}  {row.flow_name}  {state}"))
    click.confirm(f"Delete {plural(len(rows), 'run')} and all below?", abort=True, err=True)
