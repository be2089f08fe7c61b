"""`Task.stream`: a task over an iterable of any length, results as they come, memory flat."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Any

from noria.core.records import GroupKind
from noria.engine.calls import TaskCall
from noria.engine.futures import Future, as_completed
from noria.engine.groups import Place


class _Window:
    """The runs that are under way, at most so many."""

    def __init__(
        self, task: Any, runner: Any, concurrency: int, ordered: bool, static: Any, place: Place
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self._task = task
        self._runner = runner
        self._size = concurrency
        self._ordered = ordered
        self._static = static
        self._place = place
        self._futures: deque[Future[Any]] = deque()

    def submit(self, element: Any) -> None:
        parameters = self._task.spec.bind((element,), self._static)
        call = TaskCall(self._task, parameters, None, GroupKind.STREAM, self._place)
        self._futures.append(self._runner.submit_call(call))

    @property
    def full(self) -> bool:
        return len(self._futures) >= self._size

    def __bool__(self) -> bool:
        return bool(self._futures)

    def next_future(self) -> Future[Any]:
        """The one whose result is given next; it may not have ended yet when ordered."""
        if self._ordered:
            return self._futures.popleft()
        future = next(as_completed(self._futures))
        self._futures.remove(future)
        return future

    def cancel(self) -> None:
        for future in self._futures:
            future.cancel()


def stream(
    task: Any,
    iterable: Iterable[Any],
    runner: Any,
    concurrency: int,
    ordered: bool,
    static: dict[str, Any],
    place: Place,
) -> Generator[Any, None, None]:
    """Results of `task` over `iterable`; see `Task.stream`."""
    window = _Window(task, runner, concurrency, ordered, static, place)
    try:
        for element in iterable:
            window.submit(element)
            if window.full:
                yield window.next_future().result()
        while window:
            yield window.next_future().result()
    finally:
        window.cancel()


async def astream(
    task: Any,
    iterable: AsyncIterable[Any],
    runner: Any,
    concurrency: int,
    static: dict[str, Any],
    place: Place,
) -> AsyncGenerator[Any, None]:
    """Results of `task` over an async iterable; see `Task.stream`."""
    window = _Window(task, runner, concurrency, True, static, place)
    try:
        async for element in iterable:
            window.submit(element)
            if window.full:
                yield await window.next_future().result_async()
        while window:
            yield await window.next_future().result_async()
    finally:
        window.cancel()
