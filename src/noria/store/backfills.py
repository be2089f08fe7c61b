"""Backfills in the store."""

from __future__ import annotations

from noria.core.records import BackfillRow
from noria.store.database import Connection
from noria.store.statements import Statements

BACKFILL = Statements("backfill")


def add(connection: Connection, row: BackfillRow) -> None:
    """Make a backfill."""
    connection.execute(BACKFILL.add, row._asdict())


def get(connection: Connection, backfill: bytes) -> BackfillRow | None:
    """One backfill."""
    found = connection.execute(BACKFILL.get, {"id": backfill}).fetchone()
    return found and BackfillRow._make(found)


def slots(connection: Connection) -> dict[bytes, int]:
    """How many runs of each backfill that has any waiting may be under way at once."""
    return dict(connection.execute(BACKFILL.slots).fetchall())
