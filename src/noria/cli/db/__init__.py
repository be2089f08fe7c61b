"""`noria db`: the store that keeps the records."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "backup": Entry("noria.cli.db.backup", "backup", "Write a copy of the store to FILE."),
    "copy": Entry("noria.cli.db.copy", "copy", "Copy all that the store SOURCE holds into TARGET."),
    "info": Entry("noria.cli.db.info", "info", "Say where the store is and what is in it."),
    "path": Entry("noria.cli.db.path", "path", "Print the path of the store, or its URL."),
    "prune": Entry(
        "noria.cli.db.prune", "prune", "Delete runs that ended long ago, and all they recorded."
    ),
    "status": Entry("noria.cli.db.status", "status", "Say whether this Noria can use the store."),
    "upgrade": Entry(
        "noria.cli.db.upgrade", "upgrade", "Bring the store to the schema of this Noria."
    ),
    "vacuum": Entry("noria.cli.db.vacuum", "vacuum", "Remove what nobody needs, and free space."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def db() -> None:
    """Look after the store that keeps the records."""
