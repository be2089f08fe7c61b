"""Locks that end with their holders: one who has died, or whose time is over, holds nothing."""

from __future__ import annotations

from noria.backend.processes import is_alive
from noria.core.records import LockRow
from noria.store import locks, processes
from noria.store.database import Connection


def holder(connection: Connection, key: str, now: int) -> LockRow | None:
    """Who holds a lock."""
    row = locks.get(connection, key)
    if row is None or (row.expires is not None and row.expires <= now):
        return None
    process = processes.get(connection, row.process)
    return row if process is not None and is_alive(process, now) else None


def acquire(connection: Connection, row: LockRow) -> bool:
    """Take a lock that nobody else holds; what its holder asks for again only lasts longer."""
    held = holder(connection, row.key, row.acquired)
    if held is not None and held.holder != row.holder:
        return False
    locks.take(connection, row)
    return True
