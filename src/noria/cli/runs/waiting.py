"""`noria runs waiting`: what waits for a person, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from noria.backend.port import Backend
from noria.cli.app import App, output_options, pass_app
from noria.cli.appearance import glyph, labelled
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.references import short_id
from noria.cli.store import backend_of
from noria.cli.timefmt import ago, iso, moment
from noria.console.wording import duration, one_line
from noria.core import clock
from noria.core.ids import to_text
from noria.core.jsonschema import described
from noria.core.records import FlowRunRow, PauseRow
from noria.core.states import StateType
from noria.engine.answers import description_of, schema_of


class Waiting(NamedTuple):
    """A run that waits, and for what."""

    run: FlowRunRow
    pause: PauseRow
    description: str | None
    schema: dict[str, Any] | None

    @property
    def fields(self) -> dict[str, Any]:
        """What is asked for: name -> schema of a field."""
        found: dict[str, Any] = (self.schema or {}).get("properties", {})
        return found

    @property
    def question(self) -> str:
        """What is waited for, in one line."""
        if self.schema is None:
            return self.description or "to be resumed"
        asked = ", ".join(self.field(name) for name in self.fields)
        return f"{one_line(self.description)} ({asked})" if self.description else asked

    def field(self, name: str) -> str:
        """A field with what it takes: `rows: an integer`."""
        words = described(self.fields[name], self.schema or {})
        optional = name not in (self.schema or {}).get("required", ())
        return f"{name}: {words}{', optional' if optional else ''}"


def waiting_of(backend: Backend, flow_run: bytes | None = None) -> list[Waiting]:
    """What waits in a run and those below it, or anywhere; the oldest first."""
    found = []
    for pause in backend.open_pauses(flow_run):
        run = backend.flow_run(pause.flow_run)
        if run is not None:
            schema = schema_of(backend, pause)
            found.append(Waiting(run, pause, description_of(backend, pause), schema))
    return found


@click.command()
@output_options
@pass_app
def waiting(app: App) -> None:
    """List what waits for a person.

    The oldest first; answer with `noria runs approve`, or refuse with `noria runs reject`.
    """
    backend = backend_of(app)
    shown = emit(app, Listing(waiting_of(backend), record, _columns(app, backend, clock.now())))
    if app.for_people and not shown:
        app.note("Nothing waits.")


def record(row: Waiting) -> Record:
    """A pause as a program reads it."""
    pause = row.pause
    return {
        "id": to_text(row.run.id),
        "name": row.run.name,
        "flow_name": row.run.flow_name,
        "root_run_id": to_text(row.run.root_run),
        "key": pause.key,
        "state_name": pause.name,
        "since": iso(pause.since),
        "until": None if pause.until is None else iso(pause.until),
        "description": row.description,
        "schema": row.schema,
        "fault": pause.fault,
    }


def _columns(app: App, backend: Backend, now: int) -> Sequence[Column[Waiting]]:
    def since(row: Waiting) -> str:
        return moment(row.pause.since, app.utc) if app.utc else ago(row.pause.since, now)

    return (
        Column("id", "ID", lambda row: short_id(backend, row.run.id), lambda _row: "dim"),
        Column(
            "state_name",
            "STATE",
            lambda row: labelled(StateType.PAUSED, row.pause.name),
            lambda row: glyph(StateType.PAUSED, row.pause.name)[1],
        ),
        Column("name", "RUN", lambda row: row.run.name, shrinks=True),
        Column("flow_name", "FLOW", lambda row: row.run.flow_name, shrinks=True),
        Column("since", "SINCE", since),
        Column("until", "LEFT", lambda row: time_left(row.pause, now)),
        Column("description", "WAITS FOR", lambda row: row.question, shrinks=True),
    )


def time_left(pause: PauseRow, now: int) -> str:
    """How long a pause will still wait."""
    return "" if pause.until is None else duration(max(pause.until - now, 0))
