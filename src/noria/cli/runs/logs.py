"""`noria runs logs`: what a run said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import click

from noria.backend.port import Backend
from noria.cli import records
from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Listing, emit
from noria.cli.references import RUN, find_run
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import stamp
from noria.console.events import LogLine
from noria.console.phrases import log_line
from noria.core import clock
from noria.core.conditions import Condition, parse
from noria.core.ids import from_text
from noria.core.records import FlowRunRow, GroupRow, LogRow, task_run_name
from noria.core.settings import LOG_LEVELS
from noria.core.states import TERMINAL_STATES

PAGE = 1000
POLL_SECONDS = 0.2
REAP_EVERY = 10
"""Polls between two looks at whether the run's process is alive."""


class _Query(NamedTuple):
    run: FlowRunRow
    task_run: bytes | None
    task_name: str | None
    level: int
    text: str | None
    where: tuple[Condition, ...]


class _TaskNames:
    """Names of task runs, each looked up once."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._names: dict[bytes, tuple[str, str]] = {}
        self._groups: dict[bytes, dict[int, GroupRow]] = {}

    def of(self, row: LogRow) -> tuple[str, str]:
        """The names of the task and of the task run that a line belongs to, else empty."""
        if row.task_run is None:
            return "", ""
        names = self._names.get(row.task_run)
        if names is None:
            names = self._names[row.task_run] = self._look_up(row.task_run)
        return names

    def _look_up(self, task_run: bytes) -> tuple[str, str]:
        found = self._backend.task_run(task_run)
        if found is None:
            return "", ""
        groups = self._groups.get(found.flow_run)
        if groups is None or found.group not in groups:
            rows = self._backend.groups(found.flow_run)
            groups = self._groups[found.flow_run] = {row.number: row for row in rows}
        group = groups.get(found.group)
        task_name = group.name if group else ""
        return task_name, task_run_name(task_name, found)


@click.command()
@click.argument("run", type=RUN)
@click.option("--level", default="0", help="Only lines at least this severe, such as warning.")
@click.option("--task", help="Only lines of this task, task run, or task run id.")
@click.option("--grep", "text", help="Only lines that contain this text.")
@click.option(
    "--where",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only lines with such a field; also != > < >= <= and ~ (contains). Repeat it for several.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@output_options
@pass_app
def logs(
    app: App,
    run: str,
    level: str,
    task: str | None,
    text: str | None,
    where: tuple[str, ...],
    follow: bool,
) -> None:
    """Print the log of a run.

    The lines of the runs that it called are among them.
    """
    row = find_run(app, run)
    backend = backend_of(app)
    task_run = _as_id(task)
    conditions = tuple(_condition(each) for each in where)
    query = _Query(row, task_run, None if task_run else task, _level(level), text, conditions)
    names = _TaskNames(backend)
    lines = _matching(backend, query, names, follow)
    if app.for_people:
        count = _print(app, lines, names)
    else:
        record = _recorder(names)
        count = emit(app, Listing(lines, record, _COLUMNS))
    if not count:
        _check_task(backend, query)
        app.note(
            "No lines match." if any((task, text, where, query.level)) else "The log is empty."
        )


def follow_run(app: App, backend: Backend, run: FlowRunRow) -> None:
    """Print the lines of a run as they come, until it ends."""
    names = _TaskNames(backend)
    _print(app, _lines(backend, _Query(run, None, None, 0, None, ()), True), names)


def _matching(backend: Backend, query: _Query, names: _TaskNames, follow: bool) -> Iterator[LogRow]:
    for row in _lines(backend, query, follow):
        if query.task_name is None or query.task_name in names.of(row):
            yield row


def _lines(backend: Backend, query: _Query, follow: bool) -> Iterator[LogRow]:
    position = 0
    while True:
        # Asked before the lines are read: what was written before the end is then among them.
        ended = not follow or _has_ended(backend, query.run.id)
        seen = backend.change_counter()
        while page := backend.logs(
            query.run.id, query.task_run, query.level, query.text, position, PAGE, query.where
        ):
            position = page[-1][0]
            yield from (row for _, row in page)
        if ended:
            return
        _wait_for_change(backend, seen)


def _has_ended(backend: Backend, run: bytes) -> bool:
    row = backend.flow_run(run)
    return row is None or row.state in TERMINAL_STATES


def _wait_for_change(backend: Backend, seen: int) -> None:
    for _ in range(REAP_EVERY):
        clock.sleep(POLL_SECONDS)
        if backend.change_counter() != seen:
            return
    backend.reap(clock.now())


def _print(app: App, lines: Iterator[LogRow], names: _TaskNames) -> int:
    """As the console shows them while the run goes on, with the date where that is needed."""
    now = clock.now()
    count = 0
    for row in lines:
        count += 1
        pieces = log_line(LogLine(row, None, names.of(row)[1] or None))
        pieces[0][0] = (stamp(row.time, now, app.utc), "dim")
        for line in pieces:
            app.say("".join(app.paint(clean(piece), style) for piece, style in line))
    return count


def _recorder(names: _TaskNames) -> Callable[[LogRow], dict[str, object]]:
    return lambda row: records.log(row, names.of(row)[1] or None)


_COLUMNS: Sequence[Column[LogRow]] = tuple(
    Column(key) for key in ("timestamp", "level_name", "task_run_name", "logger", "message")
)


def _as_id(task: str | None) -> bytes | None:
    try:
        return from_text(task) if task else None
    except ValueError:
        return None


def _level(text: str) -> int:
    if text.isdigit():
        return int(text)
    number = LOG_LEVELS.get(text.upper())
    if number is None:
        known = [name.lower() for name in LOG_LEVELS if name != "WARN"]
        raise CliError(
            Code.USAGE,
            f"there is no level {text}",
            did_you_mean(text.lower(), known),
            f"levels are {', '.join(known)}, or a number",
        )
    return number


def _condition(text: str) -> Condition:
    try:
        return parse(text)
    except ValueError as error:
        raise CliError(
            Code.USAGE,
            f"--where {text} is no condition",
            str(error),
            "for instance: --where user_id=42 --where 'took>1.5' --where action~log",
        ) from None


def _check_task(backend: Backend, query: _Query) -> None:
    """Tell a task that was misspelt from one that said nothing."""
    if query.task_name is None:
        return
    runs = [query.run, *backend.children(query.run.id)]
    known = {group.name for run in runs for group in backend.groups(run.id)}
    if query.task_name not in known:
        raise CliError(
            Code.UNKNOWN_TASK,
            f"no line of {query.run.name} belongs to a task {query.task_name}",
            did_you_mean(query.task_name, known),
            f"its tasks are {', '.join(sorted(known))}" if known else "it has no tasks",
        )
