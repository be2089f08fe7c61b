"""`noria db path`: where the store is."""

from __future__ import annotations

import click

from noria.cli.app import App, pass_app, shared_options


@click.command()
@shared_options
@pass_app
def path(app: App) -> None:
    """Print the path of the store.

    It need not exist yet.
    """
    app.say(app.settings.database_path)
