"""`noria block ls`: the blocks."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import block_columns, block_record, named
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@click.argument("type_", metavar="[TYPE]", required=False)
@output_options
@pass_app
def ls(app: App, type_: str | None) -> None:
    """List blocks by type and name.

    Only those of TYPE, if it is given.
    """
    listing = Listing(named(backend_of(app), type_), block_record, block_columns(app))
    if not emit(app, listing) and app.for_people:
        app.note("No blocks of this type." if type_ else "No blocks.")
