"""`noria secret rm`: delete secrets."""

from __future__ import annotations

import click

from noria.blocks.storage import SECRET
from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import delete, find_block, secret_columns, secret_record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@click.argument("name", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, name: tuple[str, ...], yes: bool) -> None:
    """Delete secrets.

    All their versions go with them. What was deleted is printed.
    """
    backend = backend_of(app)
    rows = [find_block(backend, SECRET, each) for each in dict.fromkeys(name)]
    gone = delete(app, backend, rows, yes, "secret")
    emit(app, Listing(gone, secret_record, secret_columns(app)))
