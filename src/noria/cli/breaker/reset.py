"""`noria breaker reset`: close circuit breakers."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.breaker.rows import switch
from noria.core.breakers import Reset


@click.command()
@click.argument("name", nargs=-1, required=True)
@output_options
@pass_app
def reset(app: App, name: tuple[str, ...]) -> None:
    """Close circuit breakers.

    Their failures are forgotten. What was closed is printed.
    """
    switch(app, name, Reset)
