"""Steps of circuit breakers, one after another whoever makes them."""

from __future__ import annotations

from functools import partial

from noria.backend.processes import is_alive, is_here, start_time
from noria.core.breakers import Answer, BreakerRow, Event, Moment, Rules, fresh, rules_of, step
from noria.store import breakers, processes
from noria.store.database import Connection, Database


def change(
    database: Database, name: str, event: Event, moment: Moment, rules: Rules | None
) -> Answer | None:
    """Take a step of a breaker; None when there is none and no rules to make one by.

    Mostly nothing changes, and reading waits for nobody. What is written names the revision that
    it follows: if somebody else was quicker, the step is taken again from what they have left.
    """
    while True:
        with database.read() as connection:
            row = breakers.get(connection, name)
            if row is None and rules is not None:
                row = fresh(name, rules, moment)
            if row is None:
                return None
            lives = partial(_holder_lives, connection, moment.wall)
            answer = step(row, rules or rules_of(row), event, moment, lives)
        if answer.row.revision == row.revision:
            return answer
        with database.write() as connection:
            if breakers.save(connection, answer.row):
                return answer


def _holder_lives(connection: Connection, now: int, row: BreakerRow) -> bool:
    """Whether the process that makes a row's trial lives."""
    process = None if row.holder is None else processes.get(connection, row.holder)
    if process is None or not is_alive(process, now):
        return False
    if row.pid is None or row.pid == process.pid or not is_here(process):
        return True
    return start_time(row.pid) == (row.started or None)
