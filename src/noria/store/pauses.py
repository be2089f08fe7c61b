"""Where runs wait for people, in the store."""

from __future__ import annotations

from typing import Any

from noria.core.records import PauseOutcome, PauseRow
from noria.core.states import Name
from noria.store.database import Connection
from noria.store.statements import Sql, Statements

PAUSE = Statements("pause")


def _select(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[PauseRow]:
    found = []
    for columns in connection.execute(sql, facts):
        row = PauseRow._make(columns)
        found.append(row._replace(wants_input=bool(row.wants_input), requested=bool(row.requested)))
    return found


def get(connection: Connection, flow_run: bytes, key: str) -> PauseRow | None:
    """One pause."""
    found = _select(connection, PAUSE.get, {"flow_run": flow_run, "key": key})
    return found[0] if found else None


def save(connection: Connection, row: PauseRow) -> None:
    """Write a pause as it is now."""
    facts = {**row._asdict(), "wants_input": int(row.wants_input), "requested": int(row.requested)}
    connection.execute(PAUSE.save, facts)


def all_open(connection: Connection) -> list[PauseRow]:
    """The pauses at which runs wait, the oldest first."""
    return _select(connection, PAUSE.open, {})


def open_of(connection: Connection, flow_run: bytes) -> list[PauseRow]:
    """The pauses of one run that have not ended, the oldest first."""
    return _select(connection, PAUSE.open_of, {"flow_run": flow_run})


def requested(connection: Connection, process: bytes) -> list[PauseRow]:
    """The suspensions that somebody has asked for of the runs of a process."""
    return _select(connection, PAUSE.requested, {"process": process})


def overdue(connection: Connection, now: int) -> list[PauseRow]:
    """The pauses of suspended runs that have lasted too long."""
    return _select(connection, PAUSE.overdue, {"now": now, "state_name": Name.SUSPENDED})


def take(connection: Connection, flow_run: bytes, key: str) -> bool:
    """Whether a suspension is still asked for; it is not a request any more then."""
    return connection.execute(PAUSE.take, {"flow_run": flow_run, "key": key}).rowcount > 0


def end_requests(connection: Connection, flow_run: bytes, now: int) -> None:
    """What was asked of an earlier execution is over."""
    facts = {"flow_run": flow_run, "now": now, "outcome": PauseOutcome.RESUMED}
    connection.execute(PAUSE.end_requests, facts)


def forget(connection: Connection, flow_run: bytes, since: int) -> None:
    """Forget the pauses of a run since a time."""
    connection.execute(PAUSE.forget, {"flow_run": flow_run, "since": since})
