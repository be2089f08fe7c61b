"""`noria runs resume` and `noria runs fork`: go on where a run stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from noria import runs as sdk
from noria.cli import entrypoint
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.loading import ended, load
from noria.cli.outcome import finish
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.references import RUN, find_run
from noria.cli.runs.approve import approve_run
from noria.cli.store import backend_of
from noria.core.errors import ObjectNotFound
from noria.core.ids import to_text, to_uuid
from noria.core.records import FlowRunRow
from noria.core.states import TERMINAL_STATES, StateType

_SIGNS = {"skip": ("≈", "cached"), "run": ("▶", "run"), "unknown": ("?", "warn")}

Go = Callable[..., Any]


@click.command()
@click.argument("run", type=RUN)
@click.option("--plan", is_flag=True, help="Only print what would be skipped and run, and why.")
@click.option("--from", "rerun_from", metavar="TASK", help="Run again from this task on.")
@click.option("--entrypoint", "source", metavar="FILE:FLOW", help="Where the flow is now.")
@output_options
@pass_app
def resume(app: App, run: str, plan: bool, rerun_from: str | None, source: str | None) -> None:
    """Go on with a run that did not complete.

    Finished tasks whose inputs are the same are not run again. A run that waits for a person is let
    go on, as by `noria runs approve`.
    """
    row = find_run(app, run)
    if plan:
        _print_plan(app, row, rerun_from)
        return
    if row.state is StateType.COMPLETED and rerun_from is None:
        raise CliError(
            Code.CONFLICT,
            f"{row.name} is completed",
            "there is nothing to go on with",
            f"run some of it again: noria runs resume {run} --from TASK",
        )
    _refuse(row)
    if row.state is StateType.PAUSED and backend_of(app).open_pauses(row.id):
        approve_run(app, row, source=source)
        return
    _go(app, sdk.resume, row, rerun_from, source)


@click.command()
@click.argument("run", type=RUN)
@click.option("--from", "rerun_from", metavar="TASK", help="Run again from this task on.")
@click.option("--entrypoint", "source", metavar="FILE:FLOW", help="Where the flow is now.")
@output_options
@pass_app
def fork(app: App, run: str, rerun_from: str | None, source: str | None) -> None:
    """Go on from a run as a new run.

    The old one stays as it is.
    """
    row = find_run(app, run)
    _go(app, sdk.fork, row, rerun_from, source)


def _refuse(row: FlowRunRow) -> None:
    if row.parent_run is not None:
        raise CliError(
            Code.CONFLICT,
            f"{row.name} was called by another run, and goes on with it",
            "",
            f"noria runs resume {to_text(row.root_run)}",
        )
    # Runs without a living process have been marked Crashed by now.
    if row.process is not None and row.state not in TERMINAL_STATES | {StateType.PAUSED}:
        raise CliError(
            Code.CONFLICT,
            f"{row.name} is still running",
            "a process works on it",
            f"follow it with noria runs logs {row.name} -f, or stop it with noria runs cancel",
        )


def _go(app: App, go: Go, row: FlowRunRow, rerun_from: str | None, source: str | None) -> None:
    place = entrypoint.parse(source) if source else None
    with app.quiet(), _knowing_the_run(row):
        flow = load(place) if place else None
        if place is None and row.entrypoint:
            entrypoint.make_importable(row.entrypoint.rpartition(":")[0] or None)
        state = ended(go(to_uuid(row.id), rerun_from=rerun_from, flow=flow))
    finish(app, state)


@contextmanager
def _knowing_the_run(row: FlowRunRow) -> Iterator[None]:
    """The run was found already, so what is not found now is the task."""
    try:
        yield
    except ObjectNotFound as error:
        head, _, rest = str(error).partition(". ")
        raise CliError(Code.UNKNOWN_TASK, head, rest, f"see noria runs show {row.name}") from error


def _print_plan(app: App, row: FlowRunRow, rerun_from: str | None) -> None:
    with _knowing_the_run(row):
        plan = sdk.plan(to_uuid(row.id), rerun_from=rerun_from)
    shown = emit(app, Listing(plan.lines, _plan_record, _PLAN_COLUMNS))
    if not shown:
        app.note("The run recorded no calls: it would start from its top.")


def _plan_record(line: sdk.PlanLine) -> Record:
    return {
        "id": line.group,
        "group": line.group,
        "name": line.name,
        "place": line.place,
        "action": line.action,
        "count": line.calls,
        "reason": line.reason,
    }


_PLAN_COLUMNS: Sequence[Column[sdk.PlanLine]] = (
    Column(
        "action",
        "ACTION",
        lambda line: f"{_SIGNS[line.action][0]} {line.action}",
        lambda line: _SIGNS[line.action][1],
    ),
    Column("name", "TASK", lambda line: line.name, shrinks=True),
    Column("count", "CALLS", lambda line: f"{line.calls:,}", right=True),
    Column("place", "WHERE", lambda line: line.place, lambda _line: "dim", shrinks=True),
    Column("reason", "WHY", lambda line: line.reason, shrinks=True),
)
