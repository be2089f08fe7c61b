"""`noria var rm`: delete variables."""

from __future__ import annotations

import sys

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.cli.text import clean
from noria.cli.var.rows import columns, find_variable, record, value_text
from noria.console.wording import plural
from noria.core.records import VariableRow


@click.command()
@click.argument("name", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_options
@pass_app
def rm(app: App, name: tuple[str, ...], yes: bool) -> None:
    """Delete variables.

    What was deleted is printed.
    """
    backend = backend_of(app)
    rows = [find_variable(backend, each) for each in dict.fromkeys(name)]
    if not yes:
        _confirm(app, rows)
    gone = [row for row in rows if backend.unset_variable(row.name)]
    emit(app, Listing(gone, record, columns(app)))


def can_ask() -> bool:
    """Whether there is a person to answer."""
    return sys.stdin.isatty()


def _confirm(app: App, rows: list[VariableRow]) -> None:
    if not can_ask():
        raise CliError(
            Code.CONFIRM,
            f"will not delete {plural(len(rows), 'variable')} without being sure",
            "there is no terminal to ask on",
            "say so with --yes",
        )
    for row in rows:
        app.note(clean(f"  {row.name}  {value_text(row)}"))
    click.confirm(f"Delete {plural(len(rows), 'variable')}?", abort=True, err=True)
