"""`noria limit ls`: the limits."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.limit.rows import columns, record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@output_options
@pass_app
def ls(app: App) -> None:
    """List limits and how full they are.

    HELD counts slots, over all keys; WAITING counts who waits.
    """
    if not emit(app, Listing(backend_of(app).limits(), record, columns(app))) and app.for_people:
        app.note("No limits. Make one: noria limit set NAME SLOTS")
