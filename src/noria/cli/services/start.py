"""`noria services start`: the loops in a process of their own."""

from __future__ import annotations

import click

from noria.cli.app import App, pass_app, shared_options
from noria.services.readiness import say_ready
from noria.services.runner import run
from noria.session import open_session


@click.command()
@shared_options
@pass_app
def start(app: App) -> None:
    """Run the loops until told to stop.

    They look after schedules, late and dead runs.

    Runs are executed by workers: noria worker start.
    """

    def ready() -> None:
        app.note("Looking after schedules and runs. Ctrl-C ends it.")
        say_ready()

    run(open_session(), app.note, ready)
