"""Circuit breakers: calls of something that keeps failing are skipped for a while.

Example:
    >>> breaker = CircuitBreaker("crm-api", failure_threshold=2, timeout=60)
    >>> @breaker
    ... def fetch(customer: int) -> str:
    ...     raise ConnectionError("no answer")
    >>> for customer in (1, 2, 3):
    ...     try:
    ...         fetch(customer)
    ...     except (ConnectionError, CircuitOpen) as error:
    ...         print(type(error).__name__, breaker.state)
    ConnectionError CLOSED
    ConnectionError OPEN
    CircuitOpen OPEN
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from noria.backend import processes
from noria.core import clock
from noria.core.breakers import (
    Answer,
    BreakerRow,
    CircuitState,
    Enter,
    Event,
    Leave,
    Moment,
    Outcome,
    Put,
    Reset,
    Rules,
    Trip,
    fresh,
    refusal,
    remaining,
)
from noria.core.errors import CircuitOpen, StoreError
from noria.core.names import check_name
from noria.core.outcomes import error_types
from noria.core.redaction import redactor
from noria.core.tracebacks import message, type_name
from noria.engine.breaker_attempts import guarded_attempt
from noria.engine.breakers import (
    Elsewhere,
    InMemory,
    InStore,
    Keeper,
    Passage,
    admit,
    guarded,
    log,
    place,
    tell,
)

if TYPE_CHECKING:
    from noria.core.states import State
    from noria.engine.calls import TaskCall
    from noria.engine.context import TaskRunContext
    from noria.engine.effects import Effect

__all__ = ["CircuitBreaker", "CircuitOpen", "CircuitState"]

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
Seconds = float | timedelta
Errors = type[BaseException] | tuple[type[BaseException], ...]

_LONGEST_ERROR = 300


class CircuitBreaker:
    """Skips calls of something that keeps failing, until a trial shows that it is well again.

    It is a task's option, a decorator, a context manager, or an object to ask. A breaker with a
    name lives in the store: all processes share it, and it outlives them. One without a name lives
    in this object.

    Parameters:
        name: What it protects, any text without `/ % & > <`; None keeps it in memory.
        failure_threshold: So many failures in a row open it; 5 unless `failure_rate` is given.
        timeout: How long it stays open until a trial, seconds or a `timedelta`.
        failure_rate: Share of the calls within `window` that opens it by failing, above 0 up to 1.
        window: Length of the rolling window, seconds or a `timedelta`.
        minimum_calls: Calls within the window below which `failure_rate` says nothing.
        counted: Exceptions that count as failures; others are as if no call had been made.
        ignored: Exceptions among these that do not count.
        trial_timeout: Seconds or a `timedelta` after which another call may make the trial though
            the one that makes it still runs. When its process ends, one may at once.
        retries_wait: Whether a task that has retries left waits for an open breaker instead of
            failing with `CircuitOpen`; it uses up no retry.
        in_memory: Keeps one with a name in this object too, for tests.

    Raises:
        TypeError: An option has a type that cannot be used.
        ValueError: A number is out of its range, or the name cannot be one.

    Example:
        >>> from noria import task
        >>> @task(circuit_breaker=CircuitBreaker("billing-api", failure_threshold=5, timeout=60))
        ... def fetch(customer: int) -> str:
        ...     return f"customer {customer}"
        >>> fetch(7)
        'customer 7'
    """

    def __init__(
        self,
        name: str | None = None,
        failure_threshold: int | None = None,
        timeout: Seconds = 60,
        *,
        failure_rate: float | None = None,
        window: Seconds = 60,
        minimum_calls: int = 10,
        counted: Errors = Exception,
        ignored: Errors = (),
        trial_timeout: Seconds = 600,
        retries_wait: bool = False,
        in_memory: bool = False,
    ) -> None:
        if name is not None:
            _check_name(name)
        if failure_threshold is None and failure_rate is None:
            failure_threshold = 5
        if failure_threshold is not None:
            _check_count("failure_threshold", failure_threshold)
        if failure_rate is not None and not (_is_number(failure_rate) and 0 < failure_rate <= 1):
            raise ValueError(f"'failure_rate' must be above 0 and at most 1; got {failure_rate!r}.")
        _check_count("minimum_calls", minimum_calls)
        self.name = name
        self.failure_threshold = failure_threshold
        self.timeout = _seconds("timeout", timeout)
        self.failure_rate = failure_rate
        self.window = _seconds("window", window)
        self.minimum_calls = minimum_calls
        self.counted = error_types("counted", counted)
        self.ignored = error_types("ignored", ignored)
        self.trial_timeout = _seconds("trial_timeout", trial_timeout)
        self.retries_wait = retries_wait
        self.in_memory = in_memory or name is None
        self._keeper: Keeper = InMemory(name or "") if self.in_memory else InStore(name or "")
        self._passages: list[Passage] = []

    @property
    def rules(self) -> Rules:
        """When it opens, and for how long; spans of time in microseconds."""
        return Rules(
            _micros(self.timeout),
            self.failure_threshold,
            self.failure_rate,
            _micros(self.window),
            self.minimum_calls,
            _micros(self.trial_timeout),
        )

    @property
    def state(self) -> CircuitState:
        """CLOSED, OPEN or HALF_OPEN; an open one whose time is over stays OPEN until it is tried.
        Can be set: to OPEN, it is open for `timeout`.

        Example:
            >>> breaker = CircuitBreaker()
            >>> breaker.state == "CLOSED"
            True
            >>> breaker.state = "OPEN"
            >>> breaker.state
            <CircuitState.OPEN: 'OPEN'>
        """
        return self._row().state

    @state.setter
    def state(self, state: CircuitState | str) -> None:
        try:
            wanted = CircuitState(state)
        except ValueError:
            known = ", ".join(CircuitState)
            raise ValueError(f"A circuit breaker is one of {known}; got {state!r}.") from None
        self._change(Put("state", wanted))

    @property
    def failure_count(self) -> int:
        """How many calls in a row have failed. Can be set."""
        return self._row().failures

    @failure_count.setter
    def failure_count(self, count: int) -> None:
        _check_count("failure_count", count, 0)
        self._change(Put("failures", count))

    @property
    def last_failure_time(self) -> float | None:
        """When a call last failed, seconds since the epoch; None when none ever did. Can be set.

        Of an open breaker that never saw a failure it is the time since when it is open.
        """
        row = self._row()
        if row.last_failure is None and row.state is not CircuitState.CLOSED:
            return row.since / 1e6
        return None if row.last_failure is None else row.last_failure / 1e6

    @last_failure_time.setter
    def last_failure_time(self, time: float | None) -> None:
        self._change(Put("last_failure", None if time is None else round(time * 1e6)))

    @property
    def since(self) -> datetime:
        """When it has entered its present state."""
        return clock.to_datetime(self._row().since)

    @property
    def next_try(self) -> datetime | None:
        """When the next call may go through, or another trial at the latest; None when it is
        closed, or nobody knows."""
        row, moment = self._row(), processes.moment()
        return None if row.state is CircuitState.CLOSED else _next_try(row, moment)

    def reset(self) -> None:
        """Close the breaker and forget its failures.

        Example:
            >>> breaker = CircuitBreaker("erp", failure_threshold=1)
            >>> breaker.trip()
            >>> breaker.reset()
            >>> breaker.state == "CLOSED"
            True
        """
        self._change(Reset())

    def trip(self, seconds: Seconds | None = None, reason: str | None = None) -> None:
        """Open the breaker.

        Parameters:
            seconds: For how long, seconds or a `timedelta`; None until it is reset.
            reason: Shown to people.

        Example:
            >>> breaker = CircuitBreaker("erp")
            >>> breaker.trip(3600, reason="maintenance")
            >>> breaker.state == "OPEN"
            True
        """
        span = None if seconds is None else _micros(_seconds("seconds", seconds))
        self._change(Trip(span, None if reason is None else redactor.mask(reason)))

    def call(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function through the breaker; a coroutine of an async one.

        Raises:
            CircuitOpen: The call was skipped.

        Example:
            >>> CircuitBreaker().call(max, 3, 4)
            4
        """
        through: Callable[P, R] = guarded(self, fn)
        return through(*args, **kwargs)

    def __call__(self, fn: F) -> F:
        """Decorate a function, sync or async, a generator, or a task or flow: its calls go through
        the breaker. Of a task every attempt does, as with the option `circuit_breaker`."""
        if not callable(fn) and not isinstance(fn, classmethod | staticmethod):
            raise TypeError(
                f"A circuit breaker decorates functions; got {fn!r}. "
                "breaker.call(fn, ...) calls one."
            )
        through: F = guarded(self, fn)
        return through

    def __enter__(self) -> CircuitBreaker:
        passage = Passage()
        admit(self, passage)
        self._passages.append(passage)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave(self._innermost(), exc)

    async def __aenter__(self) -> CircuitBreaker:
        # Nothing is awaited: a cancel could take the answer away after a trial was granted.
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave(self._innermost(), exc)

    def enter(self, passage: Passage) -> CircuitOpen | None:
        """Ask to be let through; what is to be raised when the call is skipped. For the engine."""
        moment = processes.moment()
        event = Enter(passage.token, self._keeper.holder())
        # Whatever interrupts this, the breaker is told.
        passage.inside = passage.trial = True
        try:
            answer = self._step(event, moment)
        except StoreError as exc:
            # What is to protect a call must not be what fails it.
            passage.inside = False
            log(logging.WARNING, f"{self!r} lets a call through without being asked: {exc}")
            return None
        row = answer.row
        if answer.admitted:
            passage.generation, passage.trial = row.generation, answer.trial
            return None
        passage.inside = False
        since = clock.to_datetime(row.since)
        half_open = row.state is CircuitState.HALF_OPEN
        next_try = _next_try(row, moment)
        return CircuitOpen(refusal(row, moment), self.name, since, next_try, half_open)

    def attempt(
        self,
        call: TaskCall,
        context: TaskRunContext,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None,
    ) -> Generator[Effect, Any, State[Any] | None]:
        """The program of one attempt of a task. For the engine."""
        return guarded_attempt(self, call, context, args, kwargs, name)

    def leave(
        self,
        passage: Passage,
        exc: BaseException | None,
        outcome: Outcome | None = None,
        error: str | None = None,
    ) -> None:
        """Tell how a call that was let through has ended. For the engine.

        Parameters:
            passage: The call.
            exc: What it has raised.
            outcome: How it has ended, when the exception does not tell.
            error: A failure in words, when the exception does not tell.
        """
        if not passage.inside:
            return
        if outcome is None:
            outcome = self._outcome(exc)
        if outcome is Outcome.NEITHER and not passage.trial:
            passage.inside = False
            return
        if exc is not None and outcome is Outcome.FAILURE:
            error = f"{type_name(exc)}: {message(exc)}".removesuffix(": ")
        if error is not None:
            error = redactor.mask(" ".join(error.split()))[:_LONGEST_ERROR]
        event = Leave(passage.token, passage.generation, outcome, error)
        try:
            self._step(event, processes.moment())
        except StoreError as problem:
            log(logging.WARNING, f"{self!r} cannot be told how a call has ended: {problem}")
        # Only now: whoever is interrupted before may tell again.
        passage.inside = False

    def _outcome(self, exc: BaseException | None) -> Outcome:
        if exc is None:
            return Outcome.SUCCESS
        if isinstance(exc, self.ignored) or not isinstance(exc, self.counted):
            return Outcome.NEITHER
        # What another breaker has skipped was not tried.
        return Outcome.NEITHER if isinstance(exc, CircuitOpen) else Outcome.FAILURE

    def _innermost(self) -> Passage:
        """The call that leaves: the last that has entered on this thread and asyncio task."""
        here = place()
        for index in range(len(self._passages) - 1, -1, -1):
            if self._passages[index].place == here:
                return self._passages.pop(index)
        # A generator may be ended by somebody else than who began it.
        return self._passages.pop()

    def _row(self) -> BreakerRow:
        row = self._keeper.row()
        return fresh(self.name or "", self.rules, processes.moment()) if row is None else row

    def _change(self, event: Event) -> None:
        self._step(event, processes.moment())

    def _step(self, event: Event, moment: Moment) -> Answer:
        answer = self._keeper.change(event, moment, self.rules)
        if answer.row.state is not answer.before:
            tell(answer.row, moment)
        return answer

    def __repr__(self) -> str:
        return "CircuitBreaker()" if self.name is None else f"CircuitBreaker({self.name!r})"

    def __copy__(self) -> CircuitBreaker:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> CircuitBreaker:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        options = {option: getattr(self, option) for option in _OPTIONS}
        return _unpickled, (type(self), options)


_OPTIONS = (
    "name",
    "failure_threshold",
    "timeout",
    "failure_rate",
    "window",
    "minimum_calls",
    "counted",
    "ignored",
    "trial_timeout",
    "retries_wait",
    "in_memory",
)


def _unpickled(kind: type[CircuitBreaker], options: dict[str, Any]) -> CircuitBreaker:
    breaker = kind(**options)
    if breaker.in_memory:
        breaker._keeper = Elsewhere()
    return breaker


def _next_try(row: BreakerRow, moment: Moment) -> datetime | None:
    left = remaining(row, moment)
    return None if left is None else clock.to_datetime(moment.wall + left)


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(
            f"A circuit breaker's name is a text; got {name!r} ({type(name).__name__}). Numbers go "
            "by name: CircuitBreaker(failure_threshold=5, timeout=60)."
        )
    check_name(name, "circuit breaker")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_count(option: str, value: Any, least: int = 1) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"'{option}' is a whole number; got {value!r}.")
    if value < least:
        raise ValueError(f"'{option}' must be {least} or more; got {value!r}.")


def _seconds(option: str, value: Any) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if not _is_number(seconds):
        raise TypeError(f"'{option}' takes seconds or a timedelta; got {value!r}.")
    if not 0 < seconds < math.inf:
        raise ValueError(f"'{option}' must be above 0 and finite; got {value!r}.")
    return seconds


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
