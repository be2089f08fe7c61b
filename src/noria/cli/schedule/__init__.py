"""`noria schedule`: when something is due."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "next": Entry("noria.cli.schedule.next", "next_", "List the times that a rule means."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def schedule() -> None:
    """See when something is due."""
