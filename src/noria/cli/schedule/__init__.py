"""`noria schedule`: when something is due, and whether it is made then."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry(
        "noria.cli.schedule.ls",
        "ls",
        "List the schedules of all deployments, or of one, and when they are due.",
    ),
    "pause": Entry(
        "noria.cli.schedule.pause", "pause", "Let a schedule rest, or all of a deployment."
    ),
    "resume": Entry(
        "noria.cli.schedule.pause", "resume", "Let a schedule go on, or all of a deployment."
    ),
    "next": Entry("noria.cli.schedule.next", "next_", "List the times that a rule means."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def schedule() -> None:
    """See when something is due, and let schedules rest."""
