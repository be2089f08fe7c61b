"""Runs that wait for people: where they begin to wait, how that ends, and what they are sent.

Each function works within one write transaction, so what it reads cannot change before it writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from noria.backend import executions
from noria.core.records import PauseOutcome, PauseRow, RunInputRow
from noria.core.states import StateType
from noria.core.transitions import Actor
from noria.store import flow_runs, pauses, run_inputs
from noria.store.database import Connection, Database
from noria.store.values import mended

RESPONSE = "response"
TOO_LATE = "nobody resumed it in time"


def begin(connection: Connection, row: PauseRow, asked: Sequence[RunInputRow]) -> PauseRow:
    """Have a run wait at a pause, unless it has passed there before."""
    found = pauses.get(connection, row.flow_run, row.key)
    if found is not None and row.fault is None:
        if found.outcome == PauseOutcome.RESUMED:
            return found
        if found.ended is None:
            row = _still_waiting(found, row)
    run_inputs.delete(connection, row.flow_run, f"{row.key}-{RESPONSE}")
    for each in asked:
        run_inputs.save(connection, each, overwrite=True)
    pauses.save(connection, row)
    return row


def _still_waiting(found: PauseRow, row: PauseRow) -> PauseRow:
    # A suspension goes on for as long as it was meant to, however often somebody looks whether it
    # is over; the process that waited at a pause is another one now, and waits anew.
    suspended = found.name == row.name and executions.leaves_process(row.name)
    until = found.until if suspended else row.until
    return row._replace(since=found.since, until=until, fault=found.fault)


def end(
    connection: Connection,
    flow_run: bytes,
    key: str,
    outcome: str,
    now: int,
    note: str | None,
    answer: RunInputRow | None,
) -> PauseRow | None:
    """End a pause; None when it has ended, or there is none."""
    row = pauses.get(connection, flow_run, key)
    if row is None or row.ended is not None:
        return None
    if row.until is not None and row.until <= now and outcome == PauseOutcome.RESUMED:
        outcome = PauseOutcome.EXPIRED
    row = row._replace(ended=now, outcome=outcome, note=note)
    pauses.save(connection, row)
    if outcome == PauseOutcome.EXPIRED:
        _fail_suspended(connection, row, now)
    elif answer is not None:
        run_inputs.save(connection, answer, overwrite=True)
    return row


def expire(connection: Connection, now: int) -> None:
    """End the suspensions that have lasted too long; their runs have failed."""
    for row in pauses.overdue(connection, now):
        end(connection, row.flow_run, row.key, PauseOutcome.EXPIRED, now, None, None)


def _fail_suspended(connection: Connection, pause: PauseRow, now: int) -> None:
    """A run, and with it those that called it and suspended with it, can no longer go on."""
    run = flow_runs.get(connection, pause.flow_run)
    if run is None:
        return
    for found in flow_runs.tree(connection, run.root_run):
        row = flow_runs.get(connection, found)
        if row is not None and executions.is_suspended(row):
            message = f"Flow run was suspended and {TOO_LATE}."
            executions.end(connection, row, StateType.FAILED, Actor.REAPER, message, now)


def below(connection: Connection, flow_run: bytes | None) -> list[PauseRow]:
    """The pauses that have not ended of a run and those below it, or of all runs."""
    if flow_run is None:
        return pauses.all_open(connection)
    found = [
        row
        for run in flow_runs.tree(connection, flow_run)
        for row in pauses.open_of(connection, run)
    ]
    return sorted(found, key=lambda row: (row.since, row.flow_run, row.key))


Row = TypeVar("Row", PauseRow, RunInputRow)


def _mended(row: Row) -> Row:
    # Half a surrogate pair has no place in UTF-8; within JSON, spelled out, it is read back.
    return type(row)._make(map(mended, row))


class PausingBackend:
    """That part of a backend over a store in this process."""

    _database: Database

    def begin_pause(self, row: PauseRow, asked: Sequence[RunInputRow]) -> PauseRow:
        with self._database.write() as connection:
            return begin(connection, _mended(row), list(map(_mended, asked)))

    def end_pause(
        self,
        flow_run: bytes,
        key: str,
        outcome: str,
        now: int,
        note: str | None = None,
        answer: RunInputRow | None = None,
    ) -> PauseRow | None:
        with self._database.write() as connection:
            return end(
                connection,
                flow_run,
                mended(key),
                outcome,
                now,
                mended(note),
                None if answer is None else _mended(answer),
            )

    def pause(self, flow_run: bytes, key: str) -> PauseRow | None:
        with self._database.read() as connection:
            return pauses.get(connection, flow_run, mended(key))

    def open_pauses(self, flow_run: bytes | None = None) -> list[PauseRow]:
        with self._database.read() as connection:
            return below(connection, flow_run)

    def forget_pauses(self, flow_run: bytes, since: int) -> None:
        with self._database.write() as connection:
            for found in flow_runs.tree(connection, flow_run):
                pauses.forget(connection, found, since)

    def asked_suspensions(self, process: bytes) -> list[PauseRow]:
        with self._database.read() as connection:
            return pauses.requested(connection, process)

    def take_suspension(self, flow_run: bytes, key: str) -> bool:
        with self._database.write() as connection:
            return pauses.take(connection, flow_run, mended(key))

    def run_input(self, flow_run: bytes, key: str) -> RunInputRow | None:
        with self._database.read() as connection:
            return run_inputs.get(connection, flow_run, mended(key))

    def run_inputs(
        self, flow_run: bytes, prefix: str, after: bytes = b"", limit: int = 1000
    ) -> list[RunInputRow]:
        with self._database.read() as connection:
            return run_inputs.page(connection, flow_run, mended(prefix), after, limit)

    def send_run_input(self, row: RunInputRow, overwrite: bool = False) -> bool:
        with self._database.write() as connection:
            return run_inputs.save(connection, _mended(row), overwrite)

    def delete_run_input(self, flow_run: bytes, key: str) -> bool:
        with self._database.write() as connection:
            return run_inputs.delete(connection, flow_run, mended(key))
