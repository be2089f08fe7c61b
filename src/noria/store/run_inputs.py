"""What is sent to flow runs, in the store."""

from __future__ import annotations

from noria.core.records import RunInputRow
from noria.store.database import Connection
from noria.store.statements import Statements

RUN_INPUT = Statements("run_input")


def save(connection: Connection, row: RunInputRow, overwrite: bool) -> bool:
    """Send something to a run; False when it has something of that key that is to stay."""
    statement = RUN_INPUT.save if overwrite else RUN_INPUT.add
    return connection.execute(statement, row._asdict()).rowcount > 0


def get(connection: Connection, flow_run: bytes, key: str) -> RunInputRow | None:
    """What a run has of a key."""
    found = connection.execute(RUN_INPUT.get, {"flow_run": flow_run, "key": key}).fetchone()
    return found and RunInputRow._make(found)


def page(
    connection: Connection, flow_run: bytes, prefix: str, after: bytes, limit: int
) -> list[RunInputRow]:
    """What a run was sent under keys that begin with `prefix`, in order."""
    facts = {"flow_run": flow_run, "prefix": prefix, "after": after, "limit": limit}
    return [RunInputRow._make(found) for found in connection.execute(RUN_INPUT.page, facts)]


def delete(connection: Connection, flow_run: bytes, key: str) -> bool:
    """Delete what a run has of a key; False when it has nothing."""
    return connection.execute(RUN_INPUT.forget, {"flow_run": flow_run, "key": key}).rowcount > 0
