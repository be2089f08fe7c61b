"""`noria secret ls`: the secrets."""

from __future__ import annotations

import click

from noria.blocks.storage import SECRET
from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import named, secret_columns, secret_record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@output_options
@pass_app
def ls(app: App) -> None:
    """List secrets by name, without their values."""
    listing = Listing(named(backend_of(app), SECRET), secret_record, secret_columns(app))
    if not emit(app, listing) and app.for_people:
        app.note("No secrets. Set one: noria secret set NAME")
