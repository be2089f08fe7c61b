"""`noria block`: configuration that was saved under names."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.block.ls", "ls", "List blocks by type and name."),
    "show": Entry("noria.cli.block.show", "show", "Show the fields of a block."),
    "rm": Entry("noria.cli.block.rm", "rm", "Delete blocks."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def block() -> None:
    """Look at saved configuration.

    A block is saved by a program, with save() of noria.blocks.core.Block, and named TYPE/NAME.
    """
