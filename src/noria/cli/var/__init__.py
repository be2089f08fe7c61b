"""`noria var`: named values that flows and people share."""

from __future__ import annotations

from collections.abc import Mapping

import click

from noria.cli.app import shared_options
from noria.cli.lazy import Entry, LazyGroup

COMMANDS: Mapping[str, Entry] = {
    "ls": Entry("noria.cli.var.ls", "ls", "List variables by name."),
    "get": Entry("noria.cli.var.get", "get", "Print the value of a variable."),
    "set": Entry("noria.cli.var.set", "set_", "Set a variable."),
    "rm": Entry("noria.cli.var.rm", "rm", "Delete variables."),
}


@click.group(cls=LazyGroup, table=COMMANDS, no_args_is_help=True)
@shared_options
def var() -> None:
    """Look at variables, and set them.

    A variable is a named JSON value that flows read with noria.variables. What is secret does not
    belong into one: everybody who can read the store can read it.
    """
