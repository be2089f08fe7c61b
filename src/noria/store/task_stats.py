"""Statistics over the calls of one task, worked out by the store: no row is read for them."""

from __future__ import annotations

import itertools
import json
from typing import Any

from noria.core.states import STATE_CODES, Name, StateType
from noria.core.task_stats import Bucket, Half, TaskStats, edges
from noria.store.database import Connection
from noria.store.statements import Statement, Statements

TASK_STATS = Statements("task_stats")


def of_task(
    connection: Connection,
    name: str,
    flow_name: str | None,
    since: int | None,
    slices: int,
) -> TaskStats | None:
    """The statistics of a task; None when it has no finished calls."""
    facts = {
        "name": name,
        "flow_name": flow_name,
        "since": since,
        "slices": slices,
        "failed": STATE_CODES[StateType.FAILED],
        "crashed": STATE_CODES[StateType.CRASHED],
        "cached": Name.CACHED,
    }
    *counts, first, last = _rows(connection, TASK_STATS.counts, facts)[0]
    if first is None:
        return None
    durations = _rows(connection, TASK_STATS.durations, facts)[0]
    halves = _rows(connection, TASK_STATS.halves, facts)
    course = _rows(connection, TASK_STATS.course, facts)
    return TaskStats._make(
        (
            *counts,
            first,
            last,
            *durations,
            tuple(map(Half._make, halves)) if len(halves) == 2 else (),
            tuple(mean for (mean,) in course),
            _histogram(connection, facts, *durations[2:4]),
        )
    )


def names(connection: Connection) -> list[str]:
    """The names of all tasks that were called."""
    return [name for (name,) in connection.execute(TASK_STATS.names)]


def _rows(connection: Connection, statement: Statement, facts: dict[str, Any]) -> list[Any]:
    dialect = connection.dialect
    text = statement.sql(dialect).replace("{calls}", TASK_STATS.calls.sql(dialect))
    return connection.execute(text, facts).fetchall()


def _histogram(
    connection: Connection,
    facts: dict[str, Any],
    shortest: int | None,
    longest: int | None,
) -> tuple[Bucket, ...]:
    if shortest is None or longest is None:
        return ()
    bounds = edges(shortest, longest)
    rows = _rows(connection, TASK_STATS.histogram, {**facts, "edges": json.dumps(bounds[:-1])})
    counts = dict(rows)
    return tuple(
        Bucket(least, below, counts.get(number, 0))
        for number, (least, below) in enumerate(itertools.pairwise(bounds))
    )
