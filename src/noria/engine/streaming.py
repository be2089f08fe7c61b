"""`Task.stream`: a task over an iterable of any length, results as they come, memory flat."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Any

from noria.core.errors import TooManyFailures
from noria.core.records import GroupKind
from noria.core.states import StateType
from noria.engine.calls import TaskCall
from noria.engine.futures import Arrivals, Future
from noria.engine.groups import Place
from noria.engine.tolerance import allowed_failures, causes, failures_of


class Window:
    """The runs of a stream that are under way.

    Parameters:
        task: The task.
        runner: Runs them.
        concurrency: How many there may be.
        ordered: Whether results come in the order of the elements.
        static: Further arguments, the same for each run.
        place: Where the stream stands.
        max_failures: How many runs may fail; None raises the first failure as it is.

    Raises:
        ValueError: A number is too small.
    """

    def __init__(
        self,
        task: Any,
        runner: Any,
        concurrency: int,
        ordered: bool,
        static: dict[str, Any],
        place: Place,
        max_failures: int | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self._allowed = None if max_failures is None else allowed_failures(max_failures, None)
        self._task = task
        self._runner = runner
        self._size = concurrency
        self._ordered = ordered
        self._static = static
        self._place = place
        self._futures: dict[Future[Any], None] = {}
        self._arrivals = Arrivals()
        self._arrived: deque[Future[Any]] = deque()
        self._failures: list[Future[Any]] = []
        self._ended = 0

    def submit(self, element: Any) -> None:
        """Start the run of one element."""
        parameters = self._task.spec.bind((element,), self._static)
        call = TaskCall(self._task, parameters, None, GroupKind.STREAM, self._place)
        future = self._runner.submit_call(call)
        self._futures[future] = None
        if not self._ordered:
            self._arrivals.add(future)

    @property
    def full(self) -> bool:
        """Whether nothing more may start before something has ended."""
        return len(self._futures) >= self._size

    def __bool__(self) -> bool:
        return bool(self._futures)

    def next_future(self) -> Future[Any]:
        """The one whose result is given next; it may not have ended yet when ordered."""
        if self._ordered:
            future = next(iter(self._futures))
        else:
            if not self._arrived:
                self._arrived.extend(self._arrivals.next_ones(None))
            future = self._arrived.popleft()
        del self._futures[future]
        return future

    def tolerates(self, future: Future[Any]) -> bool:
        """Whether an ended run has failed and may.

        Raises:
            TooManyFailures: It is one too many.
        """
        self._ended += 1
        if self._allowed is None or future.run.state_type is StateType.COMPLETED:
            return False
        if future.run.state_type is StateType.CANCELLED:
            return False
        self._failures.append(future)
        if len(self._failures) > self._allowed:
            why = causes(failures_of(self._failures, self._task.spec.names[:1]))
            raise TooManyFailures(
                f"{len(self._failures):,} of the first {self._ended:,} runs of "
                f"{self._task.name!r} failed, and {self._allowed:,} may "
                f"(max_failures={self._allowed}). {why}"
            )
        return True

    def cancel(self) -> None:
        """Stop what is under way."""
        for future in self._futures:
            future.cancel()


def stream(iterable: Iterable[Any], window: Window) -> Generator[Any, None, None]:
    """Results over an iterable; see `Task.stream`."""
    try:
        for element in iterable:
            window.submit(element)
            if window.full:
                yield from _next(window)
        while window:
            yield from _next(window)
    finally:
        window.cancel()


def _next(window: Window) -> Generator[Any, None, None]:
    """The next result; none when the run failed and may."""
    future = window.next_future()
    future.wait()
    if not window.tolerates(future):
        yield future.result()


async def astream(iterable: AsyncIterable[Any], window: Window) -> AsyncGenerator[Any, None]:
    """Results over an async iterable; see `Task.stream`."""
    try:
        async for element in iterable:
            window.submit(element)
            if window.full:
                async for value in _anext(window):
                    yield value
        while window:
            async for value in _anext(window):
                yield value
    finally:
        window.cancel()


async def _anext(window: Window) -> AsyncGenerator[Any, None]:
    future = window.next_future()
    future.observed = True
    await future.wait_async()
    if not window.tolerates(future):
        yield await future.result_async()
