"""`noria queue`: the queues of a pool."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.queue.ls", "ls", "List queues, and what waits in them."),
    "set": Entry("noria.cli.queue.set", "set_", "Make or change a queue."),
    "pause": Entry("noria.cli.queue.pause", "pause", "Take no more runs of a queue."),
    "resume": Entry("noria.cli.queue.pause", "resume", "Take runs of a queue again."),
    "rm": Entry("noria.cli.queue.rm", "rm", "Forget what was said of a queue."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def queue() -> None:
    """Look at the queues of pools, and change them.

    What waits in a queue of rank 1 goes before what has waited up to ten minutes longer in one of
    rank 2. A queue is there once something names it.
    """
