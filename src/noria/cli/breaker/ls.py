"""`noria breaker ls`: the circuit breakers."""

from __future__ import annotations

from collections.abc import Iterator

import click

from noria.backend import processes
from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.breaker.rows import columns, record
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of
from noria.core.breakers import BreakerRow, CircuitState

PAGE = 1000


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only those that are not closed.")
@output_options
@pass_app
def ls(app: App, only_open: bool) -> None:
    """List circuit breakers by name."""
    now = processes.moment()
    rows = _pages(backend_of(app))
    if only_open:
        rows = (row for row in rows if row.state is not CircuitState.CLOSED)
    found = Listing(rows, lambda row: record(row, now), columns(app, now))
    if not emit(app, found) and app.for_people:
        app.note("No circuit breakers are open." if only_open else "No circuit breakers.")


def _pages(backend: Backend) -> Iterator[BreakerRow]:
    after = None
    while page := backend.breakers(after, PAGE):
        yield from page
        after = page[-1].name
