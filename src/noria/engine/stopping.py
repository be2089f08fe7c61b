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
from noria.engine.context import flow_context
from noria.engine.gate import Gate, gate

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
        self._interruptions = 0
        self._settle_in()

    def _settle_in(self) -> None:
        """The calling thread executes the run from now on."""
        self._thread = threading.current_thread()
        self._in_main = self._thread is threading.main_thread()
        self._gate = gate()
        self._owner = self._gate.owner

    def is_here(self) -> bool:
        """Whether the calling thread is the one that executes the run."""
        return threading.current_thread() is self._thread

    def stop(self, error: BaseException) -> None:
        """Interrupt the run with `error`, once; any thread may."""
        while self._can_be_stopped():
            struck = self._gate
            if self._in_main and interrupts.signal_main_thread(error, self):
                return
            if struck.strike(error, self._owner, lambda: self._can_be_stopped(struck)):  # noqa: B023
                return
            if struck is self._gate:
                return
            # A generator has gone on in another thread.

    def _can_be_stopped(self, by: Gate | None = None) -> bool:
        """Whether a cancel comes in time; whoever comes back to a generator finds it at the
        execution."""
        here = by is None or by is self._gate
        return here and not (self.over or self.away or self._interruptions)

    def note(self, error: BaseException) -> None:
        """In a handler of signals: the process is to end, and the run with it."""
        if self.away and self.execution is not None and self.execution.cancelled is None:
            self.execution.cancelled = error

    def strike(self, error: BaseException) -> None:
        """In a handler of signals: raise `error` in the code that the thread executes."""
        if not isinstance(error, TerminationSignal):
            if self._can_be_stopped():
                gate().arrive(error)
        elif self.away:
            gate().arrive(SystemExit(128 + error.signal))
        else:
            gate().arrive(error)

    def give_turn(self) -> None:
        """A generator has given its consumer an item."""
        with gate().holding_back():
            self._take_back()
            self.away = True

    def take_turn(self) -> None:
        """The consumer of a generator asks for its next item."""
        if not self.is_here():
            self._settle_in()
        self.away = False

    def end(self) -> None:
        """The run has ended by itself: a cancel that is still on its way comes too late."""
        with gate().holding_back():
            self._take_back()
            self.over = True

    def reached(self) -> None:
        """An interruption has arrived: another form of the same one, still on its way, does not."""
        with gate().holding_back():
            self._take_back()
            self._interruptions += 1

    def _take_back(self) -> None:
        """A cancel that has yet to be raised is not raised; the end of the process stands."""
        asked = None if self.execution is None else self.execution.cancelled
        if isinstance(asked, CancelRun):
            gate().forget(asked)


class LoopStopper(Stopper):
    """Stops a run that an asyncio task executes, the one that makes this."""

    def __init__(self) -> None:
        super().__init__()
        self._cancelled: list[Any] = []
        self._take_task()

    def _take_task(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._task: Any = asyncio.current_task()

    def take_turn(self) -> None:
        """The asyncio task that calls this asks the run, a generator, for its next item."""
        self._take_task()
        super().take_turn()

    def stop(self, error: BaseException) -> None:
        """Interrupt the run with `error`, once; any thread may."""
        if not self._can_be_stopped():
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
        here, ends_all = _current_task(), isinstance(error, TerminationSignal)
        if not (ends_all or self._can_be_stopped()):
            return
        if self.away:
            super().strike(error)
        elif here is self._task:
            # What was to reach the asyncio task by a cancel of it reaches it now.
            self._interruptions += 1
            gate().arrive(error)
        else:
            if not ends_all:
                self._cancel_soon()
            if here is not None and (ends_all or self._is_around()):
                gate().arrive(error)

    def _is_around(self) -> bool:
        """Whether the current code is the run's: what else the loop executes may go on."""
        context = flow_context.get()
        execution = None if context is None else context.execution
        while execution is not None and execution is not self.execution:
            tracking = execution.tracking
            execution = None if tracking is None else tracking.execution
        return execution is not None

    @property
    def has_cancelled(self) -> bool:
        """Whether the asyncio task was cancelled for the sake of the run."""
        return bool(self._cancelled)

    def uncancel(self) -> None:
        """The asyncio task goes on: it was cancelled for the sake of the run alone."""
        while self._cancelled:
            self._cancelled.pop().uncancel()

    def _cancel_soon(self) -> None:
        with suppress(RuntimeError):  # the loop was closed: there is nothing left to stop
            self._loop.call_soon_threadsafe(self._cancel, self._interruptions)

    def _cancel(self, interruptions: int) -> None:
        asked = None if self.execution is None else self.execution.cancelled
        # The consumer of a generator may have got its turn in the meantime: see `stop`.
        away = self.away and isinstance(asked, CancelRun)
        if self._interruptions == interruptions and not (self.over or away):
            self._cancelled.append(self._task)
            self._task.cancel()


def _wake_up() -> None:
    """Something for a loop to do."""


def _current_task() -> Any:
    """The asyncio task whose step the event loop executes, which may block; None when it waits."""
    asyncio = sys.modules["asyncio"]
    loop = asyncio._get_running_loop()
    return None if loop is None else asyncio.current_task(loop)
