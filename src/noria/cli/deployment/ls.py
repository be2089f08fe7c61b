"""`noria deployment ls`: what is deployed."""

from __future__ import annotations

from functools import partial

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import columns, deployment_record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@output_options
@pass_app
def ls(app: App) -> None:
    """List deployments, and when they are due."""
    backend = backend_of(app)
    rows = backend.deployments()
    shown = emit(app, Listing(rows, partial(deployment_record, backend), columns(app, backend)))
    if not shown and app.for_people:
        app.note('No deployments yet. Serve one: my_flow.serve("name")')
