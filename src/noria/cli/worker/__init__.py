"""`noria worker`: processes that run what is due."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "start": Entry(
        "noria.cli.worker.start", "start", "Run what is due in pools, until told to stop."
    ),
    "ls": Entry("noria.cli.worker.ls", "ls", "List workers, and what they have under way."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def worker() -> None:
    """Run what deployments have due."""
