"""How a run is stopped from outside: one stopper for each, made where the run is driven.

It knows where the run is executed (in a thread, or on an event loop) and how an interruption gets
there, from any thread and from a signal's handler; and it knows when it is too late for one.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from noria.core.errors import CancelRun, TerminationSignal
from noria.engine import interrupts
from noria.engine.gate import gate

if TYPE_CHECKING:
    from noria.engine.execution import FlowExecution


class Stopper:
    """Stops a run that a thread executes, the one that makes this.

    Attributes:
        execution: The execution of the run, once it has begun.
        away: Whether the consumer of a generator has its turn: what it does is not the run's.
        over: Whether the run has ended, or is about to because it was stopped.
    """

    def __init__(self) -> None:
        self.execution: FlowExecution | None = None
        self.away = False
        self.over = False
        self._thread = threading.current_thread()
        self._in_main = self._thread is threading.main_thread()
        self._gate = gate()
        self._owner = self._gate.owner

    def is_here(self) -> bool:
        """Whether the calling thread is the one that executes the run."""
        return threading.current_thread() is self._thread

    def stop(self, error: BaseException) -> None:
        """Interrupt the run with `error`; any thread may."""
        if self.over or self.away:
            # Whoever comes back to a generator finds the error at its execution.
            return
        if not (self._in_main and interrupts.signal_main_thread(error, self)):
            self._gate.strike(error, self._owner)

    def note(self, error: BaseException) -> None:
        """In a handler of signals: the process is to end, and the run with it."""
        if self.away and self.execution is not None and self.execution.cancelled is None:
            self.execution.cancelled = error

    def strike(self, error: BaseException) -> None:
        """In a handler of signals: raise `error` in the code that the thread executes."""
        if self.away:
            if isinstance(error, TerminationSignal):
                raise SystemExit(128 + error.signal)
        elif not (self.over and isinstance(error, CancelRun)):
            gate().arrive(error)

    def take_turn(self) -> None:
        """The consumer of a generator asks for its next item."""
        self.away = False

    def end(self) -> None:
        """The run has ended by itself: a cancel that is still on its way comes too late."""
        self.over = True
        if self.execution is not None:
            self._gate.forget(self.execution.cancelled)

    def reached(self) -> None:
        """An interruption has arrived."""


class LoopStopper(Stopper):
    """Stops a run that an asyncio task executes, the one that makes this."""

    def __init__(self) -> None:
        super().__init__()
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._task: Any = asyncio.current_task()
        self._interruptions = 0
        self.cancels = 0
        """How often the asyncio task was cancelled for it."""

    def take_turn(self) -> None:
        """The asyncio task that calls this asks the run, a generator, for its next item."""
        import asyncio

        self._task, self.away = asyncio.current_task(), False

    def stop(self, error: BaseException) -> None:
        """Interrupt the run with `error`; any thread may."""
        if self.over or self.away:
            return
        if self._in_main and interrupts.signal_main_thread(error, self):
            # A signal that comes just before the loop begins to wait does not end its waiting, and
            # handlers are called only once it has ended.
            with suppress(RuntimeError):  # the loop was closed: there is nothing left to stop
                self._loop.call_soon_threadsafe(_wake_up)
        else:
            self._cancel_soon()

    def note(self, error: BaseException) -> None:
        """In a handler of signals: the process is to end, and the run with it."""
        if self.execution is not None and self.execution.cancelled is None:
            self.execution.cancelled = error
        if not self.away:
            self._cancel_soon()

    def strike(self, error: BaseException) -> None:
        """In a handler of signals: end the step that the loop executes, which may block."""
        if self.away:
            super().strike(error)
            return
        if isinstance(error, CancelRun):
            if self.over:
                return
            self._cancel_soon()
        if _in_a_step_of_the_loop():
            raise error

    def reached(self) -> None:
        """An interruption has arrived: another form of the same one, still on its way, does not."""
        self._interruptions += 1

    def uncancel(self) -> None:
        """The asyncio task goes on: it was cancelled for the sake of the run alone."""
        for _ in range(self.cancels):
            self._task.uncancel()
        self.cancels = 0

    def _cancel_soon(self) -> None:
        self._loop.call_soon_threadsafe(self._cancel, self._interruptions)

    def _cancel(self, interruptions: int) -> None:
        if self._interruptions == interruptions and not self.over:
            self.cancels += 1
            self._task.cancel()


def _wake_up() -> None:
    """Something for a loop to do."""


def _in_a_step_of_the_loop() -> bool:
    """Whether the event loop executes somebody's code, which may block, rather than waits."""
    asyncio = sys.modules["asyncio"]
    loop = asyncio._get_running_loop()
    return loop is not None and asyncio.current_task(loop) is not None
