"""`noria runs cancel`: ask runs to stop."""

from __future__ import annotations

import click

from noria.cli import records
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import Listing, emit
from noria.cli.references import RUN, find_runs
from noria.cli.runs.columns import brief_columns
from noria.cli.store import backend_of
from noria.core import clock
from noria.core.records import FlowRunRow
from noria.core.states import TERMINAL_STATES, StateType


@click.command()
@click.argument("run", type=RUN, nargs=-1, required=True)
@output_options
@pass_app
def cancel(app: App, run: tuple[str, ...]) -> None:
    """Ask runs to stop.

    The runs that they called stop with them. A run in a living process becomes Cancelling and stops
    at its next step; any other is Cancelled at once. One that has ended stays as it is, and the
    command exits with 6.
    """
    rows = find_runs(app, run)
    backend = backend_of(app)
    now = clock.now()
    after = [backend.request_cancel(row.id, now) or row for row in rows]
    emit(
        app,
        Listing(after, lambda row: records.flow_run(row, now), brief_columns(backend)),
    )
    late = [row.name for row, now in zip(rows, after, strict=True) if _stays(row, now)]
    if late:
        raise CliError(
            Code.CONFLICT,
            f"cannot cancel {', '.join(late)}",
            "a run that has ended stays as it ended",
        )


def _stays(before: FlowRunRow, after: FlowRunRow) -> bool:
    """Whether it has ended otherwise; one that has crashed and is about to go on has not."""
    return before.state in TERMINAL_STATES and after.state is not StateType.CANCELLED
