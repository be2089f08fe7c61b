"""`noria var set`: set a variable."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.cli.var.rows import columns, record
from noria.variables import variable_row


@click.command(name="set")
@click.argument("name")
@click.argument("value")
@click.option("--tag", multiple=True, help="A text to sort variables by; repeat it for several.")
@click.option("--text", is_flag=True, help="Take VALUE as a text, also when it is JSON.")
@click.option("--overwrite", is_flag=True, help="Replace one that is there already.")
@output_options
@pass_app
def set_(
    app: App, name: str, value: str, tag: tuple[str, ...], text: bool, overwrite: bool
) -> None:
    """Set a variable.

    VALUE is JSON where it is JSON (3, true, [1, 2]), else a text; `-` reads it from stdin. What was
    set is printed.
    """
    if value == "-":
        value = sys.stdin.read().rstrip("\n")
    try:
        row = variable_row(name, value if text else _read(value), list(tag))
    except ValueError as error:
        head, _, rest = str(error).rstrip(".").partition("; ")
        raise CliError(Code.USAGE, head, rest, "see noria var set --help") from None
    done = backend_of(app).set_variable(row, overwrite)
    if done is None:
        raise CliError(
            Code.CONFLICT,
            f"variable {name} already exists",
            "it was left as it is",
            "replace it with --overwrite",
        )
    emit(app, Listing([done], record, columns(app)))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
