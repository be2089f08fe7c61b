"""`noria service stop`."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.service.rows import daemons_of, named, show
from noria.cli.service.start import DRAIN_SECONDS


@click.command()
@click.argument("name", nargs=-1)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=DRAIN_SECONDS,
    show_default=True,
    help="Seconds that runs under way may take to end before they are stopped.",
)
@output_options
@pass_app
def stop(app: App, name: tuple[str, ...], timeout: float) -> None:
    """Stop services.

    All of them without NAME. A worker takes no more runs, and ends when those under way have ended.
    """
    daemons = daemons_of(app)
    found = named(daemons, name)
    for daemon in found:
        if not daemons.stop(daemon.name, timeout):
            app.note(f"{daemon.name}: runs were still under way, and were stopped.")
    show(app, [daemons.get(daemon.name) or daemon for daemon in found])
