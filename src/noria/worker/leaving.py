"""How the process of a run ends: with what any program does at its end, but in bounded time."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import signal
import sys
import threading
from collections.abc import Callable

PATIENCE_SECONDS = 60
"""How long threads and handlers may take at most; a worker's place is taken meanwhile."""


class _TooLong(BaseException):
    """The patience is over."""


def see_off() -> None:
    """Wait for threads that are no daemons, call what `atexit` is to call, and write what open
    files hold: the interpreter's own end, which would do all that, is not for a process that was
    forked, and has no bound."""
    try:
        _in_time(threading._shutdown)  # type: ignore[attr-defined]
        _in_time(atexit._run_exitfuncs)
    except _TooLong:
        names = ", ".join(sorted(each.name for each in threading.enumerate()[1:])) or "none"
        sys.stderr.write(
            f"noria: threads or exit handlers of the flow have gone on for {PATIENCE_SECONDS} s "
            f"after its end, and are ended (threads: {names})\n"
        )
    for each in gc.get_objects():
        if isinstance(each, io.TextIOWrapper | io.BufferedWriter | io.BufferedRandom):
            with contextlib.suppress(OSError, ValueError):
                each.flush()


def _in_time(call: Callable[[], object]) -> None:
    def strike(*_arguments: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
    try:
        call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
