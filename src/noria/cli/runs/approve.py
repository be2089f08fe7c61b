"""`noria runs approve` and `noria runs reject`: answer a run that waits."""

from __future__ import annotations

import shlex
from typing import Any, NoReturn

import click

from noria import runs as sdk
from noria.backend.port import Backend
from noria.cli import entrypoint, records
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import state_name
from noria.cli.errors import CliError, Code
from noria.cli.loading import ended, load
from noria.cli.outcome import finish
from noria.cli.output import Listing, emit
from noria.cli.references import RUN, find_run
from noria.cli.runs.answer import read_answer
from noria.cli.runs.columns import brief_columns
from noria.cli.runs.waiting import Waiting, waiting_of
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.core import clock
from noria.core.ids import to_uuid
from noria.core.records import FlowRunRow, PauseOutcome
from noria.core.states import TERMINAL_STATES, Name
from noria.engine.answers import give, is_of_deployment, is_suspended
from noria.engine.drivers import drive
from noria.flow_runs import until_left
from noria.session import open_session


@click.command(
    epilog="\b\nnoria runs approve @last\nnoria runs approve @last -i approved=yes -i comment=好\n"
    "noria runs approve brave-otter --input '{\"approved\": true}'"
)
@click.argument("run", type=RUN)
@click.option(
    "-i",
    "--set",
    "assignments",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field of the answer; repeat it for several.",
)
@click.option("--input", "document", metavar="JSON|-", help="The answer: JSON, or stdin.")
@click.option("--file", "file", metavar="FILE", help="A file that holds the answer as JSON.")
@click.option("--key", help="Which pause, when the run waits at several; else the oldest.")
@click.option("--entrypoint", "source", metavar="FILE:FLOW", help="Where the flow is now.")
@output_options
@pass_app
def approve(
    app: App,
    run: str,
    assignments: tuple[str, ...],
    document: str | None,
    file: str | None,
    key: str | None,
    source: str | None,
) -> None:
    """Let a run go on that waits for a person.

    On a terminal, what it asks for is asked field by field; elsewhere it is given by options. An
    answer that does not fit is refused, and the run goes on waiting. A paused run goes on in its
    process; a suspended one goes on here, in this command.
    """
    row = find_run(app, run)
    approve_run(app, row, key, source, document, file, assignments)


def approve_run(
    app: App,
    row: FlowRunRow,
    key: str | None = None,
    source: str | None = None,
    document: str | None = None,
    file: str | None = None,
    assignments: tuple[str, ...] = (),
) -> None:
    """Answer what a run waits for; a suspended one goes on in this process."""
    backend = backend_of(app)
    found = _chosen(backend, row, key)
    given = read_answer(app, found, document, file, assignments)
    root = backend.flow_run(row.root_run) or row
    if is_of_deployment(root):
        _leave_to_a_worker(app, found, root, given)
        return
    if is_suspended(root):
        # Loaded before the answer is taken: one that nobody could use would be lost.
        flow = _load(app, root, source)
        give(backend, found.run, found.pause, given, clock.now())
        _go_on(app, root, flow)
    done = give(backend, found.run, found.pause, given, clock.now())
    if done.name == Name.SUSPENDED and not done.requested:
        app.note("It is still finishing what it had begun; waiting for that.")
        left = drive(until_left(open_session(), done))
        if left is not None:
            _go_on(app, left, _load(app, left, source))
    _tell(app, backend, found.run)
    app.note(clean(f"{found.run.name} goes on in its process."))


def _leave_to_a_worker(app: App, found: Waiting, root: FlowRunRow, given: Any) -> None:
    backend = backend_of(app)
    done = give(backend, found.run, found.pause, given, clock.now())
    if not is_suspended(root):
        if done.name != Name.SUSPENDED or done.requested:
            _tell(app, backend, found.run)
            app.note(clean(f"{found.run.name} goes on in its process."))
            return
        root = drive(until_left(open_session(), done)) or root
    backend.requeue(root.id, clock.now())
    _tell(app, backend, root)
    app.note(clean(f"{root.name} goes on with the next worker of its pool."))


def _load(app: App, row: FlowRunRow, source: str | None) -> Any:
    place = source or row.entrypoint
    if place is None:
        # A flow that was written in no file; going on says so.
        return None
    with app.quiet():
        return load(entrypoint.parse(place))


def _go_on(app: App, row: FlowRunRow, flow: Any) -> NoReturn:
    with app.quiet():
        state = ended(sdk.resume(to_uuid(row.id), flow=flow))
    finish(app, state)


@click.command()
@click.argument("run", type=RUN)
@click.option("--reason", help="Why; the run ends Cancelled with it.")
@click.option("--key", help="Which pause, when the run waits at several; else the oldest.")
@output_options
@pass_app
def reject(app: App, run: str, reason: str | None, key: str | None) -> None:
    """Refuse a run that waits: it is cancelled.

    The runs that called it are cancelled with it.
    """
    backend = backend_of(app)
    found = _chosen(backend, find_run(app, run), key)
    now = clock.now()
    pause = found.pause
    done = backend.end_pause(pause.flow_run, pause.key, PauseOutcome.REJECTED, now, reason)
    if done is None:
        raise CliError(Code.CONFLICT, f"{found.run.name} does not wait any more", "", "")
    if is_suspended(found.run):
        said = f"rejected: {reason}" if reason else "rejected"
        backend.request_cancel(found.run.root_run, now, said)
    _tell(app, backend, found.run)


def _chosen(backend: Backend, row: FlowRunRow, key: str | None) -> Waiting:
    """What is to be answered.

    Raises:
        CliError: The run does not wait, or not at that pause.
    """
    found = [] if row.state in TERMINAL_STATES else waiting_of(backend, row.id)
    if not found:
        raise _waits_not(backend, row)
    if key is None:
        return found[0]
    for each in found:
        if key in (each.pause.key, each.pause.key.partition("-")[2]):
            return each
    keys = ", ".join(each.pause.key for each in found)
    raise CliError(Code.UNKNOWN_OBJECT, f"{row.name} does not wait at {key}", f"it waits at {keys}")


def _waits_not(backend: Backend, row: FlowRunRow) -> CliError:
    others = [each.run.name for each in waiting_of(backend)]
    todo = f"waiting are: {', '.join(others)}" if others else "nothing waits just now"
    if row.state in TERMINAL_STATES and backend.open_pauses(row.id):
        # It waited when it ended: once it goes on, it will ask again.
        todo = f"let it go on, and ask again: noria runs resume {shlex.quote(row.name)}"
    return CliError(
        Code.CONFLICT,
        f"{row.name} does not wait for anybody",
        f"it is {state_name(row.state, row.state_name)}",
        todo,
    )


def _tell(app: App, backend: Backend, run: FlowRunRow) -> None:
    row = backend.flow_run(run.id) or run
    now = clock.now()
    emit(app, Listing([row], lambda row: records.flow_run(row, now), brief_columns(backend)))
