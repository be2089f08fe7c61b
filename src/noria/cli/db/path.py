"""`noria db path`: where the store is."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object


@click.command()
@output_options
@pass_app
def path(app: App) -> None:
    """Print the path of the store.

    It need not exist yet.
    """
    location = app.settings.database_path
    if app.output in (None, "table"):
        app.say(location)
    else:
        emit_object(app, {"id": location, "path": location})
