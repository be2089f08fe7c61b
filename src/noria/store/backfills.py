"""Backfills in the store."""

from __future__ import annotations

from noria.core.records import BackfillRow
from noria.store.database import Connection
from noria.store.statements import Statements
from noria.store.values import id_bounds

BACKFILL = Statements("backfill")


def add(connection: Connection, row: BackfillRow) -> None:
    """Make a backfill."""
    connection.execute(BACKFILL.add, row._asdict())


def page(
    connection: Connection, deployment: bytes | None, limit: int, before: bytes | None = None
) -> list[BackfillRow]:
    """The newest backfills, of one deployment or of all."""
    facts = {"deployment": deployment, "limit": limit, "before": before or b"\xff" * 17}
    return [BackfillRow._make(found) for found in connection.execute(BACKFILL.page, facts)]


def find(connection: Connection, reference: str) -> list[BackfillRow]:
    """The backfills that an id or its beginning may mean; `@last` is the newest."""
    if reference == "@last":
        return page(connection, None, 1)
    bounds = id_bounds(reference)
    if bounds is None:
        return []
    found = connection.execute(BACKFILL.by_id_range, {"first": bounds[0], "last": bounds[1]})
    return [BackfillRow._make(each) for each in found]


def cancel(connection: Connection, backfill: bytes, now: int) -> None:
    """Say that what waits of a backfill was cancelled."""
    connection.execute(BACKFILL.cancel, {"id": backfill, "now": now})


def slots(connection: Connection) -> dict[bytes, int]:
    """How many runs of each backfill that has any waiting may be under way at once."""
    return dict(connection.execute(BACKFILL.slots).fetchall())
