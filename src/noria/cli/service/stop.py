"""`noria service stop`."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.service.rows import daemons_of, named, show, timeout_option


@click.command()
@click.argument("name", nargs=-1)
@timeout_option
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
