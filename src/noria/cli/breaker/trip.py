"""`noria breaker trip`: open circuit breakers."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.breaker.rows import switch
from noria.cli.errors import CliError, Code
from noria.core.breakers import Trip
from noria.core.spans import parse_span


@click.command()
@click.argument("name", nargs=-1, required=True)
@click.option("--for", "span", metavar="SPAN", help="For how long: 30s, 10m, 2h, 1d12h.")
@click.option("--reason", help="Shown to people.")
@output_options
@pass_app
def trip(app: App, name: tuple[str, ...], span: str | None, reason: str | None) -> None:
    """Open circuit breakers.

    Calls through them are skipped until they are reset, or with --for for a while. What was opened
    is printed.
    """
    found = None if span is None else parse_span(span)
    if span is not None and not found:
        raise CliError(
            Code.USAGE, f"--for {span} is no span of time", "expected such as 30s, 10m, 2h, 1d12h"
        )
    switch(app, name, lambda: Trip(found, reason))
