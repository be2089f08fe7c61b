"""`noria profile`: named sets of settings."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

_READING = "noria.cli.profile.reading"
_WRITING = "noria.cli.profile.writing"

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry(_READING, "ls", "List profiles; the one in use has a mark."),
    "view": Entry(_READING, "view", "Show what a profile sets: the one in use, or NAME."),
    "use": Entry(_WRITING, "use", "Make a profile the one that is used from now on."),
    "create": Entry(_WRITING, "create", "Make a profile."),
    "rm": Entry(_WRITING, "rm", "Delete a profile."),
    "set": Entry(_WRITING, "set_", "Set settings of the profile in use, or of --profile."),
    "unset": Entry(_WRITING, "unset", "Take settings out of the profile in use, or of --profile."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def profile() -> None:
    """Name sets of settings, and choose among them.

    A variable of the environment wins over the profile in use.
    """
