"""Runs, states and artifacts as values."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from noria.core import clock, ids
from noria.core.jsontext import from_json
from noria.core.records import ArtifactRow
from noria.core.states import TERMINAL_STATES, State, StateDetails, StateType
from noria.engine.runs import FlowRun, TaskRun

__all__ = [
    "TERMINAL_STATES",
    "Artifact",
    "FlowRun",
    "State",
    "StateDetails",
    "StateType",
    "TaskRun",
]


class Artifact(NamedTuple):
    """An artifact as it is stored; made by `noria.artifacts`."""

    id: uuid.UUID
    key: str | None
    type: str | None
    description: str | None
    data: Any
    """The text of a table (JSON), markdown, link or image; the percentage of a progress."""
    metadata_: dict[str, str] | None
    flow_run_id: uuid.UUID | None
    task_run_id: uuid.UUID | None
    created: datetime
    updated: datetime
    version: int | None
    """Counts the artifacts of a key from 1; None while it is not stored yet."""
    note: str | None
    """What was left out of the data, and why."""

    @classmethod
    def from_row(cls, row: ArtifactRow) -> Artifact:
        """The value of a stored row."""
        return cls(
            id=ids.to_uuid(row.id),
            key=row.key,
            type=row.kind,
            description=row.description,
            data=row.data if row.format == "text" else from_json(row.data),
            metadata_=None if row.metadata is None else from_json(row.metadata),
            flow_run_id=None if row.flow_run is None else ids.to_uuid(row.flow_run),
            task_run_id=None if row.task_run is None else ids.to_uuid(row.task_run),
            created=clock.to_datetime(row.created),
            updated=clock.to_datetime(row.updated),
            version=row.version,
            note=row.note,
        )
