"""`noria config`: the settings as they are."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "view": Entry("noria.cli.config.view", "view", "Show settings and where they come from."),
    "set": Entry("noria.cli.profile.writing", "set_", "Set settings of the profile in use."),
    "unset": Entry("noria.cli.profile.writing", "unset", "Take them out of it."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def config() -> None:
    """See the settings and where they come from; set those of the profile in use."""
