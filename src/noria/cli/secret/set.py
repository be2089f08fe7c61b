"""`noria secret set`: set a secret."""

from __future__ import annotations

import sys

import click

from noria.blocks.storage import SECRET, BlockStore, Contents, checked_name
from noria.cli.app import App, output_options, pass_app
from noria.cli.block.rows import secret_columns, secret_record
from noria.cli.errors import CliError, Code
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.core.redaction import register_secret


@click.command(name="set")
@click.argument("name")
@click.option("--overwrite", is_flag=True, help="Replace one that is there already.")
@output_options
@pass_app
def set_(app: App, name: str, overwrite: bool) -> None:
    """Set a secret, asking for its value.

    Where there is no terminal the value is read from stdin. It is never taken from the command
    line, which others can see and shells remember.
    """
    store = BlockStore(backend_of(app), app.settings)
    try:
        checked_name(name)
    except ValueError as error:
        head, _, rest = str(error).rstrip(".").partition("; ")
        raise CliError(Code.USAGE, head, rest, "see noria secret set --help") from None
    if not overwrite and store.find(SECRET, name) is not None:
        raise _exists(name)
    value = _asked(name) if can_ask() else _piped()
    register_secret(value)
    row = store.save(SECRET, name, Contents({}, {"value": value}), overwrite)
    if row is None:
        raise _exists(name)
    emit(app, Listing([row], secret_record, secret_columns(app)))


def can_ask() -> bool:
    """Whether there is a person to answer."""
    return sys.stdin.isatty()


def _asked(name: str) -> str:
    value: str = click.prompt(
        f"Value of {name}", hide_input=True, confirmation_prompt="Once more", err=True
    )
    return value


def _piped() -> str:
    value = sys.stdin.read()
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise CliError(
            Code.USAGE,
            "there is no value on stdin",
            "a secret is read from a terminal or from stdin, never from the command line",
            "pipe it: pass show db | noria secret set NAME",
        )
    return value


def _exists(name: str) -> CliError:
    return CliError(
        Code.CONFLICT,
        f"secret {name} already exists",
        "it was left as it is",
        "replace it with --overwrite",
    )
