"""`noria services`: the loops that look after all runs."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "start": Entry("noria.cli.services.start", "start", "Run the loops until told to stop."),
    "ls": Entry("noria.cli.services.ls", "ls", "List the loops, and who leads."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def services() -> None:
    """Look after schedules, late and dead runs.

    Every worker does so by itself. A process of its own is for stores whose workers come and go.
    One process at a time leads, the others take over when it is gone.
    """
