"""Circuit breakers at work: where they are kept, and what goes through them."""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Any, Protocol

from noria.backend import processes
from noria.core import ids
from noria.core.breakers import (
    Answer,
    BreakerRow,
    CircuitState,
    Event,
    Holder,
    Moment,
    Outcome,
    Rules,
    called,
    fresh,
    outlook,
    step,
)
from noria.core.errors import CircuitOpen
from noria.core.functions import is_async, is_generator
from noria.engine.context import innermost
from noria.engine.logs import say
from noria.engine.marked import Marked
from noria.engine.session import open_session

OUTSIDE = "noria.circuit_breaker"
"""The logger of what happens outside runs."""


class Passage:
    """One call on its way through a breaker."""

    __slots__ = ("generation", "inside", "place", "token", "trial")

    def __init__(self) -> None:
        self.token = ids.new_id()
        self.place = place()
        self.generation = 0
        self.inside = False
        """Whether the breaker is to be told how it ends."""
        self.trial = False


def place() -> tuple[int, int]:
    """Where code runs: a thread, and within it an asyncio task."""
    asyncio = sys.modules.get("asyncio")
    task = None
    if asyncio is not None and asyncio._get_running_loop() is not None:
        task = asyncio.current_task()
    return threading.get_ident(), 0 if task is None else id(task)


class Guard(Protocol):
    """What lets calls through, or not."""

    retries_wait: bool

    def enter(self, passage: Passage) -> CircuitOpen | None:
        """Ask to be let through; what is to be raised when the call is skipped."""

    def leave(
        self,
        passage: Passage,
        exc: BaseException | None,
        outcome: Outcome | None = None,
        error: str | None = None,
    ) -> None:
        """Tell how a call that was let through has ended."""


class Keeper(Protocol):
    """Where one breaker is kept."""

    def row(self) -> BreakerRow | None:
        """The breaker; None when nothing has happened to it yet."""

    def change(self, event: Event, moment: Moment, rules: Rules) -> Answer:
        """Take a step of it."""

    def holder(self) -> Holder:
        """Who makes a trial that is made here."""


class InStore:
    """Keeps a breaker where all processes find it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def row(self) -> BreakerRow | None:
        return open_session().backend.breaker(self._name)

    def change(self, event: Event, moment: Moment, rules: Rules) -> Answer:
        answer = open_session().backend.change_breaker(self._name, event, moment, rules)
        assert answer is not None, "there are rules to make it by"
        return answer

    def holder(self) -> Holder:
        return processes.holder(open_session().process)


class InMemory:
    """Keeps a breaker in this process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._row: BreakerRow | None = None

    def row(self) -> BreakerRow | None:
        return self._row

    def change(self, event: Event, moment: Moment, rules: Rules) -> Answer:
        with self._lock:
            row = self._row or fresh(self._name, rules, moment)
            answer = step(row, rules, event, moment, lambda _: True)
            self._row = answer.row
        return answer

    def holder(self) -> Holder:
        return processes.holder(b"")


class Elsewhere:
    """Stands for the memory of another process."""

    def row(self) -> BreakerRow | None:
        raise self._error()

    def change(self, event: Event, moment: Moment, rules: Rules) -> Answer:
        raise self._error()

    def holder(self) -> Holder:
        raise self._error()

    @staticmethod
    def _error() -> RuntimeError:
        return RuntimeError(
            "This CircuitBreaker lives in the memory of the process that made it, and was sent to "
            "another one. Give it a name, as in CircuitBreaker('crm-api'), and all processes share "
            "it."
        )


def guarded(guard: Guard, fn: Any) -> Any:
    """A function whose calls go through a breaker; a task, with it as its option."""
    if isinstance(fn, Marked):
        if fn.kind == "task":
            return fn.with_options(circuit_breaker=guard)  # type: ignore[attr-defined]
        return fn.around(functools.partial(guarded, guard))
    if isinstance(fn, classmethod | staticmethod):
        return type(fn)(guarded(guard, fn.__func__))
    if is_generator(fn):
        return _async_generator(guard, fn) if is_async(fn) else _generator(guard, fn)
    return _coroutine(guard, fn) if is_async(fn) else _plain(guard, fn)


def admit(guard: Guard, passage: Passage) -> None:
    """Let a call through.

    Raises:
        CircuitOpen: It is skipped.
    """
    try:
        refused = guard.enter(passage)
    except BaseException as exc:
        # It may have been granted a trial that nobody will make.
        guard.leave(passage, _Unmade(exc))
        raise
    if refused is not None:
        raise refused


class _Unmade(BaseException):
    """Ends a call that was never made: no kind of failure that anybody counts."""


@contextmanager
def passing(guard: Guard) -> Generator[None, None, None]:
    """Send what is done in a block through a breaker.

    Raises:
        CircuitOpen: It is skipped.
    """
    passage = Passage()
    admit(guard, passage)
    try:
        yield
        guard.leave(passage, None)
    except BaseException as exc:
        # Also when the breaker could not be told: its trial must not stay taken.
        guard.leave(passage, exc)
        raise


def _plain(guard: Guard, fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def through(*args: Any, **kwargs: Any) -> Any:
        with passing(guard):
            return fn(*args, **kwargs)

    return through


def _coroutine(guard: Guard, fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def through(*args: Any, **kwargs: Any) -> Any:
        with passing(guard):
            return await fn(*args, **kwargs)

    return through


def _generator(guard: Guard, fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def through(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with passing(guard):
            return (yield from fn(*args, **kwargs))

    return through


def _async_generator(guard: Guard, fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def through(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        with passing(guard):
            async with aclosing(fn(*args, **kwargs)) as items:
                async for item in items:
                    yield item

    return through


def tell(row: BreakerRow, moment: Moment) -> None:
    """A line on a breaker that has changed its state."""
    if row.state is CircuitState.CLOSED:
        log(logging.INFO, f"{called(row)} is closed again.")
    elif row.state is CircuitState.HALF_OPEN:
        log(logging.INFO, f"{called(row)} is half open{outlook(row, moment)}")
    else:
        log(logging.WARNING, f"{called(row)} has opened{outlook(row, moment)}")


def log(level: int, text: str) -> None:
    """A line in the run that the code belongs to, if it belongs to one."""
    context = innermost()
    if context is not None:
        say(context, level, text)
    else:
        logging.getLogger(OUTSIDE).log(level, text)
