"""`noria db path`: where the store is."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object
from noria.core.profiles import hidden


@click.command()
@output_options
@pass_app
def path(app: App) -> None:
    """Print the path of the store, or its URL.

    It need not exist yet. A password in the URL is not shown.
    """
    location = hidden("NORIA_DATABASE_URL", app.settings.database)
    if app.output in (None, "table"):
        app.say(location)
    else:
        emit_object(app, {"id": location, "path": location})
