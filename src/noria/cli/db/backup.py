"""`noria db backup`: a copy of the store in a file."""

from __future__ import annotations

import os

import click

from noria.backend import stores
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object
from noria.cli.text import bytes_text


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@output_options
@pass_app
def backup(app: App, file: str) -> None:
    """Write a copy of the store to FILE.

    Others may go on working meanwhile. A store in SQLite becomes a file that Noria can use as it
    is; one on PostgreSQL is written by pg_dump, for pg_restore to read. Results that do not stand
    in the store are not in the copy.
    """
    target = os.path.abspath(file)
    size = stores.backup(app.settings.database, target)
    if app.for_people:
        app.say(f"{target}  {bytes_text(size)}")
    else:
        emit_object(app, {"id": target, "path": target, "size": size})
