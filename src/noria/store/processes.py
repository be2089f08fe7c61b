"""Processes in the store; whether one is alive is asked in `noria.backend.processes`."""

from __future__ import annotations

import sqlite3

from noria.core.records import ProcessRow
from noria.store.bulk import BulkWrite
from noria.store.statements import Statements
from noria.store.values import mended

PROCESS = Statements("process")


def save(connection: sqlite3.Connection, row: ProcessRow) -> None:
    """Make a process known."""
    BulkWrite(PROCESS.write).run(connection, [mended(value) for value in row])


def get(connection: sqlite3.Connection, process: bytes) -> ProcessRow | None:
    """One process."""
    found = connection.execute(PROCESS.get, {"id": process}).fetchone()
    return found and ProcessRow._make(found)


def beat(connection: sqlite3.Connection, process: bytes, now: int) -> None:
    """Renew a process's lease."""
    connection.execute(PROCESS.beat, {"id": process, "now": now})


def end(connection: sqlite3.Connection, process: bytes, now: int, verdict: str | None) -> None:
    """Note that a process has ended, and how."""
    connection.execute(PROCESS.end, {"id": process, "now": now, "verdict": verdict})
