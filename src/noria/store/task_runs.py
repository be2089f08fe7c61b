"""Task runs in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from noria.core.records import TaskRunRow
from noria.core.states import STATE_BY_CODE, STATE_CODES, StateType
from noria.store import values
from noria.store.database import Connection, Database
from noria.store.statements import Sql, Statements

TASK_RUN = Statements("task_run")

MEMO_PAGE = 2000


def flatten(rows: Iterable[TaskRunRow]) -> list[Any]:
    """The columns of all rows, one after another.

    Times become differences, which take 2 bytes where a time takes 8. Everything stands in this
    one loop, without a call per row, because every task of every run passes through it.
    """
    flat: list[Any] = []
    add = flat.extend
    codes = STATE_CODES
    nothing = values.NOTHING
    for row in rows:
        (
            *head, state, state_name, message, run_count, created, started, ended, identity,
            result, upstream, inputs, child_run, cpu, peak_memory, process, tags, error, history,
        ) = row  # fmt: skip
        if ended is not None:
            ended -= created if started is None else started
        if started is not None:
            started -= created
        add(head)
        add((codes[state], state_name, message, run_count, created, started, ended, identity))
        add(nothing if result is None else result)
        add((upstream, inputs, child_run, cpu, peak_memory, process, tags, error, history))
    return flat


def record(columns: Sequence[Any]) -> TaskRunRow:
    """The row of what the view `task_run_record` returned."""
    state = STATE_BY_CODE[columns[6]]
    result = values.stored(*columns[14:18])
    return TaskRunRow._make((*columns[:6], state, *columns[7:14], result, *columns[18:]))


def select(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[TaskRunRow]:
    """The task runs that a statement on `task_run_record` returns."""
    return [record(columns) for columns in connection.execute(sql, facts)]


def get(connection: Connection, task_run: bytes) -> TaskRunRow | None:
    """One task run."""
    found = select(connection, TASK_RUN.get, {"id": task_run})
    return found[0] if found else None


def slowest(connection: Connection, flow_run: bytes, limit: int) -> list[TaskRunRow]:
    """The finished task runs that took longest."""
    return select(connection, TASK_RUN.slowest, {"flow_run": flow_run, "limit": limit})


def memo(database: Database, flow_run: bytes) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
    """The calls of a run by identity, in the fields of `noria.backend.port.MemoEntry`.

    Read page by page, so that neither memory nor a read transaction grows with the run.
    """
    facts = {"flow_run": flow_run, "group": -(2**63), "id": b"", "limit": MEMO_PAGE}
    page: list[tuple[Any, ...]] = []
    while len(page) == MEMO_PAGE or facts["id"] == b"":
        with database.read() as connection:
            page = connection.execute(TASK_RUN.memo, facts).fetchall()
        if not page:
            return
        for _, task_run, identity, *columns, state, name in page:
            result, mark = values.stored(*columns[:4]), columns[8]
            transaction = None
            if mark is not None:
                transaction = mark, bool(columns[9]), values.stored(*columns[10:14])
            yield (
                identity,
                (task_run, result, *columns[4:8], STATE_BY_CODE[state], name, transaction),
            )
        facts["group"], facts["id"] = page[-1][:2]


def forget(connection: Connection, flow_run: bytes, task_runs: Iterable[bytes]) -> None:
    """Drop the kept results of calls."""
    calls = ({"flow_run": flow_run, "id": task_run} for task_run in task_runs)
    connection.executemany(TASK_RUN.forget, calls)


def end_unfinished(
    connection: Connection, flow_run: bytes, state: StateType, message: str, now: int
) -> None:
    """Give the unfinished task runs of a flow run the state in which the flow run itself ended."""
    facts = {"flow_run": flow_run, "state": STATE_CODES[state], "message": message, "now": now}
    connection.execute(TASK_RUN.end_unfinished, facts)
