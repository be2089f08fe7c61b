"""`noria artifact`: what runs have left for people to read."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.artifact.ls", "ls", "List artifacts, the last updated first."),
    "show": Entry("noria.cli.artifact.show", "show", "Show an artifact."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def artifact() -> None:
    """Look at what runs have made.

    Artifacts are tables, texts, links, progress and images that flows and tasks create with
    noria.artifacts. Those of one key are versions of one another.
    """
