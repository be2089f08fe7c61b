"""`noria deployment`: flows that run when they are due or asked for."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.deployment.ls", "ls", "List deployments, and when they are due."),
    "show": Entry("noria.cli.deployment.show", "show", "Show a deployment."),
    "run": Entry("noria.cli.deployment.run", "run", "Ask for a run of a deployment."),
    "pause": Entry("noria.cli.deployment.pause", "pause", "Let schedules of deployments rest."),
    "resume": Entry("noria.cli.deployment.pause", "resume", "Let schedules of deployments go on."),
    "rm": Entry("noria.cli.deployment.rm", "rm", "Delete deployments."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def deployment() -> None:
    """Look at deployments, and act on them.

    A deployment is a flow with a name, parameters and schedules. A script serves it with
    flow.serve("name"); noria worker start runs those of a pool.
    """
