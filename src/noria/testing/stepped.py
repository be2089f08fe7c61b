"""A clock that a test steps by hand, and that waits move by themselves."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from noria.core import clock
from noria.engine import stepping
from noria.engine.context import innermost

__all__ = ["SteppedClock", "stepped_clock"]

_ORIGIN = 1_000.0
"""The monotonic time at the start; only differences mean something."""


class SteppedClock:
    """Time that stands still but for `advance`, and for waits of runs, which jump to their end.

    Made by `stepped_clock` and by the fixture `noria_clock`.
    """

    def __init__(self, time: Time) -> None:
        self._time = time

    @property
    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return clock.to_datetime(self._time.now())

    def advance(self, by: float | timedelta) -> None:
        """Let time pass; timeouts on the way strike, in their order.

        Parameters:
            by: Seconds, or a `timedelta`.

        Raises:
            ValueError: Time does not go back.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        if seconds < 0:
            raise ValueError(f"A clock is advanced by 0 seconds or more, not by {seconds:g}.")
        self._time.sleep(seconds)

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until a moment; a naive one is taken as UTC.

        Raises:
            ValueError: It has passed already.
        """
        self.advance(timedelta(microseconds=clock.to_micros(moment) - self._time.now()))


class Time(clock.Clock):
    """The clock itself, as Noria reads it.

    Parameters:
        start: Microseconds since the epoch.
    """

    stepped = True

    def __init__(self, start: int) -> None:
        self._start = start
        self._passed = 0
        self._lock = threading.Lock()
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds; only differences mean something."""
        return _ORIGIN + self._passed / 1_000_000

    def sleep(self, seconds: float) -> None:
        """Take no time: jump to the end of the sleep, and make all calls that are due before."""
        end = self._passed + math.ceil(seconds * 1_000_000)
        while self._move(end):
            pass

    def step(self, seconds: float) -> None:
        """Move by at most `seconds`, no further than to the next call that is due."""
        self._move(self._passed + math.ceil(seconds * 1_000_000))

    def call_at(self, moment: float, fn: Callable[[], object]) -> Callable[[], None]:
        """Have `fn` called by whoever moves the clock to a monotonic time."""
        entry = round((moment - _ORIGIN) * 1_000_000), next(self._numbers), fn
        with self._lock:
            heapq.heappush(self._due, entry)

        def take_back() -> None:
            with self._lock:
                if entry in self._due:
                    self._due.remove(entry)
                    heapq.heapify(self._due)

        return take_back

    def _move(self, end: int) -> bool:
        """Move to the next call that is due and make it, else to the end; whether there was one."""
        fn: Callable[[], object] | None = None
        with self._lock:
            if self._due and self._due[0][0] <= end:
                end, _, fn = heapq.heappop(self._due)
            # Another thread may have moved it on in the meantime.
            self._passed = max(self._passed, end)
        if fn is not None:
            fn()
        return fn is not None


@contextmanager
def stepped_clock(start: datetime | None = None) -> Iterator[SteppedClock]:
    """Have all runs live by a `SteppedClock` until the block ends.

    Delays between attempts, expiry of caches, timeouts and whatever else Noria waits for pass when
    the clock is moved, which a wait does by itself. Inside runs, `time.sleep` and `asyncio.sleep`
    are such waits too. Other clocks of the program, `datetime.now` for instance, are left alone.

    Parameters:
        start: The time at first; the real one by default.

    Example:
        >>> from noria import task
        >>> attempts = []
        >>> @task(retries=3, retry_delay_seconds=3600)
        ... def fetch():
        ...     attempts.append(stepped.now.hour)
        ...     if len(attempts) < 3:
        ...         raise ConnectionError("not yet")
        >>> with stepped_clock(datetime.fromisoformat("2026-03-01 08:00Z")) as stepped:
        ...     fetch()
        >>> attempts
        [8, 9, 10]
    """
    moment = clock.now() if start is None else clock.to_micros(start)
    stepped = Time(moment)
    with clock.use(stepped), _sleeps(stepped):
        yield SteppedClock(stepped)


@contextmanager
def _sleeps(stepped: clock.Clock) -> Iterator[None]:
    """What runs know as sleeping, on the stepped clock."""
    import asyncio

    real_sleep, real_asleep = time.sleep, asyncio.sleep  # noqa: TID251 - to put others in place

    def sleep(seconds: float) -> None:
        if innermost() is None or seconds <= 0:
            real_sleep(seconds)
        else:
            stepped.sleep(seconds)

    async def asleep(delay: float, result: Any = None) -> Any:
        if innermost() is None or delay <= 0:
            return await real_asleep(delay, result)
        await stepping.sleep(delay)
        return result

    time.sleep, asyncio.sleep = sleep, asleep  # type: ignore[assignment]  # noqa: TID251
    try:
        yield
    finally:
        time.sleep, asyncio.sleep = real_sleep, real_asleep  # noqa: TID251
