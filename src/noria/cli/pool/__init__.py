"""`noria pool`: where deployments leave their runs for workers."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.pool.ls", "ls", "List pools, and what waits in them."),
    "show": Entry("noria.cli.pool.show", "show", "Show a pool, its queues and workers."),
    "set": Entry("noria.cli.pool.set", "set_", "Make or change a pool."),
    "pause": Entry("noria.cli.pool.pause", "pause", "Take no more runs of pools."),
    "resume": Entry("noria.cli.pool.pause", "resume", "Take runs of pools again."),
    "rm": Entry("noria.cli.pool.rm", "rm", "Forget what was said of pools."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def pool() -> None:
    """Look at pools of work, and change them.

    Deployments name a pool, and workers take runs of it: noria worker start --pool NAME. A pool is
    there once something names it; it is set only to limit it or to say what it is for.
    """
