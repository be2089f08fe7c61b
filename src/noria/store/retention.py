"""Deleting runs little by little, in the order that a kill at any moment leaves nothing behind.

A run that is deleted loses its own row first, so that nobody finds it, and is written down; what it
recorded, and the runs that it called, go after that, so many rows in a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from noria.core.retention import NAMES, Removed
from noria.core.states import STATE_CODES, StateType
from noria.store.artifacts import ARTIFACT
from noria.store.backfills import BACKFILL
from noria.store.cache import CACHE
from noria.store.database import Connection
from noria.store.flow_runs import FLOW_RUN
from noria.store.groups import TASK_GROUP
from noria.store.logs import LOG
from noria.store.owed_hooks import OWED_HOOK
from noria.store.pauses import PAUSE
from noria.store.run_inputs import RUN_INPUT
from noria.store.statements import Statement, Statements
from noria.store.task_runs import TASK_RUN
from noria.store.transactions import TRANSACTION
from noria.store.work import WORK

REMOVAL = Statements("removal")
STALE_RESULT = Statements("stale_result")
UPKEEP = Statements("upkeep")

_OF_A_RUN = (
    WORK,
    OWED_HOOK,
    LOG,
    TASK_RUN,
    TASK_GROUP,
    TRANSACTION,
    CACHE,
    ARTIFACT,
    PAUSE,
    RUN_INPUT,
)


class Remover:
    """Deletes a number of rows within one write transaction.

    Parameters:
        connection: Of a transaction that no other one runs beside.
        limit: How many rows.
        now: Microseconds since the epoch.
    """

    def __init__(self, connection: Connection, limit: int, now: int) -> None:
        self._connection = connection
        self._now = now
        self._references: set[str] = set()
        self.left = limit
        """How many rows may still be deleted."""
        self.runs = self.task_runs = self.log_lines = self.cache_keys = 0

    def begin(self, flow_run: bytes) -> None:
        """Take a run away; `go_on` deletes what it recorded."""
        gone = self._connection.execute(FLOW_RUN.take_away, {"id": flow_run}).fetchall()
        self.runs += len(gone)
        self.left -= 1
        self._take_note(gone)
        self._connection.execute(REMOVAL.add, {"id": flow_run})

    def go_on(self) -> None:
        """Delete what runs that were taken away have recorded, as far as the limit allows."""
        while self.left > 0:
            found = self._connection.execute(REMOVAL.next).fetchone()
            if found is None:
                return
            self._remove(found[0])

    def expire_cache(self) -> None:
        """Delete cached results whose time is over."""
        if self.left > 0:
            facts = {"now": self._now, "limit": self.left}
            gone = self._connection.execute(CACHE.expire_some, facts).fetchall()
            self.cache_keys += len(gone)
            self.left -= len(gone)
            self._take_note(gone)

    def finish(self) -> Removed:
        """Note which files nothing refers to any more; to be called last."""
        for reference in sorted(self._references):
            if not is_used(self._connection, reference):
                facts = {"reference": reference, "since": self._now}
                self._connection.execute(STALE_RESULT.add, facts)
        return Removed(
            self.runs,
            self.task_runs,
            self.log_lines,
            cache_keys=self.cache_keys,
            more=self.left <= 0,
        )

    def _remove(self, flow_run: bytes) -> None:
        for statements in _OF_A_RUN:
            deleted = self._delete(statements, flow_run)
            self.task_runs += deleted if statements is TASK_RUN else 0
            self.log_lines += deleted if statements is LOG else 0
            if self.left <= 0:
                return
        facts = {"id": flow_run, "limit": self.left}
        for (child,) in self._connection.execute(FLOW_RUN.some_children, facts).fetchall():
            self.begin(child)
        # With room left there was neither a row nor a child more.
        if self.left > 0:
            self._connection.execute(REMOVAL.end, {"id": flow_run})

    def _delete(self, statements: Statements, flow_run: bytes) -> int:
        facts = {"id": flow_run, "limit": self.left}
        gone = self._connection.execute(statements.delete_some, facts).fetchall()
        self.left -= len(gone)
        self._take_note(gone)
        return len(gone)

    def _take_note(self, gone: Iterable[tuple[str | None]]) -> None:
        self._references.update(reference for (reference,) in gone if reference is not None)


def exists(connection: Connection, flow_run: bytes) -> bool:
    """Whether there is a run."""
    return connection.execute(FLOW_RUN.epoch, {"id": flow_run}).fetchone() is not None


class Due(NamedTuple):
    """A run whose time is over."""

    flow_run: bytes
    finished: int


def due(connection: Connection, cutoffs: Mapping[StateType, int], limit: int) -> list[Due]:
    """Runs, with all below them, that ended before the time of their state; the oldest first.

    Parameters:
        connection: The store.
        cutoffs: The times; runs in a state that has none are not due.
        limit: At most so many.
    """
    found = [
        Due._make(row)
        for state, before in cutoffs.items()
        for row in connection.execute(
            REMOVAL.due, {"state": STATE_CODES[state], "before": before, "limit": limit}
        ).fetchall()
    ]
    return sorted(found, key=lambda each: (each.finished, each.flow_run))[:limit]


def count(connection: Connection, cutoffs: Mapping[StateType, int]) -> Removed:
    """What is due, without the files."""
    row = connection.execute(*_of_doomed(connection, REMOVAL.count, cutoffs)).fetchone()
    return Removed(*row)


def files(connection: Connection, cutoffs: Mapping[StateType, int]) -> list[tuple[str, int]]:
    """The files, with their sizes, to which only what is due refers."""
    found = connection.execute(*_of_doomed(connection, REMOVAL.files, cutoffs)).fetchall()
    return [(reference, size) for reference, size in found]


def _of_doomed(
    connection: Connection, statement: Statement, cutoffs: Mapping[StateType, int]
) -> tuple[str, dict[str, int | None]]:
    """A statement over the runs that are due; a state without a time has none that is before it."""
    doomed = REMOVAL.doomed.sql(connection.dialect)
    text = statement.sql(connection.dialect).replace("{doomed}", doomed)
    return text, {name: cutoffs.get(state) for name, state in NAMES.items()}


def is_removing(connection: Connection) -> bool:
    """Whether there is something left of runs that were taken away."""
    return connection.execute(REMOVAL.next).fetchone() is not None


def is_used(connection: Connection, reference: str) -> bool:
    """Whether anything refers to a file."""
    found = connection.execute(STALE_RESULT.is_used, {"reference": reference}).fetchone()
    return bool(found[0])


def stale_results(connection: Connection, before: int, limit: int) -> list[str]:
    """Files that nothing referred to at some time before."""
    facts = {"before": before, "limit": limit}
    return [reference for (reference,) in connection.execute(STALE_RESULT.page, facts)]


def forget_stale_result(connection: Connection, reference: str) -> None:
    """Think no more of a file."""
    connection.execute(STALE_RESULT.delete, {"reference": reference})


def look_again(connection: Connection, reference: str, now: int) -> None:
    """Think of a file again, later."""
    connection.execute(STALE_RESULT.add, {"reference": reference, "since": now})


def forget_backfills(connection: Connection, before: int) -> None:
    """Forget backfills that were made before a time and have no runs any more."""
    connection.execute(BACKFILL.delete_old, {"before": before})


class Upkeep(NamedTuple):
    """When something was done that is done now and then."""

    done: int
    place: bytes | None
    """Where it goes on; None from the beginning."""


def upkeep(connection: Connection, name: str) -> Upkeep | None:
    """When something was last done."""
    found = connection.execute(UPKEEP.get, {"name": name}).fetchone()
    return found and Upkeep._make(found)


def note_upkeep(connection: Connection, name: str, now: int, place: bytes | None = None) -> None:
    """Say that something was done, up to a place."""
    connection.execute(UPKEEP.set, {"name": name, "done": now, "place": place})
