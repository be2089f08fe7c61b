"""`noria limit`: how much may happen at a time, or in a second."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.limit.ls", "ls", "List limits and how full they are."),
    "set": Entry("noria.cli.limit.set", "set_", "Make or change a limit."),
    "rm": Entry("noria.cli.limit.rm", "rm", "Remove limits."),
    "holders": Entry("noria.cli.limit.holders", "holders", "Show who holds slots and who waits."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def limit() -> None:
    """Limit how much happens at a time.

    Limits hold over all processes that share the store. Code takes slots of a limit with
    noria.concurrency; a limit with --tag holds for all task runs with that tag.
    """
