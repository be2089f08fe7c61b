"""`noria db`: the store that keeps the records."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "info": Entry("noria.cli.db.info", "info", "Say where the store is and what is in it."),
    "path": Entry("noria.cli.db.path", "path", "Print the path of the store, or its URL."),
    "vacuum": Entry("noria.cli.db.vacuum", "vacuum", "Remove what nobody needs, and free space."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def db() -> None:
    """Look after the store that keeps the records."""
