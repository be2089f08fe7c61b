"""`noria deployment show`: one deployment."""

from __future__ import annotations

from collections.abc import Sequence

import click

from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import state_name
from noria.cli.deployment.rows import (
    deployment_record,
    find_deployment,
    full_name,
    schedule_words,
    spec_of,
    upcoming,
    when,
)
from noria.cli.deployment.takers import note_untaken, workers
from noria.cli.output import Column, Record, dump, emit_object, table
from noria.cli.records import due
from noria.cli.runs.columns import run_columns
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.timefmt import iso, moment
from noria.core.deployments import DeploymentSpec, Overlap
from noria.core.ids import to_text
from noria.core.records import DeploymentRow, FlowRunRow
from noria.core.spans import SECOND

RUNS = 5
TIMES = 3


@click.command()
@click.argument("deployment")
@output_options
@pass_app
def show(app: App, deployment: str) -> None:
    """Show a deployment.

    DEPLOYMENT is FLOW/NAME, NAME alone if no other flow has one of it, or an id.
    """
    backend = backend_of(app)
    row = find_deployment(backend, deployment)
    if not app.for_people:
        emit_object(app, _record(backend, row))
        return
    app.say(full_name(row))
    facts = {name: text for name, text in _facts(app, backend, row).items() if text}
    space = max(map(len, facts))
    for name, text in facts.items():
        app.say(f"  {app.paint(f'{name:<{space}}', 'dim')}  {clean(text)}")
    runs = backend.deployment_runs(row.id, RUNS)
    if runs:
        app.say()
    for line in table(runs, _columns(app, backend), app.columns, app.paint):
        app.say(f"  {line}")
    note_untaken(app, backend, [row])


def _record(backend: Backend, row: DeploymentRow) -> Record:
    times = upcoming(row, backend.schedules(row.id), TIMES)
    return {
        **deployment_record(backend, row),
        "upcoming": [iso(time) for time in times],
        "workers": workers(backend).get(row.pool, 0),
        "runs": [
            {
                "id": to_text(run.id),
                "name": run.name,
                "state_name": state_name(run.state, run.state_name),
            }
            for run in backend.deployment_runs(row.id, RUNS)
        ],
    }


def _facts(app: App, backend: Backend, row: DeploymentRow) -> dict[str, str]:
    spec = spec_of(row)
    schedules = backend.schedules(row.id)
    due = [when(app, time) for time in upcoming(row, schedules, TIMES)]
    return {
        "about": spec.description or "",
        "flow": f"{spec.entrypoint} in {spec.path}" if spec.path else spec.entrypoint,
        "schedule": schedule_words(schedules),
        "due": "paused" if row.paused else ", then ".join(due),
        "parameters": dump(dict(spec.parameters)) if spec.parameters else "",
        "tags": ", ".join(spec.tags),
        "pool": spec.pool,
        "queue": spec.queue or "",
        "priority": str(spec.priority) if spec.priority else "",
        "at once": _at_once(spec),
        "jitter": f"up to {spec.jitter / SECOND:g} s" if spec.jitter else "",
        "after a crash": f"{spec.on_crash}, up to {spec.most_crashes} times",
        "catching up": spec.catchup,
        "applied": when(app, row.updated),
    }


def _at_once(spec: DeploymentSpec) -> str:
    """`2 for each {customer} (queue)`."""
    if spec.concurrency_limit is None and spec.overlap is Overlap.ALLOW:
        return ""
    each = f" for each {spec.concurrency_key}" if spec.concurrency_key else ""
    return (
        f"{1 if spec.concurrency_limit is None else spec.concurrency_limit}{each} ({spec.overlap})"
    )


def _columns(app: App, backend: Backend) -> Sequence[Column[FlowRunRow]]:
    stands_for: Column[FlowRunRow] = Column("time", "FOR", lambda row: moment(due(row), app.utc))
    return (*run_columns(backend), stands_for)
