"""`noria service status`."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import Exit
from noria.cli.service.rows import daemons_of, named, show
from noria.services.daemons import Standing


@click.command()
@click.argument("name", nargs=-1)
@output_options
@pass_app
def status(app: App, name: tuple[str, ...]) -> None:
    """Say how services stand.

    Exits with 1 unless all of them run.
    """
    found = named(daemons_of(app), name)
    show(app, found)
    if not found or any(daemon.standing != Standing.RUNNING for daemon in found):
        raise click.exceptions.Exit(Exit.RUN_FAILED)
