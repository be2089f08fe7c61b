"""`noria deployment run`: ask for a run."""

from __future__ import annotations

from typing import Any

import click

from noria.backend.deployments_port import RunRequest
from noria.cli import records
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import glyph, state_name
from noria.cli.deployment.given import misfit, read_given
from noria.cli.deployment.rows import find_deployment, full_name, spec_of
from noria.cli.deployment.takers import note_untaken
from noria.cli.errors import CliError, Code
from noria.cli.outcome import exit_code
from noria.cli.output import emit_object
from noria.cli.runs.logs import follow_run
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import moment, parse_since
from noria.console.wording import duration, failure_of, failure_text, one_line
from noria.core import clock
from noria.core.deployments import DeploymentSpec
from noria.core.errors import ParameterTypeError
from noria.core.records import FlowRunRow
from noria.core.spans import SECOND
from noria.core.states import TERMINAL_STATES, StateType
from noria.deployments.parameters import check


@click.command()
@click.argument("deployment")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--params", "document", metavar="JSON", help="All of them; @file, or - for stdin.")
@click.option("--in", "later", metavar="SPAN", help="Start in so long: 30m, 2h.")
@click.option("--at", metavar="TIME", help="Start at a time: 2026-11-23T02:00.")
@click.option("--name", help="The run's name.")
@click.option("--tag", "tags", multiple=True, help="A further tag; repeat it for several.")
@click.option("--key", help="Asked for again with the same key, it is the same run.")
@click.option("--watch", is_flag=True, help="Print the log as it comes, until the run ends.")
@output_options
@pass_app
def run(
    app: App,
    deployment: str,
    params: tuple[str, ...],
    document: str | None,
    later: str | None,
    at: str | None,
    name: str | None,
    tags: tuple[str, ...],
    key: str | None,
    watch: bool,
) -> None:
    """Ask for a run of a deployment.

    It is executed by whoever serves the deployment, or by a worker of its pool.
    """
    backend = backend_of(app)
    row = find_deployment(backend, deployment)
    spec = spec_of(row)
    parameters = _parameters(spec, document, params)
    now = clock.now()
    due = _due(app, now, later, at)
    wish = RunRequest(row.id, due, parameters, tags, name, key)
    made = backend.request_run(wish, now)
    assert made is not None
    if app.for_people:
        app.note(clean(f"{made.name} of {full_name(row)} {_what_is_made(app, made, due, now)}"))
    if made.state not in TERMINAL_STATES:
        note_untaken(app, backend, [row])
    if watch:
        follow_run(app, backend, made)
        made = backend.flow_run(made.id) or made
        if app.for_people:
            _say_end(app, made)
    if not app.for_people:
        emit_object(app, records.flow_run(made, clock.now()))
    if watch:
        raise click.exceptions.Exit(exit_code(made.state))


def _what_is_made(app: App, made: FlowRunRow, due: int, now: int) -> str:
    """When it is due; of what was there already under the key, how it stands."""
    see = f"noria runs show {made.name}"
    if made.created < now:
        name = state_name(made.state, made.state_name)
        return f"was asked for before with this key, and is {name}: {see}"
    when = moment(due, app.utc) if due > now + SECOND else "now"
    return f"is due {when}: {see}"


def _say_end(app: App, row: FlowRunRow) -> None:
    """How it ended, and why if that was not well: a run may have said nothing."""
    sign, style = glyph(row.state, row.state_name)
    took = records.run_time(row, clock.now())
    after = "" if took is None else f" after {duration(took)}"
    text = f"{sign} {row.name}  {state_name(row.state, row.state_name)}{after}"
    app.say(app.paint(clean(text), style))
    if row.error is not None:
        failure = failure_of(row.error, row.message)
        where = f" ({failure.frame})" if failure.frame else ""
        app.say(f"  {clean(one_line(failure_text(failure)) + where)}")
    elif row.message and row.state is not StateType.COMPLETED:
        app.say(f"  {clean(one_line(row.message))}")


def _parameters(
    spec: DeploymentSpec, document: str | None, assignments: tuple[str, ...]
) -> dict[str, Any]:
    values = read_given(spec, document, assignments)
    try:
        check(spec, values)
    except ParameterTypeError as error:
        raise misfit(spec, error) from None
    return values


def _due(app: App, now: int, later: str | None, at: str | None) -> int:
    if later is not None and at is not None:
        raise CliError(
            Code.USAGE, "--in and --at say when, each in its own way", "give one of them"
        )
    text = at or later
    if text is None:
        return now
    try:
        found = parse_since(text, now, app.utc)
    except (ValueError, OverflowError):
        option = "--in" if later else "--at"
        expected = "30m, 2h or 1d12h" if later else "2026-11-23T02:00"
        raise CliError(
            Code.USAGE, f"{option} {text} is no time", f"expected such as {expected}", ""
        ) from None
    # What is written for a time ago means the same span ahead.
    return 2 * now - found if later is not None else found
