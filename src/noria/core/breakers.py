"""Circuit breakers: when they let calls through, and what each event makes of them. Pure.

A breaker is a row. `step` takes the row, what has happened and when, and gives the row as it is
then; whoever keeps rows (the store, or an object in memory) sees to it that two steps never start
from the same row.

    CLOSED ──  too many failures  ──▶ OPEN ──  its time is over: a trial  ──▶ HALF_OPEN
       ▲                               ▲                                         │
       └────────────────── the trial succeeds ───────────────────────────────────┤
                                       └─────────── the trial fails ─────────────┘

How long a breaker stays open is not measured by the wall clock, which people and time servers set
back and forth, but on an axis of the row's own that only goes forward; see `axis`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from noria.core.clock import to_datetime
from noria.core.jsontext import from_json, to_json

SLICES = 20
"""How many parts a rolling window has; the oldest one leaves as a whole."""


class CircuitState(enum.StrEnum):
    """The state of a circuit breaker; also equal to its name as a text."""

    CLOSED = "CLOSED"
    """Calls go through."""
    OPEN = "OPEN"
    """Calls are skipped."""
    HALF_OPEN = "HALF_OPEN"
    """One call at a time goes through, to try whether things are well again."""


class Outcome(enum.IntEnum):
    """How a call that went through a breaker has ended."""

    SUCCESS = 0
    FAILURE = 1
    NEITHER = 2
    """Cancelled, or with an exception that does not count: it says nothing."""


class Moment(NamedTuple):
    """A point in time, as one host sees it."""

    wall: int
    """Microseconds since the epoch."""
    ticks: int
    """Microseconds on a clock that never steps back."""
    boot: str
    """What ticks that can be compared have in common; empty when there are no such."""


class Rules(NamedTuple):
    """When a breaker opens, and for how long; spans of time are microseconds."""

    timeout: int
    """How long it stays open."""
    failure_threshold: int | None = None
    """Failures in a row that open it."""
    failure_rate: float | None = None
    """Share of the calls within the window that opens it by failing."""
    window: int = 60_000_000
    minimum_calls: int = 10
    """Calls within the window below which the share says nothing."""
    trial_timeout: int = 600_000_000
    """How long a trial may take before another one is let through."""


class Holder(NamedTuple):
    """Who makes a trial: when that process is gone, the trial is over."""

    process: bytes
    """The session's process, as it is registered."""
    pid: int
    started: int
    """Of the process that makes the call, which may be a child of that one."""


class BreakerRow(NamedTuple):
    """A breaker as it is kept. Times are microseconds; `until` and `seen` are on its own axis."""

    name: str
    state: CircuitState
    since: int
    """When it entered that state."""
    reason: str | None
    """Why it has opened; None when it is closed."""
    failures: int
    """Those in a row."""
    last_failure: int | None
    error: str | None
    """The last failure in words."""
    calls: str
    """JSON list of [slice of time, successes, failures]: the rolling window."""
    rules: str
    """JSON object: the `Rules` of whoever wrote last."""
    generation: int
    """Counts changes of state: what a call reports that began in an earlier one is past."""
    until: int | None
    """When an open one may be tried, and when a trial is given up; None for never."""
    trial: bytes | None
    """Which call makes the trial."""
    holder: bytes | None
    pid: int | None
    started: int | None
    seen: int
    wall: int
    ticks: int
    boot: str
    """The moment of the last change, and where on the axis it was (`seen`)."""
    created: int
    updated: int
    revision: int
    """Counts changes: who writes names the one that they have read."""


class Enter(NamedTuple):
    """A call asks to be let through."""

    token: bytes
    holder: Holder


class Leave(NamedTuple):
    """A call that was let through has ended."""

    token: bytes
    generation: int
    outcome: Outcome
    error: str | None = None


class Trip(NamedTuple):
    """Somebody opens the breaker: for a span of microseconds, or until it is reset."""

    span: int | None = None
    reason: str | None = None


class Reset(NamedTuple):
    """Somebody closes the breaker."""


class Put(NamedTuple):
    """Somebody sets `state`, `failures` or `last_failure`."""

    field: str
    value: Any


Event = Enter | Leave | Trip | Reset | Put


class Answer(NamedTuple):
    """What came of an event."""

    row: BreakerRow
    """The breaker now; the very row that was given when nothing has changed."""
    before: CircuitState
    admitted: bool = True
    trial: bool = False
    """Whether the call that was let through is a trial."""


def fresh(name: str, rules: Rules, moment: Moment) -> BreakerRow:
    """A breaker that nothing has happened to yet."""
    return BreakerRow(
        name=name,
        state=CircuitState.CLOSED,
        since=moment.wall,
        reason=None,
        failures=0,
        last_failure=None,
        error=None,
        calls="[]",
        rules=_text(rules),
        generation=0,
        until=None,
        trial=None,
        holder=None,
        pid=None,
        started=None,
        seen=moment.wall,
        wall=moment.wall,
        ticks=moment.ticks,
        boot=moment.boot,
        created=moment.wall,
        updated=moment.wall,
        revision=0,
    )


@functools.lru_cache(maxsize=32)
def _text(rules: Rules) -> str:
    return to_json(rules._asdict())


def rules_of(row: BreakerRow) -> Rules:
    """The rules that a breaker was last used with."""
    return Rules(**from_json(row.rules))


def axis(row: BreakerRow, moment: Moment) -> int:
    """Where on the breaker's axis a moment is: it never lies before the last change.

    On the host of the last change, until it is booted again, ticks tell the distance. Elsewhere the
    wall clock has to, as far as it went forward.
    """
    return row.seen + max(0, _distance(row, moment))


def _distance(row: BreakerRow, moment: Moment) -> int:
    if row.boot and row.boot == moment.boot:
        return moment.ticks - row.ticks
    return moment.wall - row.wall


def remaining(row: BreakerRow, moment: Moment) -> int | None:
    """Microseconds until the breaker may be tried, or at most until its trial is given up; None
    when neither will happen by itself."""
    if row.until is None:
        return None
    return max(0, row.until - axis(row, moment))


def window_of(row: BreakerRow, rules: Rules, moment: Moment) -> tuple[int, int]:
    """How many calls the rolling window has, and how many of them failed."""
    slices = _window(row, rules, axis(row, moment))
    return sum(ok + bad for _, ok, bad in slices), sum(bad for _, _, bad in slices)


def step(
    row: BreakerRow,
    rules: Rules,
    event: Event,
    moment: Moment,
    lives: Callable[[BreakerRow], bool],
) -> Answer:
    """What an event makes of a breaker.

    Parameters:
        row: The breaker.
        rules: Of whoever the event comes from.
        event: What has happened.
        moment: When.
        lives: Whether the process that makes a row's trial lives.
    """
    at = axis(row, moment)
    admitted = trial = False
    if isinstance(event, Enter):
        after, admitted, trial = _entered(row, rules, event, moment, at, lives)
        if not admitted and _distance(row, moment) < 0:
            # The clock was set back: time goes on from here.
            return Answer(_stamped(after, rules, moment, at), row.state, False)
    elif isinstance(event, Leave):
        after = _left(row, rules, event, moment, at)
    elif isinstance(event, Trip):
        reason = "tripped by hand" + (f": {event.reason}" if event.reason else "")
        after = _opened(row, reason, moment, None if event.span is None else at + event.span)
    elif isinstance(event, Reset):
        after = _closed(row, moment)
    else:
        after = _put(row, rules, event, moment, at)
    new = isinstance(event, Enter) and (row.revision == 0 or row.rules != _text(rules))
    if after is not row or new:
        after = _stamped(after, rules, moment, at)
    return Answer(after, row.state, admitted, trial)


def _stamped(row: BreakerRow, rules: Rules, moment: Moment, at: int) -> BreakerRow:
    return row._replace(
        rules=_text(rules),
        seen=at,
        wall=moment.wall,
        ticks=moment.ticks,
        boot=moment.boot,
        updated=moment.wall,
        revision=row.revision + 1,
    )


def _entered(
    row: BreakerRow,
    rules: Rules,
    event: Enter,
    moment: Moment,
    at: int,
    lives: Callable[[BreakerRow], bool],
) -> tuple[BreakerRow, bool, bool]:
    if row.state is CircuitState.CLOSED:
        return row, True, False
    if row.state is CircuitState.OPEN:
        free = row.until is not None and at >= row.until
    else:
        free = row.trial is None or row.until is None or at >= row.until or not lives(row)
    if not free:
        return row, False, False
    if row.state is CircuitState.OPEN:
        row = _changed(row, CircuitState.HALF_OPEN, moment)
    taken = row._replace(
        generation=row.generation + 1,
        until=at + rules.trial_timeout,
        trial=event.token,
        holder=event.holder.process,
        pid=event.holder.pid,
        started=event.holder.started,
    )
    return taken, True, True


def _left(row: BreakerRow, rules: Rules, event: Leave, moment: Moment, at: int) -> BreakerRow:
    if row.state is CircuitState.HALF_OPEN and row.trial == event.token:
        if event.outcome is Outcome.SUCCESS:
            return _closed(row, moment)
        if event.outcome is Outcome.NEITHER:
            return _without_trial(row)
        failed = _failed(row, event, moment)
        why = _with_error("a trial failed", event.error, " with ")
        return _opened(failed, why, moment, at + rules.timeout)
    if row.state is not CircuitState.CLOSED or row.generation != event.generation:
        return row
    if event.outcome is Outcome.NEITHER:
        return row
    if event.outcome is Outcome.FAILURE:
        row = _failed(row, event, moment)
    elif row.failures:
        row = row._replace(failures=0)
    if rules.failure_rate is not None:
        row = _counted(row, rules, event.outcome, at)
    reason = _why_to_open(row, rules, at)
    if reason is None:
        return row
    return _opened(row, reason, moment, at + rules.timeout)


def _failed(row: BreakerRow, event: Leave, moment: Moment) -> BreakerRow:
    return row._replace(failures=row.failures + 1, last_failure=moment.wall, error=event.error)


def _why_to_open(row: BreakerRow, rules: Rules, at: int) -> str | None:
    if rules.failure_threshold is not None and row.failures >= rules.failure_threshold:
        if row.failures == 1:
            return _with_error("a failure", row.error, " with ")
        return _with_error(f"{row.failures} failures in a row", row.error, ", the last with ")
    if rules.failure_rate is not None:
        slices = _window(row, rules, at)
        bad = sum(each[2] for each in slices)
        calls = bad + sum(each[1] for each in slices)
        if bad and calls >= rules.minimum_calls and bad >= rules.failure_rate * calls:
            share = f"{bad} of {calls} calls within {rules.window / 1e6:g} s failed"
            return _with_error(share, row.error, ", the last with ")
    return None


def _with_error(reason: str, error: str | None, between: str) -> str:
    return f"{reason}{between}{error}" if error else reason


def _window(row: BreakerRow, rules: Rules, at: int) -> list[list[int]]:
    """The slices of the rolling window that are not past."""
    now = _slice(rules, at)
    return [each for each in from_json(row.calls) if now - SLICES < each[0] <= now]


def _slice(rules: Rules, at: int) -> int:
    return at // max(1, rules.window // SLICES)


def _counted(row: BreakerRow, rules: Rules, outcome: Outcome, at: int) -> BreakerRow:
    slices = _window(row, rules, at)
    now = _slice(rules, at)
    if not slices or slices[-1][0] != now:
        slices.append([now, 0, 0])
    slices[-1][1 + outcome] += 1
    return row._replace(calls=to_json(slices))


def _changed(row: BreakerRow, state: CircuitState, moment: Moment) -> BreakerRow:
    return row._replace(state=state, since=moment.wall, generation=row.generation + 1)


def _without_trial(row: BreakerRow) -> BreakerRow:
    return row._replace(until=None, trial=None, holder=None, pid=None, started=None)


def _closed(row: BreakerRow, moment: Moment) -> BreakerRow:
    closed = _changed(_without_trial(row), CircuitState.CLOSED, moment)
    return closed._replace(reason=None, failures=0, calls="[]")


def _opened(row: BreakerRow, reason: str, moment: Moment, until: int | None) -> BreakerRow:
    opened = _changed(_without_trial(row), CircuitState.OPEN, moment)
    return opened._replace(reason=reason, until=until)


def _put(row: BreakerRow, rules: Rules, event: Put, moment: Moment, at: int) -> BreakerRow:
    if event.field != "state":
        return row._replace(**{event.field: event.value})
    state = CircuitState(event.value)
    if state is CircuitState.OPEN:
        return _opened(row, "set to OPEN", moment, at + rules.timeout)
    changed = _changed(_without_trial(row), state, moment)
    return changed._replace(reason=None) if state is CircuitState.CLOSED else changed


def refusal(row: BreakerRow, moment: Moment) -> str:
    """Why a call was skipped, in words: since when, after what, and when the next one may pass."""
    state = "half open" if row.state is CircuitState.HALF_OPEN else "open"
    return f"{called(row)} is {state} since {_spoken(row.since, moment)}{outlook(row, moment)}"


def called(row: BreakerRow) -> str:
    """A breaker as the subject of a sentence."""
    return f"Circuit breaker {row.name!r}" if row.name else "A circuit breaker without a name"


def outlook(row: BreakerRow, moment: Moment) -> str:
    """The rest of a sentence on a breaker that is not closed: why, and what comes next."""
    left = remaining(row, moment)
    when = None if left is None else f"at {_spoken(moment.wall + left, moment)}"
    if row.state is CircuitState.HALF_OPEN:
        late = f", {when} at the latest" if when else ""
        return f": a trial is under way; next try when it has ended{late}."
    if when is not None:
        return f": {row.reason}; next try {when}."
    how = f" (noria breaker reset {row.name})" if row.name else ""
    return f": {row.reason}; it stays open until it is reset{how}."


def _spoken(micros: int, moment: Moment) -> str:
    time, now = to_datetime(micros), to_datetime(moment.wall)
    return f"{time:%H:%M:%S} UTC" if time.date() == now.date() else f"{time:%Y-%m-%d %H:%M:%S} UTC"
