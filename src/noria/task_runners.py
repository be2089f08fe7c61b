"""Task runners: where submitted tasks run."""

from __future__ import annotations

import abc
import os
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import Any, Generic, TypeVar

from noria.core.records import GroupKind
from noria.engine.calls import TaskCall
from noria.engine.configuration import settings
from noria.engine.futures import Future, FutureList
from noria.engine.groups import NOWHERE, Place
from noria.engine.mapping import expand, note_elements
from noria.engine.pool import ThreadPool
from noria.engine.session import open_session
from noria.engine.tolerance import Tally

F = TypeVar("F", bound=Future[Any])

DEFAULT_THREADS = 64
INTERRUPTED_SECONDS = 10.0
"""How long an interrupted flow waits for each process to end."""


class TaskRunner(abc.ABC, Generic[F]):
    """Runs what a flow submits, from when it is entered until it is left.

    A runner of your own (over another engine) subclasses this with `duplicate` and `submit`.
    """

    def __init__(self) -> None:
        self._started = False

    @property
    def name(self) -> str:
        """The runner's name, `threadpool` for `ThreadPoolTaskRunner`."""
        return type(self).__name__.lower().replace("taskrunner", "")

    @abc.abstractmethod
    def duplicate(self) -> TaskRunner[F]:
        """A fresh runner with the same options; every flow run has its own."""

    @abc.abstractmethod
    def submit(
        self,
        task: Any,
        parameters: dict[str, Any],
        wait_for: Iterable[Future[Any]] | None = None,
        dependencies: dict[str, set[Any]] | None = None,
    ) -> F:
        """Start a run of `task` and return its future."""

    def map(
        self,
        task: Any,
        parameters: dict[str, Any],
        wait_for: Iterable[Future[Any]] | None = None,
    ) -> FutureList[Any]:
        """Submit one run of `task` for each element of the iterable parameters."""
        self._check_started()
        return FutureList(
            self.submit(task, call_parameters, wait_for)
            for call_parameters in expand(task, parameters)
        )

    def cancel_all(self) -> None:
        """Cancel what has not begun."""

    def knows_places(self, method: str) -> bool:
        """Whether `submit` or `map` can be told where in the user's code a call stands: on our own
        runners, unless a subclass has its own way."""
        return False

    def _check_started(self) -> None:
        if not self._started:
            raise RuntimeError("The task runner must be started before submitting work.")

    def __enter__(self) -> TaskRunner[F]:
        if self._started:
            raise RuntimeError("This task runner is already started")
        self._started = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._started = False

    def __str__(self) -> str:
        return type(self).__name__


class PoolTaskRunner(TaskRunner[Future[Any]]):
    """A task runner over one of Noria's own pools; made by its subclasses."""

    def __init__(self) -> None:
        super().__init__()
        self._pool: ThreadPool | None = None

    @abc.abstractmethod
    def _make_pool(self) -> ThreadPool:
        """The pool, once something is submitted."""

    def knows_places(self, method: str) -> bool:
        """See `TaskRunner.knows_places`."""
        # A `submit` of the subclass's own is to be asked for the elements of a map, too.
        mine = type(self)
        as_here = mine.submit is PoolTaskRunner.submit
        return as_here and getattr(mine, method) is getattr(PoolTaskRunner, method)

    def submit(
        self,
        task: Any,
        parameters: dict[str, Any],
        wait_for: Iterable[Future[Any]] | None = None,
        dependencies: dict[str, set[Any]] | None = None,
    ) -> Future[Any]:
        """Start a run of `task` in the pool."""
        self._check_started()
        return self.submit_call(TaskCall(task, parameters, wait_for, GroupKind.SUBMIT, NOWHERE))

    def submit_call(self, call: TaskCall, context: Context | None = None) -> Future[Any]:
        """Start a call that knows where it stands."""
        pool = self._pool
        if pool is None:
            pool = self._pool = self._make_pool()
        return pool.submit(call, context)

    def map_at(
        self,
        task: Any,
        parameters: dict[str, Any],
        wait_for: Any,
        place: Place,
        tally: Tally | None = None,
    ) -> FutureList[Any]:
        """`map`, knowing where it stands, and how many calls may fail."""
        futures: FutureList[Any] = FutureList()
        note_elements(parameters)
        context = copy_context()
        group = None
        calls = expand(task, parameters)
        futures.mapped, futures.tally = calls.names, tally
        if tally is not None:
            tally.expect(len(calls))
        for call_parameters in calls:
            if tally is not None and tally.tripped:
                futures.append(tally.never_begun(task, call_parameters, futures[0].run))
                continue
            call = TaskCall(task, call_parameters, wait_for, GroupKind.MAP, place, group)
            if group is None and call.execution is not None:
                group = call.run.group
                if group is not None:
                    group.expected = len(calls)
                    call.execution.group_changed(group)
            futures.append(future := self.submit_call(call, context))
            if tally is not None:
                tally.watch(future)
        return futures

    def map(
        self,
        task: Any,
        parameters: dict[str, Any],
        wait_for: Iterable[Future[Any]] | None = None,
    ) -> FutureList[Any]:
        """Submit one run of `task` for each element of the iterable parameters."""
        self._check_started()
        if not self.knows_places("submit"):
            return super().map(task, parameters, wait_for)
        return self.map_at(task, parameters, wait_for, NOWHERE)

    def cancel_all(self) -> None:
        """Cancel what has not begun."""
        if self._pool is not None:
            self._pool.cancel_all()

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__(*exc_info)
        if self._pool is not None:
            self._pool.close()
            self._pool = None


class ThreadPoolTaskRunner(PoolTaskRunner):
    """Runs tasks in threads of this process.

    Parameters:
        max_workers: The largest number of threads; by default
            NORIA_TASK_RUNNER_THREAD_POOL_MAX_WORKERS, or 64.

    Example:
        >>> from noria import flow, task
        >>> @task
        ... def square(n: int) -> int:
        ...     return n * n
        >>> @flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
        ... def squares() -> list[int]:
        ...     return square.map(range(3)).result()
        >>> squares()
        [0, 1, 4]
    """

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__()
        if max_workers is not None and max_workers < 1:
            raise ValueError(f"max_workers must be at least 1, got {max_workers}")
        self._max_workers = max_workers

    def duplicate(self) -> ThreadPoolTaskRunner:
        """A fresh runner with the same options."""
        return type(self)(max_workers=self._max_workers)

    def _make_pool(self) -> ThreadPool:
        workers = self._max_workers
        if workers is None:
            workers = open_session().settings.task_runner_thread_pool_max_workers
        return ThreadPool(workers or DEFAULT_THREADS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ThreadPoolTaskRunner):
            return False
        return type(self) is type(other) and self._max_workers == other._max_workers

    def __hash__(self) -> int:
        return hash((type(self), self._max_workers))


ConcurrentTaskRunner = ThreadPoolTaskRunner


class SequentialTaskRunner(ThreadPoolTaskRunner):
    """Runs what is submitted one after the other, in the order in which it was."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def duplicate(self) -> SequentialTaskRunner:
        """A fresh runner."""
        return SequentialTaskRunner()


class ProcessPoolTaskRunner(PoolTaskRunner):
    """Runs tasks in processes of their own, for work that keeps the processor busy.

    Retries, hooks, cache, logs and results are as with threads. Functions and classes of the script
    itself are sent to the processes, which never execute the script; all others are imported there.
    Arguments and results must be picklable. A process that is killed makes its task Crashed.

    Parameters:
        max_workers: The largest number of processes; by default
            NORIA_TASK_RUNNER_PROCESS_POOL_MAX_WORKERS, or one per core.
        subprocess_message_processor_factories: Functions without parameters that each make a
            function `processor(kind, content)`. It is given every log line that comes from a
            process (kind `"log"`) and returns both, changed or not, or None to drop the line.
        initializer: Called in each process before its first task.
        initargs: What it is called with.

    Example:
        >>> from noria import flow, task
        >>> @task
        ... def square(n: int) -> int:
        ...     return n * n
        >>> @flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
        ... def squares() -> list[int]:
        ...     return square.map(range(3)).result()
        >>> squares()
        [0, 1, 4]
    """

    def __init__(
        self,
        max_workers: int | None = None,
        subprocess_message_processor_factories: Iterable[Any] | None = None,
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        super().__init__()
        if max_workers is not None and max_workers < 0:
            raise ValueError(f"max_workers must be at least 1, got {max_workers}")
        if initializer is not None and not callable(initializer):
            raise TypeError(f"initializer must be a function, got {type(initializer).__name__}")
        self._max_workers: int = (
            max_workers or settings().task_runner_process_pool_max_workers or os.cpu_count() or 1
        )
        self._factories = tuple(subprocess_message_processor_factories or ())
        self._initializer = initializer
        self._initargs = tuple(initargs)

    @property
    def subprocess_message_processor_factories(self) -> tuple[Any, ...]:
        """What makes the processors of log lines."""
        return self._factories

    @subprocess_message_processor_factories.setter
    def subprocess_message_processor_factories(self, factories: Iterable[Any] | None) -> None:
        if self._started:
            raise RuntimeError(
                "Cannot configure subprocess message processor factories while task runner is "
                "started"
            )
        self._factories = tuple(factories or ())

    def set_subprocess_message_processor_factories(
        self, subprocess_message_processor_factories: Iterable[Any] | None = None
    ) -> None:
        """Set what makes the processors of log lines.

        Raises:
            RuntimeError: The runner has been started.
        """
        self.subprocess_message_processor_factories = subprocess_message_processor_factories

    def duplicate(self) -> ProcessPoolTaskRunner:
        """A fresh runner with the same options."""
        # One by one, so that a subclass may take fewer arguments.
        runner = type(self)(max_workers=self._max_workers)
        runner._initializer, runner._initargs = self._initializer, self._initargs
        runner._factories = self._factories
        return runner

    def _make_pool(self) -> ThreadPool:
        # `subprocess`, which these bring along, is needed by this runner alone.
        from noria.engine.processes.pool import ProcessPool  # noqa: PLC0415
        from noria.engine.processes.processors import made  # noqa: PLC0415

        return ProcessPool(
            self._max_workers,
            ThreadPoolTaskRunner,
            self._initializer,
            self._initargs,
            made(self._factories),
        )

    def __exit__(self, *exc_info: object) -> None:
        pool: Any = self._pool
        super().__exit__(*exc_info)
        if pool is not None:
            pool.join(None if exc_info[0] is None else INTERRUPTED_SECONDS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProcessPoolTaskRunner):
            return False
        return self._max_workers == other._max_workers

    def __hash__(self) -> int:
        return hash((ProcessPoolTaskRunner, self._max_workers))
