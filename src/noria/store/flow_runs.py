"""Flow runs in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from noria.core.records import FlowRunRow
from noria.core.states import STATE_BY_CODE, STATE_CODES
from noria.store import values
from noria.store.database import Connection
from noria.store.statements import Sql, Statements

FLOW_RUN = Statements("flow_run")
AT_ONCE = 1000
"""So many rows are written in one go."""


def flatten(rows: Iterable[FlowRunRow]) -> list[Any]:
    """The columns of all rows, one after another."""
    flat: list[Any] = []
    for row in rows:
        columns: list[Any] = list(row)
        columns[4] = STATE_CODES[row.state]
        columns[20:21] = values.columns(row.result)
        flat += columns
    return flat


def record(columns: Sequence[Any]) -> FlowRunRow:
    """The row of what the view `flow_run_record` returned."""
    state = STATE_BY_CODE[columns[4]]
    result = values.stored(*columns[20:24])
    return FlowRunRow._make((*columns[:4], state, *columns[5:20], result, *columns[24:]))


def save(connection: Connection, row: FlowRunRow) -> None:
    """Write one flow run."""
    connection.write_rows(FLOW_RUN.write, flatten([row]))


def save_all(connection: Connection, rows: Sequence[FlowRunRow]) -> None:
    """Write many flow runs."""
    for start in range(0, len(rows), AT_ONCE):
        connection.write_rows(FLOW_RUN.write, flatten(rows[start : start + AT_ONCE]))


def epoch(connection: Connection, flow_run: bytes) -> int | None:
    """The execution that owns a run, None when it is not stored."""
    found = connection.execute(FLOW_RUN.epoch, {"id": flow_run}).fetchone()
    return None if found is None else found[0]


def executor(connection: Connection, flow_run: bytes) -> bytes | None:
    """The process that has a run; None when none has, or there is no such run."""
    found = connection.execute(FLOW_RUN.executor, {"id": flow_run}).fetchone()
    return None if found is None else found[0]


def select(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[FlowRunRow]:
    """The flow runs that a statement on `flow_run_record` returns."""
    return [record(columns) for columns in connection.execute(sql, facts)]


def get(connection: Connection, flow_run: bytes) -> FlowRunRow | None:
    """One flow run."""
    found = select(connection, FLOW_RUN.get, {"id": flow_run})
    return found[0] if found else None


def find(connection: Connection, reference: str, limit: int) -> list[FlowRunRow]:
    """The newest runs that `reference` may name: an id or its beginning, a name, `@last`.

    `@last~1` is the one before the last.
    """
    back = _back(reference)
    if back is not None:
        return select(connection, FLOW_RUN.last, {"back": back})
    named = select(connection, FLOW_RUN.by_name, {"name": reference, "limit": limit})
    bounds = values.id_bounds(reference)
    if bounds is None:
        return named
    facts = {"first": bounds[0], "last": bounds[1], "limit": limit}
    begun = select(connection, FLOW_RUN.by_id_range, facts)
    found = {row.id: row for row in (*named, *begun)}
    return [found[key] for key in sorted(found, reverse=True)[:limit]]


def _back(reference: str) -> int | None:
    head, _, count = reference.partition("~")
    if head != "@last" or (count and not count.isdecimal()):
        return None
    return int(count or 0)


def has_children(connection: Connection, flow_run: bytes) -> bool:
    """Whether a run called other runs."""
    return bool(connection.execute(FLOW_RUN.has_children, {"id": flow_run}).fetchone()[0])


def tree(connection: Connection, flow_run: bytes) -> list[bytes]:
    """The ids of a run and of all runs below it."""
    return [found for (found,) in connection.execute(FLOW_RUN.tree, {"id": flow_run})]


def children(connection: Connection, flow_run: bytes) -> list[FlowRunRow]:
    """The runs that a run called, oldest first."""
    return select(connection, FLOW_RUN.children, {"id": flow_run})


def waiting_of_backfill(connection: Connection, backfill: bytes) -> list[FlowRunRow]:
    """What waits of a backfill."""
    return select(connection, FLOW_RUN.waiting_of_backfill, {"backfill": backfill})


def taken_of_backfill(connection: Connection, backfill: bytes) -> list[bytes]:
    """What somebody has taken of a backfill and has not ended."""
    rows = connection.execute(FLOW_RUN.taken_of_backfill, {"backfill": backfill})
    return [found for (found,) in rows]


def live_processes(connection: Connection) -> list[bytes]:
    """The processes that unfinished runs say they run in."""
    return [process for (process,) in connection.execute(FLOW_RUN.live_processes)]


def live_in_process(connection: Connection, process: bytes) -> list[FlowRunRow]:
    """The unfinished runs of a process, oldest first."""
    return select(connection, FLOW_RUN.live_in_process, {"process": process})


def asked_to_cancel(connection: Connection, process: bytes) -> list[bytes]:
    """The runs of a process that somebody wants to cancel."""
    rows = connection.execute(FLOW_RUN.asked_to_cancel, {"process": process})
    return [found for (found,) in rows]
