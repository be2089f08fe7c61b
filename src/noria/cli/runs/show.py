"""`noria runs show`: one run, as a tree with a timeline, or task by task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from noria.backend.port import Backend
from noria.cli import records, tree
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import glyph, labelled
from noria.cli.artifact.rows import record as artifact_record
from noria.cli.errors import CliError, Code
from noria.cli.output import Column, Listing, Record, dump, emit
from noria.cli.references import RUN, find_run
from noria.cli.runs.view import FAILED, SLOWEST, artifacts_of, collect, task_run_time
from noria.cli.runs.waiting import Waiting, waiting_of
from noria.cli.runs.waiting import record as waiting_record
from noria.cli.states import parse_states
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import iso
from noria.console.wording import duration, failure_of, failure_text, one_line
from noria.core import clock
from noria.core.records import FlowRunRow, GroupCount, GroupRow, TaskRunRow, task_run_name
from noria.core.states import TERMINAL_STATES, StateType

PAGE = 1000


@click.command()
@click.argument("run", type=RUN)
@click.option("--tasks", is_flag=True, help="List the single task runs instead of the tree.")
@click.option("--traceback", is_flag=True, help="Print the traceback of what has failed instead.")
@click.option("--state", help="With --tasks: only these states, such as failed,crashed.")
@output_options
@pass_app
def show(app: App, run: str, tasks: bool, traceback: bool, state: str | None) -> None:
    """Show a run as a tree with a timeline.

    A line of the tree is all calls of one task at one place: how many, how long, when. Failures
    stand below with the line of your code, sub-flows below the call that started them.
    """
    if state and not tasks:
        raise CliError(Code.USAGE, "--state needs --tasks", "", "add --tasks")
    if traceback and (tasks or app.output is not None):
        raise CliError(
            Code.USAGE, "--traceback prints a text", "", "leave out --tasks and --output"
        )
    row = find_run(app, run)
    backend = backend_of(app)
    now = clock.now()
    if traceback:
        _print_traceback(app, backend, row)
    elif tasks:
        _list_tasks(app, backend, row, parse_states(state))
    elif app.for_people or app.output is None:
        # One run in full: who pipes it into a pager or a file wants to read it.
        view = collect(backend, row, now)
        for line in tree.render(view, now, app.columns, app.paint, app.utc):
            app.say(line)
    else:
        _emit_run(app, backend, row, now)


def _print_traceback(app: App, backend: Backend, row: FlowRunRow) -> None:
    """That of the run, or of the first task of it that has failed: a flow may bear that."""
    failed = () if row.error else backend.task_runs(row.id, None, FAILED, limit=1)
    for text in (row.error, *(task.error for task in failed)):
        if found := (records.error(text) or {}).get("traceback"):
            app.say(clean(found, lines=True).rstrip("\n"))
            return
    app.note("Nothing of it has raised.")


def _emit_run(app: App, backend: Backend, row: FlowRunRow, now: int) -> None:
    """One object for json; the groups as rows for csv; the id for name."""
    if app.output == "name":
        app.say(records.flow_run(row, now)["id"])
    elif app.output in ("json", "jsonl"):
        app.say(dump(_document(backend, row, now), 2 if app.output == "json" else None))
    else:
        emit(app, Listing(backend.groups(row.id), records.group, _GROUP_COLUMNS))


def _document(backend: Backend, row: FlowRunRow, now: int) -> Record:
    groups = backend.groups(row.id)
    by_number = {group.number: group for group in groups}
    counts = tuple(map(sum, zip(*(group.counts for group in groups), strict=True)))
    failed = backend.task_runs(row.id, None, FAILED, limit=PAGE)
    slow = backend.slowest_tasks(row.id, SLOWEST)
    return {
        **records.with_counts(row, counts or (0,) * len(GroupCount.NAMES), now),
        "history": [
            {"state_name": name, "timestamp": iso(time), "message": message}
            for name, time, message in records.parsed(row.history, [])
        ],
        "groups": [records.group(group) for group in groups],
        "failures": [records.task_run(task, by_number.get(task.group)) for task in failed],
        "slowest": [records.task_run(task, by_number.get(task.group)) for task in slow],
        "subflows": [records.flow_run(child, now) for child in backend.children(row.id)],
        "waiting": [waiting_record(each) for each in _waiting(backend, row)],
        "artifacts": [artifact_record(each) for each in artifacts_of(backend, row, PAGE)],
    }


def _waiting(backend: Backend, row: FlowRunRow) -> list[Waiting]:
    return [] if row.state in TERMINAL_STATES else waiting_of(backend, row.id)


_GROUP_COLUMNS: Sequence[Column[GroupRow]] = tuple(
    Column(key)
    for key in ("number", "parent", "name", "kind", "place", "task_count", "start_time", "end_time")
)


def _list_tasks(
    app: App, backend: Backend, row: FlowRunRow, states: Sequence[StateType] | None
) -> None:
    groups = {group.number: group for group in backend.groups(row.id)}
    listing = Listing(
        _pages(backend, row.id, states),
        lambda task: records.task_run(task, groups.get(task.group)),
        _task_columns(app, groups),
    )
    if not emit(app, listing):
        app.note("No task runs." if states is None else "No task runs in these states.")


def _pages(
    backend: Backend, flow_run: bytes, states: Sequence[StateType] | None
) -> Iterator[TaskRunRow]:
    after = None
    while page := backend.task_runs(flow_run, None, states, after, PAGE):
        yield from page
        after = page[-1].id


def _task_columns(app: App, groups: dict[int, GroupRow]) -> Sequence[Column[TaskRunRow]]:
    def name(row: TaskRunRow) -> str:
        group = groups.get(row.group)
        return task_run_name(group.name if group else "", row)

    return (
        Column("id"),
        Column(
            "state_name",
            "STATE",
            lambda row: labelled(row.state, row.state_name),
            lambda row: glyph(row.state, row.state_name)[1],
        ),
        Column("name", "TASK RUN", name, shrinks=True),
        Column("run_count", "TRIES", lambda row: str(row.run_count), right=True),
        Column("total_run_time", "TOOK", _took, right=True),
        Column("state_message", "WHY", _task_why, shrinks=True),
    )


def _took(row: TaskRunRow) -> str:
    return "" if row.start is None or row.end is None else duration(task_run_time(row))


def _task_why(row: TaskRunRow) -> str:
    # What a fallback has made up for is on record, too; the message tells of both.
    if row.error is not None and row.state is not StateType.COMPLETED:
        failure = failure_of(row.error, row.message)
        where = f" ({failure.frame})" if failure.frame else ""
        return one_line(failure_text(failure)) + where
    return one_line(row.message or "")
