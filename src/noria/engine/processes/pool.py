"""A pool of processes: threads that each own one and have the tasks' functions called there."""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

from noria.core.redaction import redactor
from noria.engine.calls import TaskCall
from noria.engine.pool import ThreadPool, Work
from noria.engine.processes.answers import Answers
from noria.engine.processes.messages import SetUp
from noria.engine.processes.process import ChildProcess
from noria.engine.processes.processors import Processor
from noria.engine.processes.sending import Sender, dumps_by_value
from noria.engine.processes.work import ProcessWork
from noria.values.scripts import script_modules

if TYPE_CHECKING:
    from noria.engine.opening import Session


class ProcessPool(ThreadPool):
    """Threads with a process each.

    Parameters:
        max_workers: The largest number of processes.
        runner: The class of task runner for what tasks submit themselves.
        initializer: Called in each process before its first task.
        initargs: What it is called with.
        processors: See `noria.engine.processes.processors`.
    """

    def __init__(
        self,
        max_workers: int,
        runner: type,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        processors: Sequence[Processor] = (),
    ) -> None:
        super().__init__(max_workers)
        self.sender = Sender()
        self.answers = Answers(self.sender)
        self.processors = processors
        self.broken: str | None = None
        """Why no process can be made ready."""
        self._runner = runner
        self._initializer = initializer
        self._initargs = initargs
        self._set_up: bytes | None = None
        self._own = threading.local()
        self._started: list[threading.Thread] = []

    def make_work(self, call: TaskCall, context: Context) -> Work:
        """The work item of a call."""
        return ProcessWork(call, self, context)

    def child(self, session: Session) -> ChildProcess:
        """The process of the calling thread, started if there is none that lives.

        Raises:
            RuntimeError: Processes cannot be made ready.
        """
        if self.broken is not None:
            raise RuntimeError(self.broken)
        child: ChildProcess | None = getattr(self._own, "child", None)
        if child is not None and child.lives():
            return child
        if child is not None:
            child.end()
        self._own.child = child = ChildProcess(self._pickled_set_up(session))
        return child

    def forget_child(self) -> None:
        """The calling thread's process has ended; the next call gets a fresh one."""
        self._own.child = None

    def _pickled_set_up(self, session: Session) -> bytes:
        with self._lock:
            if self._set_up is None:
                initializer = None
                if self._initializer is not None:
                    initializer = dumps_by_value((self._initializer, self._initargs), "initializer")
                self._set_up = pickle.dumps(
                    SetUp(
                        list(sys.argv),
                        getattr(sys.modules.get("__main__"), "__file__", None),
                        script_modules(),
                        session.settings,
                        session.log_level,
                        session.process,
                        self._runner,
                        initializer,
                        redactor.values,
                    )
                )
            return self._set_up

    def break_down(self, pid: int, error: BaseException) -> str:
        """Remember that processes cannot be made ready, and say so."""
        name = getattr(self._initializer, "__name__", repr(self._initializer))
        self.broken = (
            f"The initializer {name!r} of ProcessPoolTaskRunner failed in process {pid}: "
            f"{type(error).__name__}: {error}. No task can run."
        )
        return self.broken

    def _serve(self) -> None:
        self._started.append(threading.current_thread())
        try:
            super()._serve()
        finally:
            child = getattr(self._own, "child", None)
            if child is not None:
                child.close()

    def join(self, seconds: float | None) -> None:
        """After `close`: wait until all processes have ended, each at most so many seconds."""
        for thread in self._started:
            thread.join(seconds)
