"""Stopping user code from outside: deadlines, cancel requests, Ctrl-C and SIGTERM.

In the main thread a real signal does it, because only a signal ends a blocking call. In other
threads an exception is set, which the thread meets at its next step of Python.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from noria.core import clock
from noria.core.errors import CancelRun, TerminationSignal


class _Deadline:
    __slots__ = ("error", "moment", "seconds")

    def __init__(self, moment: float, error: type[BaseException], seconds: float) -> None:
        self.moment = moment
        self.error = error
        self.seconds = seconds


_deadlines: list[_Deadline] = []
_pending_cancels: list[BaseException] = []
_NEVER = 0.0


@contextmanager
def deadline(seconds: float, error: type[BaseException]) -> Iterator[None]:
    """Raise `error` in the main thread if the block takes longer than `seconds`. Nests."""
    mine = _Deadline(clock.monotonic() + seconds, error, seconds)
    outermost = not _deadlines
    previous: Any = signal.signal(signal.SIGALRM, _on_alarm) if outermost else None
    _deadlines.append(mine)
    _arm()
    try:
        yield
    finally:
        _deadlines.remove(mine)
        _arm()
        if outermost:
            signal.signal(signal.SIGALRM, previous)


def timeout_error(error: type[BaseException], seconds: float) -> BaseException:
    """The error of a function that has run for longer than it may."""
    return error(f"Scope timed out after {seconds} second(s).")


def _arm() -> None:
    if not _deadlines:
        signal.setitimer(signal.ITIMER_REAL, _NEVER)
        return
    next_moment = min(entry.moment for entry in _deadlines)
    if next_moment == float("inf"):
        return
    signal.setitimer(signal.ITIMER_REAL, max(1e-4, next_moment - clock.monotonic()))


def _on_alarm(signum: int, frame: FrameType | None) -> None:
    moment = clock.monotonic()
    for entry in _deadlines:
        if entry.moment <= moment + 1e-3:
            # Once is enough: a handler that fires again would strike the clean-up code.
            entry.moment = float("inf")
            raise timeout_error(entry.error, entry.seconds)
    _arm()


def raise_in_thread(thread: threading.Thread, error: type[BaseException]) -> None:
    """Let `error` be raised in another thread as soon as it runs Python again."""
    if thread.ident is not None and thread.is_alive():
        import ctypes  # noqa: PLC0415 - slow to load, and few runs are interrupted

        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(error)
        )


def cancel_in_main_thread(error: BaseException) -> None:
    """Interrupt the main thread, even in a blocking call, with `error`."""
    ident = threading.main_thread().ident
    if ident is not None:
        _pending_cancels.append(error)
        signal.pthread_kill(ident, signal.SIGTERM)


@contextmanager
def termination() -> Iterator[None]:
    """While a run executes in the main thread, SIGTERM ends it in order instead of at once.

    Outside the main thread, or where somebody has a handler of their own, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGTERM)
    if previous not in (signal.SIG_DFL, None):
        yield
        return
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _on_terminate(signum: int, frame: FrameType | None) -> None:
    if _pending_cancels:
        raise _pending_cancels.pop(0)
    raise TerminationSignal(signal=signum)


def sleep(seconds: float) -> None:
    """Sleep so that a signal or a cancel still gets through."""
    if seconds > 0:
        clock.sleep(seconds)


__all__ = [
    "CancelRun",
    "cancel_in_main_thread",
    "deadline",
    "raise_in_thread",
    "sleep",
    "termination",
    "timeout_error",
]
