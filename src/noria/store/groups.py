"""Groups of task runs in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from noria.core.records import GroupRow
from noria.core.states import StateType
from noria.store.database import Connection
from noria.store.statements import Statements

TASK_GROUP = Statements("task_group")


def flatten(rows: Iterable[GroupRow]) -> list[Any]:
    """The columns of all rows, one after another."""
    flat: list[Any] = []
    for row in rows:
        columns: list[Any] = list(row)
        columns[10:11] = row.counts
        flat += columns
    return flat


def record(columns: Sequence[Any]) -> GroupRow:
    """The row of its columns."""
    return GroupRow._make((*columns[:10], tuple(columns[10:19]), *columns[19:]))


def of_run(connection: Connection, flow_run: bytes) -> list[GroupRow]:
    """The groups of a run's latest execution that has any, in order of number."""
    rows = connection.execute(TASK_GROUP.of_run, {"flow_run": flow_run})
    return [record(columns) for columns in rows]


def counts(connection: Connection, flow_run: bytes) -> tuple[int, ...]:
    """The task runs of a run's latest execution by `GroupCount`, over all groups."""
    found: tuple[int, ...] = connection.execute(
        TASK_GROUP.counts, {"flow_run": flow_run}
    ).fetchone()
    return found


def end_unfinished(connection: Connection, flow_run: bytes, state: StateType) -> None:
    """Count what a run had not finished as ended with it, crashed or cancelled."""
    crashed = state is StateType.CRASHED
    statement = TASK_GROUP.crash_unfinished if crashed else TASK_GROUP.cancel_unfinished
    connection.execute(statement, {"flow_run": flow_run})
