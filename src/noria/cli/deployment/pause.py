"""`noria deployment pause` and `resume`: schedules rest, or go on."""

from __future__ import annotations

from functools import partial

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import columns, deployment_record, find_deployment
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.core import clock


@click.command()
@click.argument("deployment", nargs=-1, required=True)
@output_options
@pass_app
def pause(app: App, deployment: tuple[str, ...]) -> None:
    """Let schedules of deployments rest.

    Runs that are asked for are made all the same.
    """
    _set(app, deployment, paused=True)


@click.command()
@click.argument("deployment", nargs=-1, required=True)
@output_options
@pass_app
def resume(app: App, deployment: tuple[str, ...]) -> None:
    """Let schedules of deployments go on.

    What was due in the meantime is not made up for.
    """
    _set(app, deployment, paused=False)


def _set(app: App, references: tuple[str, ...], paused: bool) -> None:
    backend = backend_of(app)
    rows = [find_deployment(backend, each) for each in dict.fromkeys(references)]
    for row in rows:
        backend.pause_deployment(row.id, paused, clock.now())
    after = [backend.deployment(row.id) or row for row in rows]
    emit(app, Listing(after, partial(deployment_record, backend), columns(app, backend)))
