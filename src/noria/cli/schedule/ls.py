"""`noria schedule ls`: the schedules of deployments."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import find_deployment
from noria.cli.output import Listing, emit
from noria.cli.schedule.rows import columns, record, shown
from noria.cli.store import backend_of


@click.command()
@click.argument("deployment", required=False)
@output_options
@pass_app
def ls(app: App, deployment: str | None) -> None:
    """List the schedules of all deployments, or of one, and when they are due."""
    backend = backend_of(app)
    rows = backend.deployments() if deployment is None else [find_deployment(backend, deployment)]
    found = [each for row in rows for each in shown(backend, row)]
    count = emit(app, Listing(found, record, columns(app)))
    if not count and app.for_people:
        app.note('No schedules. Give a deployment one: my_flow.serve("name", cron="0 2 * * *")')
