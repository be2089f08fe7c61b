"""`noria schedule pause` and `resume`: schedules rest, or go on."""

from __future__ import annotations

import shlex

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.deployment.rows import find_deployment, full_name
from noria.cli.output import Listing, emit
from noria.cli.schedule.rows import check_slug, columns, record, shown
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.core import clock
from noria.core.records import DeploymentRow


@click.command()
@click.argument("deployment")
@click.argument("slug", required=False)
@output_options
@pass_app
def pause(app: App, deployment: str, slug: str | None) -> None:
    """Let a schedule rest, or all of a deployment.

    Runs that it has made and that nobody has begun are cancelled. Deploying again does not wake it.
    """
    _set(app, deployment, slug, active=False)


@click.command()
@click.argument("deployment")
@click.argument("slug", required=False)
@output_options
@pass_app
def resume(app: App, deployment: str, slug: str | None) -> None:
    """Let a schedule go on, or all of a deployment.

    What was due in the meantime is not made up for; noria backfill does that.
    """
    _set(app, deployment, slug, active=True)


def _set(app: App, reference: str, slug: str | None, active: bool) -> None:
    backend = backend_of(app)
    row = find_deployment(backend, reference)
    if slug is None:
        backend.pause_deployment(row.id, not active, clock.now())
    else:
        check_slug(backend, row, slug)
        backend.activate_schedule(row.id, slug, active, clock.now())
    row = backend.deployment(row.id) or row
    found = shown(backend, row)
    emit(app, Listing(found, record, columns(app)))
    if active:
        resting = [each.schedule.slug for each in found if not each.schedule.active]
        _say_what_rests(app, row, resting if slug is None else [])


def _say_what_rests(app: App, row: DeploymentRow, resting: list[str]) -> None:
    name = shlex.quote(full_name(row))
    if row.paused:
        app.note(clean(f"The deployment itself is paused: noria schedule resume {name}"))
    for slug in resting:
        command = f"noria schedule resume {name} {shlex.quote(slug)}"
        app.note(clean(f"{slug} was paused by itself, and still is: {command}"))
