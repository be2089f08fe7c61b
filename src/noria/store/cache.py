"""Cached results in the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from noria.core.records import CacheRow, StoredValue
from noria.store.database import Connection
from noria.store.statements import Statements

CACHE = Statements("cache")


def flatten(rows: Iterable[CacheRow]) -> list[Any]:
    """The columns of all rows, one after another."""
    flat: list[Any] = []
    for row in rows:
        columns: list[Any] = list(row)
        columns[3:4] = row.value
        columns[-1] = int(row.of_run)
        flat += columns
    return flat


def get(connection: Connection, key: str, now: int) -> CacheRow | None:
    """The unexpired result under a key."""
    found = connection.execute(CACHE.get, {"key": key, "now": now}).fetchone()
    if found is None:
        return None
    *head, of_run = found
    return CacheRow._make((*head[:3], StoredValue(*head[3:7]), *head[7:], bool(of_run)))


def has_expired(connection: Connection, now: int) -> bool:
    """Whether there are results whose time is over."""
    return bool(connection.execute(CACHE.has_expired, {"now": now}).fetchone()[0])


def expire(connection: Connection, now: int) -> int:
    """Drop the results whose time is over; returns how many."""
    return connection.execute(CACHE.expire, {"now": now}).rowcount
