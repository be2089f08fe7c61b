"""`noria services ls`: the loops, and who leads."""

from __future__ import annotations

from collections.abc import Sequence

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.store import backend_of
from noria.cli.timefmt import ago, iso
from noria.core import clock
from noria.core.records import ProcessRow
from noria.services.keeper import ROLE
from noria.services.keeper import services as services_of
from noria.services.service import Service


@click.command()
@output_options
@pass_app
def ls(app: App) -> None:
    """List the loops, and who leads."""
    now = clock.now()
    leader = backend_of(app).leader(ROLE, now)
    emit(
        app,
        Listing(services_of(app.settings), lambda service: _record(service, leader), _columns()),
    )
    if app.for_people:
        app.note(_leads(leader, now))


def _leads(leader: tuple[ProcessRow, int] | None, now: int) -> str:
    if leader is None:
        return "Nobody looks after runs; start a worker: noria worker start"
    process, since = leader
    return f"Process {process.pid} on {process.host} has led since {ago(since, now)}."


def _columns() -> Sequence[Column[Service]]:
    return (
        Column("id", "SERVICE", lambda service: service.name),
        Column("every", "EVERY", lambda service: f"{service.every:g} s", right=True),
        Column("purpose", "WHAT IT DOES", lambda service: service.purpose, shrinks=True),
        Column("leader"),
    )


def _record(service: Service, leader: tuple[ProcessRow, int] | None) -> Record:
    return {
        "id": service.name,
        "every": service.every,
        "purpose": service.purpose,
        "leader": None if leader is None else f"{leader[0].pid}@{leader[0].host}",
        "leads_since": None if leader is None else iso(leader[1]),
    }
