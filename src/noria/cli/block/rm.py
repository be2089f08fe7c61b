"""`noria block rm`: delete blocks."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import block_columns, block_record, delete, find_reference
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@click.argument("block", metavar="TYPE/NAME...", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, block: tuple[str, ...], yes: bool) -> None:
    """Delete blocks.

    All their versions go with them. What was deleted is printed.
    """
    backend = backend_of(app)
    rows = [find_reference(backend, each) for each in dict.fromkeys(block)]
    gone = delete(app, backend, rows, yes, "block")
    emit(app, Listing(gone, block_record, block_columns(app)))
