"""`noria breaker`: circuit breakers, which skip calls of what keeps failing."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.breaker.ls", "ls", "List circuit breakers by name."),
    "show": Entry("noria.cli.breaker.show", "show", "Show a circuit breaker."),
    "reset": Entry("noria.cli.breaker.reset", "reset", "Close circuit breakers."),
    "trip": Entry("noria.cli.breaker.trip", "trip", "Open circuit breakers."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def breaker() -> None:
    """Look at circuit breakers, and switch them.

    A breaker is there from the first call on that goes through it, and all processes share it.
    """
