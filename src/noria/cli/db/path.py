"""`noria db path`: where the store is."""

from __future__ import annotations

import click

from noria.cli.app import App, pass_app, shared_options


@click.command()
@shared_options
@pass_app
def path(app: App) -> None:
    """Print the path of the store, whether or not it exists yet."""
    app.say(app.settings.database_path)
