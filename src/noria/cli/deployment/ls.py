"""`noria deployment ls`: what is deployed."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import columns, deployment_record
from noria.cli.deployment.takers import note_untaken, workers
from noria.cli.output import Listing, Record, emit
from noria.cli.store import backend_of
from noria.core.records import DeploymentRow


@click.command()
@output_options
@pass_app
def ls(app: App) -> None:
    """List deployments, and when they are due."""
    backend = backend_of(app)
    rows = backend.deployments()
    taking = workers(backend)

    def record(row: DeploymentRow) -> Record:
        return {**deployment_record(backend, row), "workers": taking.get(row.pool, 0)}

    shown = emit(app, Listing(rows, record, columns(app, backend)))
    if not shown and app.for_people:
        app.note('No deployments yet. Serve one: my_flow.serve("name")')
    elif app.for_people:
        note_untaken(app, backend, rows)
