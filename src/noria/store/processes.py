"""Processes in the store; whether one is alive is asked in `noria.backend.processes`."""

from __future__ import annotations

from noria.core.records import ProcessRow
from noria.store.database import Connection
from noria.store.statements import Statements
from noria.store.values import mended

PROCESS = Statements("process")


def save(connection: Connection, row: ProcessRow) -> None:
    """Make a process known."""
    connection.write_rows(PROCESS.write, [mended(value) for value in row])


def get(connection: Connection, process: bytes) -> ProcessRow | None:
    """One process."""
    found = connection.execute(PROCESS.get, {"id": process}).fetchone()
    return found and ProcessRow._make(found)


def beat(connection: Connection, process: bytes, now: int) -> None:
    """Renew a process's lease."""
    connection.execute(PROCESS.beat, {"id": process, "now": now})


def end(connection: Connection, process: bytes, now: int, verdict: str | None) -> None:
    """Note that a process has ended, and how."""
    connection.execute(PROCESS.end, {"id": process, "now": now, "verdict": verdict})
