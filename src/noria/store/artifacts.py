"""Artifacts in the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from noria.core.records import ArtifactRow
from noria.store.database import Connection
from noria.store.statements import Sql, Statements
from noria.store.values import id_bounds

ARTIFACT = Statements("artifact")


def flatten(rows: Iterable[ArtifactRow]) -> list[Any]:
    """The columns of all rows, one after another; versions are given by the store."""
    return [column for row in rows for column in row[:-1]]


def select(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[ArtifactRow]:
    """The artifacts that a statement returns."""
    return [ArtifactRow._make(columns) for columns in connection.execute(sql, facts)]


def get(connection: Connection, artifact: bytes) -> ArtifactRow | None:
    """One artifact with its data."""
    found = select(connection, ARTIFACT.get, {"id": artifact})
    return found[0] if found else None


def by_id(connection: Connection, beginning: str, limit: int) -> list[ArtifactRow]:
    """The newest artifacts whose id begins so; none when it is no beginning of an id."""
    bounds = id_bounds(beginning)
    if bounds is None:
        return []
    facts = {"first": bounds[0], "last": bounds[1], "limit": limit}
    return select(connection, ARTIFACT.by_id_range, facts)
