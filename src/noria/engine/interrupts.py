"""Stopping user code from outside: deadlines, cancel requests, Ctrl-C and SIGTERM.

In the main thread a real signal does it, because only a signal ends a blocking call. In other
threads an exception is set, which the thread meets at its next step of Python. Either strikes only
while the thread's gate is open: see `noria.engine.gate`.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Protocol

from noria.core import clock
from noria.core.errors import TerminationSignal
from noria.core.tracebacks import is_own, is_program
from noria.engine.forks import new_lock
from noria.engine.gate import Gate, gate


class Stoppable(Protocol):
    """What is stopped by signals; see `noria.engine.stopping`."""

    def note(self, error: BaseException) -> None:
        """The process is to end, and this with it."""

    def strike(self, error: BaseException) -> None:
        """Raise `error` in what the main thread executes."""


class _Deadline:
    __slots__ = ("error", "moment")

    def __init__(self, moment: float, error: BaseException) -> None:
        self.moment = moment
        self.error = error


_deadlines: list[_Deadline] = []
_pending_cancels: list[tuple[BaseException, Stoppable]] = []
_taken: list[Any] = []
_masks = threading.local()
_outermost: list[Stoppable] = []
"""Each outermost run in the main thread whose SIGTERM is ours, the newest last."""
_signalling = new_lock()
"""Held where a signal is sent or its handler given back: it must not strike without one."""
_NEVER = 0.0
_lost: list[BaseException] = []
"""Interruptions of the main thread that were swallowed and have yet to strike again."""
_MOMENT = 0.001
"""How often to look whether what was swallowed can strike again, in seconds."""
_watchers = 0
_hook_before: Any = None


@contextmanager
def deadline(seconds: float, error: BaseException) -> Iterator[None]:
    """Raise `error` in the main thread if the block takes longer than `seconds`. Nests.

    To be entered and left with the gate shut; the block opens it.
    """
    mine = _Deadline(clock.monotonic() + seconds, error)
    outermost = not _deadlines
    previous: Any = signal.signal(signal.SIGALRM, _on_alarm) if outermost else None
    _deadlines.append(mine)
    _arm()
    try:
        with _nothing_swallowed():
            yield
    finally:
        with _signalling:
            if error in _lost:
                _lost.remove(error)
        # A forked child has none.
        if mine in _deadlines:
            _deadlines.remove(mine)
        _arm()
        if outermost:
            signal.signal(signal.SIGALRM, previous)
        # Too late: the block has ended by itself in the meantime.
        gate().forget(error)


@contextmanager
def stepped_deadline(seconds: float, error: BaseException) -> Iterator[None]:
    """The same in any thread, on a clock that is stepped: whoever moves it past the deadline brings
    the error."""
    mine, owner, ident = gate(), gate().owner, threading.get_ident()

    def pass_by() -> None:
        if threading.get_ident() == ident:
            mine.arrive(error)
        else:
            mine.strike(error, owner)

    take_back = clock.call_at(clock.monotonic() + seconds, pass_by)
    try:
        yield
    finally:
        take_back()
        mine.forget(error)


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
    if _lost:
        gate().arrive(_lost.pop(0))
        return
    moment = clock.monotonic()
    for entry in _deadlines:
        if entry.moment <= moment + 1e-3:
            # Once is enough: a deadline that has passed does not strike the clean-up code.
            entry.moment = float("inf")
            _arm()
            gate().arrive(entry.error)
            return
    _arm()


def signal_main_thread(error: BaseException, run: Stoppable) -> bool:
    """Interrupt the main thread, even in a blocking call, to strike `run` with `error`.

    Returns:
        False when the signal that would do it belongs to somebody else.
    """
    ident = threading.main_thread().ident
    with _signalling:
        if ident is None or not _outermost:
            return False
        _pending_cancels.append((error, run))
        signal.pthread_kill(ident, signal.SIGTERM)
    return True


@contextmanager
def termination(run: Stoppable) -> Iterator[None]:
    """While a run executes in the main thread, SIGTERM ends it in order instead of at once, and
    Ctrl-C strikes only where it can be recorded.

    Outside the main thread, or where somebody has a handler of their own, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        with _nothing_swallowed():
            yield
        return
    for number, handler in ((signal.SIGTERM, _on_terminate), (signal.SIGINT, _on_interrupt)):
        if signal.getsignal(number) in _FREE:
            _taken.append((number, signal.signal(number, handler)))
    # A run that another one of ours stands in, in a task outside flows say, shares its handler.
    ours = signal.getsignal(signal.SIGTERM) is _on_terminate
    if ours:
        _outermost.append(run)
    try:
        with _nothing_swallowed():
            yield
    finally:
        with _signalling:
            if ours and run in _outermost:
                _outermost.remove(run)
        if not _outermost and threading.current_thread() is threading.main_thread():
            # A system call: what was sent to this thread is delivered now, to our handler.
            signal.sigpending()
            for number, previous in _taken:
                signal.signal(number, previous)
            _taken.clear()


_FREE = (signal.SIG_DFL, None, signal.default_int_handler)


def _on_terminate(signum: int, frame: FrameType | None) -> None:
    if _lost:
        gate().arrive(_lost.pop(0))
        return
    if _pending_cancels:
        error, run = _pending_cancels.pop(0)
        run.strike(error)
        return
    error = TerminationSignal(signal=signum)
    for each in _outermost:
        each.note(error)
    if _outermost:
        _outermost[-1].strike(error)
    else:
        gate().arrive(error)


def _on_interrupt(signum: int, frame: FrameType | None) -> None:
    gate().arrive(KeyboardInterrupt())


@contextmanager
def _nothing_swallowed() -> Iterator[None]:
    """An interruption may strike in a `__del__` or in the callback of a weak reference, from where
    Python raises nothing: notice, and strike again."""
    global _watchers, _hook_before
    with _signalling:
        _watchers += 1
        if _watchers == 1:
            _hook_before, sys.unraisablehook = sys.unraisablehook, _on_unraisable
    try:
        yield
    finally:
        with _signalling:
            _watchers -= 1
            if not _watchers and sys.unraisablehook is _on_unraisable:
                sys.unraisablehook = _hook_before


def _on_unraisable(unraisable: Any) -> None:
    mine = gate()
    lost = None if unraisable.exc_value is None else mine.lost(unraisable.exc_value)
    if lost is None:
        _hook_before(unraisable)
    else:
        mine.swallowing = True
        again = threading.Thread(target=_strike_again, args=(mine, mine.owner, lost), daemon=True)
        if threading.current_thread() is threading.main_thread():
            _lost.append(lost)
        again.start()
        # Last of all: between this and the end nothing can strike any more.
        mine.swallowing = False


def _strike_again(struck: Gate, owner: object, error: BaseException) -> None:
    while struck.swallowing:
        clock.pause(_MOMENT)
    with _signalling:
        in_main = error in _lost
        ident = threading.main_thread().ident
        if in_main and ident is not None and signal.getsignal(signal.SIGALRM) is _on_alarm:
            signal.pthread_kill(ident, signal.SIGALRM)
            return
        if in_main and ident is not None and _outermost:
            signal.pthread_kill(ident, signal.SIGTERM)
            return
    if in_main:
        _lost.remove(error)
    struck.strike(error, owner)


def prepare_fork() -> None:
    """Keep signals back until it is clear which process they are for."""
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, [number for number, _ in _taken])


def go_on_after_fork() -> None:
    """In the parent: let signals through again."""
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def begin_after_fork() -> None:
    """In the child: signals do what they did before the first run, for no run here is stopped."""
    for number, previous in _taken:
        signal.signal(number, previous)
    for inherited in (_taken, _outermost, _pending_cancels, _deadlines):
        inherited.clear()
    gate().begin_after_fork()
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def struck_at(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback of an interruption up to where it struck in the user's code."""
    last, before, found = None, None, traceback
    while found is not None:
        path = found.tb_frame.f_code.co_filename
        if is_own(path):
            last = last or before
        elif is_program(path):
            last = None
        before, found = found, found.tb_next
    if last is not None:
        last.tb_next = None
    return traceback


def sleep(seconds: float) -> None:
    """Sleep so that a signal or a cancel still gets through."""
    if seconds <= 0:
        return
    if clock.is_real():
        gate().wait(threading.Event(), seconds)
    else:
        clock.sleep(seconds)


def pause(seconds: float) -> None:
    """Really wait, whatever clock is installed, so that a signal or a cancel gets through."""
    gate().wait(threading.Event(), seconds)


__all__ = [
    "deadline",
    "gate",
    "pause",
    "signal_main_thread",
    "sleep",
    "stepped_deadline",
    "struck_at",
    "termination",
    "timeout_error",
]
