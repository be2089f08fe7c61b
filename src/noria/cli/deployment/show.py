"""`noria deployment show`: one deployment."""

from __future__ import annotations

import click

from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import labelled
from noria.cli.deployment.rows import (
    deployment_record,
    find_deployment,
    full_name,
    next_due,
    schedule_words,
    spec_of,
    when,
)
from noria.cli.output import dump, emit_object
from noria.cli.references import short_id
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.core.records import DeploymentRow

RUNS = 5


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
        emit_object(app, deployment_record(backend, row))
        return
    app.say(full_name(row))
    facts = {name: text for name, text in _facts(app, backend, row).items() if text}
    space = max(map(len, facts))
    for name, text in facts.items():
        app.say(f"  {app.paint(f'{name:<{space}}', 'dim')}  {clean(text)}")
    for run in backend.deployment_runs(row.id, RUNS):
        state = labelled(run.state, run.state_name)
        app.say(f"  {app.paint(short_id(backend, run.id), 'dim')}  {state}  {run.name}")


def _facts(app: App, backend: Backend, row: DeploymentRow) -> dict[str, str]:
    spec = spec_of(row)
    schedules = backend.schedules(row.id)
    due = next_due(row, schedules)
    limit = spec.concurrency_limit
    return {
        "about": spec.description or "",
        "flow": f"{spec.entrypoint} in {spec.path}" if spec.path else spec.entrypoint,
        "schedule": schedule_words(schedules),
        "due": "paused" if row.paused else "" if due is None else when(app, due),
        "parameters": dump(dict(spec.parameters)) if spec.parameters else "",
        "tags": ", ".join(spec.tags),
        "pool": spec.pool,
        "at once": "" if limit is None else f"{limit} ({spec.overlap})",
        "after a crash": f"{spec.on_crash}, up to {spec.most_crashes} times",
        "catching up": spec.catchup,
        "applied": when(app, row.updated),
    }
