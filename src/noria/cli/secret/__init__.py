"""`noria secret`: values that are encrypted in the store."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.secret.ls", "ls", "List secrets by name, without their values."),
    "set": Entry("noria.cli.secret.set", "set_", "Set a secret, asking for its value."),
    "get": Entry("noria.cli.secret.get", "get", "Say what is known of a secret, or print it."),
    "rm": Entry("noria.cli.secret.rm", "rm", "Delete secrets."),
    "rotate": Entry("noria.cli.secret.rotate", "rotate", "Encrypt all secrets with another key."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def secret() -> None:
    """Keep secrets, encrypted.

    A flow reads one with Secret.load("NAME").get(), of noria.blocks.system.
    """
