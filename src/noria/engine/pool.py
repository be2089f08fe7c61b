"""Threads that run submitted tasks.

A task waits in no thread: it is queued only once its upstream futures have ended, so a pool of one
cannot be blocked by any depth of dependencies.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from contextvars import Context, copy_context
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from noria.core.errors import CancelRun
from noria.core.outcomes import interrupted_state
from noria.core.states import StateType
from noria.engine import interrupts
from noria.engine.calls import TaskCall
from noria.engine.drivers import drive_to_bell
from noria.engine.effects import Listen, Program
from noria.engine.forks import new_lock
from noria.engine.futures import Future, serving, stop_waiting
from noria.engine.gate import Gate
from noria.engine.runs import TaskRun
from noria.engine.task_run import run_task

_starting = new_lock()
"""Held where it is decided whether a task starts or is cancelled before."""


class Parked(NamedTuple):
    """A task that waits for a slot, and meanwhile occupies no thread."""

    context: Context
    program: Program[TaskRun]


class Work:
    """One submitted call on its way through a pool."""

    __slots__ = (
        "call",
        "cancelled",
        "context",
        "error",
        "future",
        "gate",
        "missing",
        "parked",
        "pool",
    )

    def __init__(self, call: TaskCall, pool: ThreadPool, context: Context) -> None:
        self.call: TaskCall | None = call
        self.pool = pool
        self.context: Context | None = context
        self.future: Future[Any] = Future(call.run)
        self.missing = 0
        self.gate: Gate | None = None
        """Where an interruption reaches the task while it runs."""
        self.cancelled = False
        self.parked: Parked | None = None
        self.error: BaseException | None = None
        """What ends a parked task."""

    def program(self, call: TaskCall) -> Program[TaskRun]:
        """What is driven; a pool of processes has another."""
        return run_task(call)

    def run(self) -> None:
        """Run the task in the calling thread, to its end or to where it is parked."""
        with _starting:
            call, context = self.call, self.context
            if call is None or context is None or self.cancelled or self.gate is not None:
                return
            parked, self.parked = self.parked, None
            error, self.error = self.error, None
            self.gate = interrupts.gate()
            self.gate.belong_to(self)
        if parked is None:
            self._drive(call, Parked(context.copy(), self.program(call)), None, None)
        else:
            self.pool.parked.discard(self)
            self._drive(call, parked, True, error)

    def _drive(
        self, call: TaskCall, parked: Parked, answer: Any, error: BaseException | None
    ) -> None:
        """Drive the task on, and settle the future when it has ended."""
        gate, listen = self.gate, None
        assert gate is not None
        try:
            listen = parked.context.run(drive_to_bell, parked.program, answer, error)
        except BaseException as exc:  # noqa: BLE001 - the future carries it
            if call.run.end is None:
                call.run.enter_state(interrupted_state(exc))
        finally:
            if listen is None:
                gate.belong_to(None)
                self._settle(call)
        if listen is not None:
            self._park(gate, parked, listen)

    def _settle(self, call: TaskCall) -> None:
        # The arguments may be large, and a map has many runs: the future needs only the end, and
        # of a failure what it was about.
        if call.run.state_type is not StateType.COMPLETED:
            self.future.arguments = call.parameters
        self.call = self.context = None
        call.run.slim()
        # A child that the task has forked may come back here: the future is the parent's.
        if serving.pool is not None:
            self.future.settle()

    def _park(self, gate: Gate, parked: Parked, listen: Listen) -> None:
        """Leave the thread to others until the bell rings."""
        pool = self.pool
        pool.parked.add(self)
        with _starting:
            self.error = error = gate.leave()
            self.parked, self.gate = parked, None
        if error is None:
            listen.ear.on_ring = lambda: pool.put(self)
            if listen.ear.heard.is_set():
                pool.put(self)
        else:
            pool.put(self)

    def cancel(self) -> None:
        """Never start, or interrupt what runs."""
        reason = "Cancelled before it started."
        with _starting:
            if self.gate is not None:
                self.gate.strike(CancelRun(), self)
                return
            call, parked = self._leave_line(reason)
        self._withdrawn(call, parked, reason)

    def withdraw(self, reason: str) -> None:
        """Never start; what runs goes on.

        Parameters:
            reason: A sentence for the state.
        """
        with _starting:
            call, parked = self._leave_line(reason)
        self._withdrawn(call, parked, reason)

    def _leave_line(self, reason: str) -> tuple[TaskCall | None, bool]:
        """See to it that the task does not start; called with `_starting` held.

        Returns:
            The call, None when it runs or has ended; and whether it is parked.
        """
        call = self.call
        if self.gate is not None or call is None or self.cancelled:
            return None, False
        if self.parked is not None:
            self.error = CancelRun(reason)
            return call, True
        self.cancelled = True
        self.call = self.context = None
        return call, False

    def _withdrawn(self, call: TaskCall | None, parked: bool, reason: str) -> None:
        if call is None:
            return
        if parked:
            # It stands in the midst of its program, which has to leave the line.
            self.pool.put(self)
            return
        self.future.arguments = call.parameters
        run = call.run
        run.enter(StateType.CANCELLED, message=reason)
        run.stop()
        if call.execution is not None:
            call.execution.record(run)
        self.future.settle()


class ThreadPool:
    """Threads made as work comes in, at most `max_workers`, gone with the pool.

    Parameters:
        max_workers: The largest number of threads.
    """

    def __init__(self, max_workers: int) -> None:
        self._max_workers = max_workers
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting: set[Work] = set()
        self.parked: set[Work] = set()
        """Tasks that wait for a slot."""
        self._lock = threading.Lock()
        self._turns = threading.Condition(self._lock)
        self._running = 0
        self._aside = 0
        self._wanting = 0

    def submit(self, call: TaskCall, context: Context | None = None) -> Future[Any]:
        """Run a call once its upstreams have ended.

        Parameters:
            call: The call.
            context: The context variables it runs with; those of the caller by default. A map
                gives all its calls the same.
        """
        work = self.make_work(call, copy_context() if context is None else context)
        gate = interrupts.gate()
        was_open = gate.shut()
        try:
            return self._take(work, call)
        finally:
            gate.restore(was_open)

    def _take(self, work: Work, call: TaskCall) -> Future[Any]:
        future = work.future
        future.work = work
        execution = call.execution
        if execution is not None:
            execution.adopt(future)
        upstreams = call.unfinished_upstreams() if call.references else ()
        if upstreams:
            self._wait_for(work, upstreams)
        else:
            self.put(work)
        return future

    def make_work(self, call: TaskCall, context: Context) -> Work:
        """The work item of a call."""
        return Work(call, self, context)

    def _wait_for(self, work: Work, upstreams: Any) -> None:
        call = work.call
        if call is not None and call.execution is not None:
            names = ", ".join(future.run.name for future in upstreams[:3])
            more = f" and {len(upstreams) - 3} more" if len(upstreams) > 3 else ""
            call.run.state_message = f"waits for {names}{more}"
            call.execution.record(call.run)
        self._waiting.add(work)
        distinct = set(upstreams)
        # One more than there are, so that it cannot start before all are counted.
        work.missing = len(distinct) + 1

        def arrived(_: Any) -> None:
            with self._lock:
                work.missing -= 1
                ready = not work.missing
            if ready:
                self._waiting.discard(work)
                self.put(work)

        for future in distinct:
            future.on_done(arrived)
        arrived(None)

    def put(self, work: Work) -> None:
        """Have a worker run it, or drive it on."""
        queue = self._queue
        queue.put(work)
        if len(self._threads) < self._max_workers + self._aside and queue.qsize():
            self._grow()

    def _grow(self) -> None:
        with self._lock:
            if len(self._threads) >= self._max_workers + self._aside:
                return
            name = f"noria-worker-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self._threads.append(thread)
        thread.start()

    def take_turn(self) -> None:
        """Wait until fewer tasks run than may; called before a task runs."""
        with self._lock:
            self._await_turn()

    def end_turn(self) -> None:
        """A task has ended."""
        with self._lock:
            self._running -= 1
            if self._wanting:
                self._turns.notify()

    def stand_aside(self) -> None:
        """The task of the calling worker waits for something: another may run in the meantime, so
        that no depth of waiting can block the pool."""
        with self._lock:
            self._running -= 1
            self._aside += 1
            if self._wanting:
                self._turns.notify()
        if self._queue.qsize():
            self._grow()

    def come_back(self) -> None:
        """What the calling worker waited for has come: it goes on when it is its turn."""
        with self._lock:
            self._aside -= 1
            self._await_turn()

    def _await_turn(self) -> None:
        while self._running >= self._max_workers:
            self._wanting += 1
            self._turns.wait()
            self._wanting -= 1
        self._running += 1

    def _serve(self) -> None:
        serving.pool = self
        interrupts.gate().shut()
        get = self._queue.get
        while True:
            work = get()
            if work is None:
                return
            self.take_turn()
            try:
                work.run()
            finally:
                forked = serving.pool is None
                if not forked:
                    stop_waiting()
                    self.end_turn()
            if forked:
                return
            del work

    def cancel_all(self) -> None:
        """Cancel everything that has not begun."""
        pending = [*self._waiting, *self.parked]
        with suppress(Empty):
            while True:
                work = self._queue.get_nowait()
                if work is not None:
                    pending.append(work)
        self._waiting.clear()
        for work in pending:
            work.cancel()

    def close(self) -> None:
        """Let the threads go once they are done."""
        for _ in self._threads:
            self._queue.put(None)
        self._threads = []
