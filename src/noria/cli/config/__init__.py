"""`noria config`: the settings as they are."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "view": Entry(
        "noria.cli.config.view", "view", "Show every setting, its value, and where it comes from."
    ),
    "set": Entry(
        "noria.cli.profile.writing", "set_", "Set settings of the profile in use, or of --profile."
    ),
    "unset": Entry(
        "noria.cli.profile.writing",
        "unset",
        "Take settings out of the profile in use, or of --profile.",
    ),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def config() -> None:
    """See settings and where they come from."""
