"""Circuit breakers as they are printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from noria.backend import processes
from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.store import backend_of
from noria.cli.timefmt import ago, iso, moment
from noria.core.breakers import (
    BreakerRow,
    CircuitState,
    Event,
    Moment,
    remaining,
    rules_of,
    window_of,
)

_STYLES = {CircuitState.OPEN: "fail", CircuitState.HALF_OPEN: "warn", CircuitState.CLOSED: "ok"}


def record(row: BreakerRow, now: Moment) -> Record:
    """A circuit breaker for programs."""
    rules = rules_of(row)
    calls, failed = window_of(row, rules, now)
    by_rate = rules.failure_rate is not None
    next_try = next_try_of(row, now)
    return {
        "id": row.name,
        "name": row.name,
        "state": row.state.value,
        "since": iso(row.since),
        "reason": row.reason,
        "next_try": None if next_try is None else iso(next_try),
        "failure_count": row.failures,
        "last_failure": None if row.last_failure is None else iso(row.last_failure),
        "last_error": row.error,
        "window_calls": calls if by_rate else None,
        "window_failures": failed if by_rate else None,
        "failure_threshold": rules.failure_threshold,
        "timeout": rules.timeout / 1e6,
        "failure_rate": rules.failure_rate,
        "window": rules.window / 1e6 if by_rate else None,
        "minimum_calls": rules.minimum_calls if by_rate else None,
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def next_try_of(row: BreakerRow, now: Moment) -> int | None:
    """When an open breaker may be tried, microseconds since the epoch."""
    left = remaining(row, now)
    return None if left is None or row.state is not CircuitState.OPEN else now.wall + left


def columns(app: App, now: Moment) -> Sequence[Column[BreakerRow]]:
    """Name, state, since when and why, what comes next."""
    return (
        Column("name", "NAME", lambda row: row.name, shrinks=True),
        Column("state", "STATE", lambda row: row.state.value, lambda row: _STYLES[row.state]),
        Column("since", "SINCE", lambda row: when(app, row.since, now)),
        Column("failure_count", "FAILURES", lambda row: str(row.failures), right=True),
        Column("next_try", "NEXT TRY", lambda row: next_try_text(app, row, now)),
        Column("reason", "WHY", lambda row: row.reason or "", shrinks=True),
    )


def next_try_text(app: App, row: BreakerRow, now: Moment) -> str:
    """What an open breaker waits for."""
    if row.state is CircuitState.CLOSED:
        return ""
    if row.state is CircuitState.HALF_OPEN:
        return "with the next call" if row.trial is None else "a trial is under way"
    next_try = next_try_of(row, now)
    if next_try is None:
        return "after a reset"
    return "with the next call" if next_try <= now.wall else when(app, next_try, now)


def when(app: App, micros: int, now: Moment) -> str:
    """A time, relative to now unless times are asked for in UTC."""
    return moment(micros, app.utc) if app.utc else ago(micros, now.wall)


def listing(app: App, rows: Sequence[BreakerRow], now: Moment) -> Listing[BreakerRow]:
    """Breakers as they are printed."""
    return Listing(rows, lambda row: record(row, now), columns(app, now))


def find_breaker(backend: Backend, name: str) -> BreakerRow:
    """The circuit breaker of a name.

    Raises:
        CliError: There is none; with what may have been meant.
    """
    row = backend.breaker(name)
    if row is not None:
        return row
    known = [other.name for other in backend.breakers()]
    raise CliError(
        Code.UNKNOWN_OBJECT,
        f"there is no circuit breaker {name}",
        did_you_mean(name, known) or ("" if known else "there are no circuit breakers at all"),
        "list them: noria breaker ls"
        if known
        else "there is one from the first call on that goes through CircuitBreaker(NAME)",
    )


def switch(app: App, names: Sequence[str], event: Callable[[], Event]) -> None:
    """Make something happen to breakers, all or none of which are there, and print them."""
    backend = backend_of(app)
    found = [find_breaker(backend, name) for name in dict.fromkeys(names)]
    now = processes.moment()
    answers = [backend.change_breaker(row.name, event(), now) for row in found]
    rows = [answer.row for answer in answers if answer is not None]
    emit(app, listing(app, rows, now))
