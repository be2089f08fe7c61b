"""The columns of a run in a listing of what a command did to it."""

from __future__ import annotations

from collections.abc import Sequence

from noria.backend.port import Backend
from noria.cli.appearance import glyph, labelled
from noria.cli.output import Column
from noria.cli.references import short_id
from noria.core.records import FlowRunRow


def brief_columns(backend: Backend) -> Sequence[Column[FlowRunRow]]:
    """Id, state, name and flow."""
    flow: Column[FlowRunRow] = Column("flow_name", "FLOW", lambda row: row.flow_name, shrinks=True)
    return (*run_columns(backend), flow)


def run_columns(backend: Backend) -> Sequence[Column[FlowRunRow]]:
    """Id, state and name."""
    return (
        Column("id", "ID", lambda row: short_id(backend, row.id), lambda _row: "dim"),
        Column(
            "state_name",
            "STATE",
            lambda row: labelled(row.state, row.state_name),
            lambda row: glyph(row.state, row.state_name)[1],
        ),
        Column("name", "RUN", lambda row: row.name, shrinks=True),
    )
