"""`noria version`: what an error report needs to say."""

from __future__ import annotations

import platform
import sqlite3

import click

from noria import __version__
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object


@click.command()
@output_options
@pass_app
def version(app: App) -> None:
    """Print the versions of noria and its parts."""
    record = {
        "id": __version__,
        "noria": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
    }
    if app.for_people:
        for key in ("noria", "python", "sqlite", "platform"):
            app.say(f"{app.paint(f'{key:<9}', 'dim')} {record[key]}")
    else:
        emit_object(app, record)
