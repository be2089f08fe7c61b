"""Hooks of runs whose process could not call them any more, in the store."""

from __future__ import annotations

from noria.core.pools import OwedHook
from noria.core.records import FlowRunRow
from noria.core.states import STATE_BY_CODE, STATE_CODES
from noria.store.database import Connection
from noria.store.statements import Statements

OWED_HOOK = Statements("owed_hook")


def add(connection: Connection, row: FlowRunRow, now: int) -> None:
    """Owe a run the hooks of the state that it is in."""
    facts = {
        "flow_run": row.id,
        "epoch": row.epoch,
        "state": STATE_CODES[row.state],
        "state_name": row.state_name,
        "message": row.message,
        "created": now,
    }
    connection.execute(OWED_HOOK.add, facts)


def owed(connection: Connection) -> list[OwedHook]:
    """What is owed, the oldest first."""
    rows = connection.execute(OWED_HOOK.owed)
    return [OwedHook._make((*row[:2], STATE_BY_CODE[row[2]], *row[3:])) for row in rows]


def take(connection: Connection, hook: OwedHook, teller: bytes) -> None:
    """Say which process sees to it."""
    facts = {"flow_run": hook.flow_run, "epoch": hook.epoch, "teller": teller}
    connection.execute(OWED_HOOK.take, facts)


def done(connection: Connection, flow_run: bytes, epoch: int) -> None:
    """Nothing more is owed for this execution."""
    connection.execute(OWED_HOOK.done, {"flow_run": flow_run, "epoch": epoch})
