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


def page(connection: Connection, after: bytes, before: int, limit: int) -> list[ProcessRow]:
    """Processes that were made known before a time, from a keyset on."""
    facts = {"after": after, "before": before, "limit": limit}
    return [ProcessRow._make(row) for row in connection.execute(PROCESS.page, facts)]


def is_needed(connection: Connection, process: bytes) -> bool:
    """Whether anything speaks of a process."""
    return bool(connection.execute(PROCESS.is_needed, {"id": process}).fetchone()[0])


def delete(connection: Connection, process: bytes) -> None:
    """Forget a process."""
    connection.execute(PROCESS.delete, {"id": process})


def beat(connection: Connection, process: bytes, now: int) -> None:
    """Renew a process's lease."""
    connection.execute(PROCESS.beat, {"id": process, "now": now})


def end(connection: Connection, process: bytes, now: int, verdict: str | None) -> None:
    """Note that a process has ended, and how."""
    connection.execute(PROCESS.end, {"id": process, "now": now, "verdict": verdict})
