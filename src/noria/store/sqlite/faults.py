"""What SQLite reports, as sentences that name the file and say what to do."""

from __future__ import annotations

import os
import sqlite3

from noria.core.errors import StoreError

_ELSEWHERE = "or set NORIA_HOME to another folder"


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection held a lock that was needed."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def explain(error: sqlite3.Error, path: str) -> StoreError:
    """The error to raise for what SQLite reported about the file at `path`."""
    code = _code(error)
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(
            f"{path} is not a SQLite database, so it cannot be the store. It was left as it is. "
            f"Move it away if it should not be there, {_ELSEWHERE}."
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(
            f"The store {path} is damaged ({error}). It was left as it is. Keep a copy, try "
            f"`sqlite3 {path} .recover` to save what can be read, then move it away to begin a "
            f"new one, {_ELSEWHERE}."
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"The store {path} cannot grow: {_disk(path)} is full. Free some space "
            f"(`noria db vacuum` gives back what deleted runs used), {_ELSEWHERE}."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return unwritable(path, str(error))
    if is_busy(error):
        return StoreError(
            f"The store {path} has been locked by another process for too long. Close what holds "
            "it (a backup, a database shell with an open transaction), then try again."
        )
    return StoreError(
        f"The store {path} cannot be used: {error}. Check the disk of {_disk(path)}, {_ELSEWHERE}."
    )


def unwritable(path: str, reason: str) -> StoreError:
    """The error for a store in a folder that cannot be written."""
    return StoreError(
        f"The folder {os.path.dirname(path)} cannot hold the store {os.path.basename(path)}: "
        f"{reason}. Give yourself permission to write there, {_ELSEWHERE}."
    )


def _code(error: sqlite3.Error) -> int:
    # The low byte is the primary code; errors that Python itself raises carry none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _disk(path: str) -> str:
    return os.path.dirname(path) or path
