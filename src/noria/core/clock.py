"""The one place that reads a clock; everything else is handed `now` or asks here.

A test steps time by installing its own `Clock` with `use`; `sleep` goes through the same object,
so stepping the clock also ends sleeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Clock:
    """The machine's clocks: wall time, monotonic time and sleeping.

    Attributes:
        stepped: Whether it is moved by hand, and makes calls that are due when it is.
    """

    stepped = False

    def now(self) -> int:
        """Wall time in microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds on a clock that never steps back; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds`."""
        time.sleep(seconds)

    def step(self, seconds: float) -> None:
        """Move by at most `seconds`, no further than to the next call that is due."""
        raise NotImplementedError("this clock is not moved by hand")

    def call_at(self, moment: float, fn: Callable[[], object]) -> Callable[[], None]:
        """Have `fn` called by whoever moves the clock to a monotonic time.

        Returns:
            What takes that back.
        """
        raise NotImplementedError("this clock makes no calls")


_clock = Clock()


def now() -> int:
    """Wall time in microseconds since the epoch, UTC."""
    return _clock.now()


def monotonic() -> float:
    """Seconds on a clock that never steps back."""
    return _clock.monotonic()


def sleep(seconds: float) -> None:
    """Block the calling thread for `seconds`."""
    _clock.sleep(seconds)


def step(seconds: float) -> None:
    """Move a stepped clock by at most `seconds`, no further than to the next call that is due."""
    _clock.step(seconds)


def is_stepped() -> bool:
    """Whether the clock is moved by hand, so that `call_at` and `step` can be used."""
    return _clock.stepped


def call_at(moment: float, fn: Callable[[], object]) -> Callable[[], None]:
    """Have `fn` called by whoever moves a stepped clock to a monotonic time; returns what takes it
    back."""
    return _clock.call_at(moment, fn)


def pause(seconds: float) -> None:
    """Really wait, whatever clock is installed: for Noria's own threads, never for runs."""
    time.sleep(seconds)


def cpu_time() -> int:
    """CPU time of the calling thread in nanoseconds."""
    return time.thread_time_ns()


def process_cpu_time() -> int:
    """CPU time of all threads of this process in nanoseconds."""
    return time.process_time_ns()


def is_real() -> bool:
    """Whether time passes by itself (False under a stepped test clock)."""
    return type(_clock) is Clock


def is_steady() -> bool:
    """Whether `monotonic` goes with `now` (False under a test clock that steps wall time alone)."""
    kind = type(_clock)
    return kind is Clock or kind.now is Clock.now or kind.monotonic is not Clock.monotonic


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Install `clock` for the whole process until the block ends."""
    global _clock
    previous, _clock = _clock, clock
    try:
        yield clock
    finally:
        _clock = previous


def to_datetime(micros: int) -> datetime:
    """The aware UTC datetime of a stored time."""
    return EPOCH + timedelta(microseconds=micros)


def to_micros(moment: datetime) -> int:
    """The stored form of a datetime; a naive one is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICROSECOND
