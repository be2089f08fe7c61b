"""Locks in the store; whether a holder still lives is asked in `noria.backend.locks`."""

from __future__ import annotations

from noria.core.records import LockRow
from noria.store.database import Connection
from noria.store.statements import Statements

LOCK = Statements("key_lock")


def get(connection: Connection, key: str) -> LockRow | None:
    """Who holds a lock, or has held it when he died."""
    found = connection.execute(LOCK.get, {"key": key}).fetchone()
    return found and LockRow._make(found)


def take(connection: Connection, row: LockRow) -> None:
    """Let somebody have a lock, whoever had it before."""
    connection.execute(LOCK.take, row._asdict())


def release(connection: Connection, key: str, holder: str) -> bool:
    """Give a lock back; False when another holds it, or nobody."""
    return connection.execute(LOCK.release, {"key": key, "holder": holder}).rowcount > 0
