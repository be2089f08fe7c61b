"""`noria var ls`: the variables."""

from __future__ import annotations

from collections.abc import Iterator

import click

from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.cli.var.rows import columns, record
from noria.core.records import VariableRow

PAGE = 1000


@click.command()
@click.argument("text", required=False)
@output_options
@pass_app
def ls(app: App, text: str | None) -> None:
    """List variables by name.

    With TEXT, only those whose names contain it.
    """
    listing = Listing(_pages(backend_of(app), text), record, columns(app))
    if not emit(app, listing) and app.for_people:
        app.note(
            "No variables match." if text else "No variables. Set one: noria var set NAME VALUE"
        )


def _pages(backend: Backend, text: str | None) -> Iterator[VariableRow]:
    after = None
    while page := backend.variables(text, after, PAGE):
        yield from page
        after = page[-1].name
