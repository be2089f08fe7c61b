"""`noria secret get`: a secret."""

from __future__ import annotations

import click

from noria.blocks.storage import SECRET, BlockStore
from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import find_block, secret_columns, secret_record
from noria.cli.output import Listing, dump, emit, emit_object
from noria.cli.store import backend_of


@click.command()
@click.argument("name")
@click.option("--reveal", is_flag=True, help="Print the value itself.")
@click.option("--version", type=click.IntRange(1), help="An earlier version, counted from 1.")
@output_options
@pass_app
def get(app: App, name: str, reveal: bool, version: int | None) -> None:
    """Say what is known of a secret, or print it.

    The value is printed only with --reveal.
    """
    backend = backend_of(app)
    row = find_block(backend, SECRET, name, version)
    if not reveal:
        emit(app, Listing([row], secret_record, secret_columns(app)))
        if app.for_people:
            app.note("The value is printed only with --reveal.")
        return
    value = BlockStore(backend, app.settings).open(row)["value"]
    if app.output in (None, "table"):
        app.say(value if isinstance(value, str) else dump(value))
    else:
        emit_object(app, {**secret_record(row), "value": value})
