"""Futures: a task run that goes on elsewhere.

Made by the tens of thousands, so one is a few slots, and what waiting needs is made by who waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from noria.core import clock
from noria.core.states import State, StateType, state_result
from noria.engine.forks import new_lock
from noria.engine.gate import gate

if TYPE_CHECKING:
    import uuid

    from noria.engine.execution import FlowExecution
    from noria.engine.pool import ThreadPool, Work
    from noria.engine.runs import TaskRun
    from noria.engine.tolerance import Tally

R = TypeVar("R")

_lock = new_lock()


_PLAIN = frozenset({int, float, bool, type(None)})


class Serving(threading.local):
    """What the current thread does for a pool.

    Attributes:
        pool: The pool whose worker it is, or in the place of whose worker it calls a function.
        waits: For how many futures it waits; several on an event loop.
    """

    pool: ThreadPool | None = None
    waits = 0


serving = Serving()


@contextmanager
def waiting() -> Iterator[None]:
    """While a worker of a pool waits in this block, the pool may run something else instead."""
    pool = serving.pool
    if pool is None:
        yield
        return
    own = gate()
    was_open = own.shut()
    _stand_aside(pool)
    try:
        yield
    finally:
        _come_back(pool)
        own.restore(was_open)


async def waiting_async(arrived: Any) -> None:
    """Wait for an event of the running loop; if that runs in a worker, the pool may run something
    else meanwhile."""
    pool = serving.pool
    if pool is None:
        await arrived.wait()
        return
    own = gate()
    try:
        was_open = own.shut()
        _stand_aside(pool)
        own.restore(was_open)
        await arrived.wait()
    finally:
        was_open = own.shut()
        _come_back(pool)
        own.restore(was_open)


def _stand_aside(pool: ThreadPool) -> None:
    serving.waits += 1
    if serving.waits == 1:
        pool.stand_aside()


def _come_back(pool: ThreadPool) -> None:
    if serving.waits:
        serving.waits -= 1
        if not serving.waits:
            pool.come_back()


def stop_waiting() -> None:
    """At the end of a call: an interruption may have struck between a wait and its end."""
    if serving.waits and serving.pool is not None:
        serving.waits = 0
        serving.pool.come_back()


class Future(Generic[R]):
    """A handle on a submitted task run.

    Example:
        >>> from noria import flow, task
        >>> @task
        ... def double(x: int) -> int:
        ...     return 2 * x
        >>> @flow
        ... def doubles() -> list[int]:
        ...     futures = [double.submit(n) for n in range(3)]
        ...     return [future.result() for future in futures]
        >>> doubles()
        [0, 2, 4]
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_final",
        "arguments",
        "observed",
        "owner",
        "run",
        "work",
    )

    def __init__(self, run: TaskRun) -> None:
        self.run = run
        self.observed = False
        """Whether anybody has looked at how it ended."""
        self.owner: FlowExecution | None = None
        """The flow execution that will not end before this has, and wants to know of values that
        are handed out."""
        self.work: Work | None = None
        """What runs the task, while it does."""
        self.arguments: dict[str, Any] | None = None
        """Those of a call that did not complete; the others are let go."""
        self._final = False
        self._callbacks: list[Callable[[Future[R]], None]] | None = None

    @property
    def task_run_id(self) -> uuid.UUID:
        """The id of the task run."""
        return self.run.id

    @property
    def state(self) -> State[R]:
        """The state that the run is in by now."""
        self.observed = True
        return self.run.state

    @property
    def _final_state(self) -> State[R] | None:
        return self.run.state if self._final else None

    def done(self) -> bool:
        """Whether the run has ended."""
        return self._final

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the run has ended.

        Parameters:
            timeout: Seconds to wait at most; then this returns all the same.
        """
        self.observed = True
        self.wait_silently(timeout)

    def wait_silently(self, timeout: float | None = None) -> None:
        """Wait without this counting as having looked at the outcome."""
        if self._final:
            return
        arrived = threading.Event()
        self.on_done(lambda _: arrived.set())
        with waiting():
            gate().wait(arrived, timeout)

    async def wait_async(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - Prefect's
        """Wait without blocking the event loop."""
        if self._final:
            return
        import asyncio

        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()
        self.on_done(lambda _: _tell(loop, arrived))
        if timeout is None:
            await waiting_async(arrived)
            return
        try:
            async with asyncio.timeout(timeout):
                await waiting_async(arrived)
        except TimeoutError:
            return

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """The value that the task returned.

        Parameters:
            timeout: Seconds to wait at most.
            raise_on_failure: Raise what the task raised; else return the exception.

        Returns:
            The value.

        Raises:
            TimeoutError: The run has not ended in time.
        """
        self.observed = True
        if not self._final:
            self.wait_silently(timeout)
            if not self._final:
                raise TimeoutError(
                    f"Task run {self.task_run_id} did not complete within {timeout} seconds"
                )
        return self.take(raise_on_failure)

    async def result_async(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - Prefect's
        raise_on_failure: bool = True,
    ) -> R:
        """The same as `result`, without blocking the event loop."""
        self.observed = True
        await self.wait_async(timeout)
        return self.result(0, raise_on_failure)

    def take(self, raise_on_failure: bool = True) -> R:
        """The value of an ended run."""
        run = self.run
        if run.state_type is StateType.COMPLETED:
            if self.owner is not None:
                self.owner.hand_out(self, run.data)
            value: R = run.data
            return value
        outcome: R = state_result(run.state, raise_on_failure)
        return outcome

    def add_done_callback(self, fn: Callable[[Future[R]], None]) -> None:
        """Call `fn` with this future once the run has ended, at once if it has.

        What `fn` raises is logged and goes no further.
        """
        self.observed = True
        self.on_done(lambda future: _call_back(fn, future))

    def on_done(self, fn: Callable[[Future[R]], None]) -> None:
        """Like `add_done_callback`, without counting as having looked."""
        with _lock:
            if not self._final:
                if self.owner is not None and self.owner.inherited:
                    raise RuntimeError(
                        f"Task run {self.run.name!r} goes on in the process that this one was "
                        "forked from, and its end is not known here. Wait for it there."
                    )
                if self._callbacks is None:
                    self._callbacks = []
                self._callbacks.append(fn)
                return
        fn(self)

    def settle(self) -> None:
        """Say that the run has ended; called once by whoever ran it."""
        with _lock:
            if self._final:
                return
            self._final = True
            callbacks, self._callbacks = self._callbacks, None
            self.work = None
        if self.owner is not None:
            self.owner.settled(self)
        for fn in callbacks or ():
            try:
                fn(self)
            except Exception as exc:  # noqa: BLE001 - others wait for this future too
                self._say(f"A callback of task run {self.run.name!r} has failed: {exc!r}")

    def _say(self, message: str) -> None:
        if self.owner is not None:
            self.owner.log(40, message, self.run)

    def cancel(self) -> bool:
        """Stop the run: one that has not begun never does, one that runs is interrupted.

        Returns:
            False when it had already ended.
        """
        self.observed = True
        work = self.work
        if self._final or work is None:
            return False
        work.cancel()
        return True

    def __repr__(self) -> str:
        return f"{type(self).__name__}(task_run_id={str(self.task_run_id)!r})"


def _call_back(fn: Callable[[Future[R]], None], future: Future[R]) -> None:
    try:
        fn(future)
    except Exception:
        import logging  # noqa: PLC0415 - a run that logs nothing does without

        logging.getLogger("noria.futures").exception("A callback of %r failed.", future)


def _tell(loop: Any, arrived: Any) -> None:
    try:
        loop.call_soon_threadsafe(arrived.set)
    except RuntimeError:
        # The loop is closed: nobody waits any more.
        return


class FutureList(list[Future[R]], Generic[R]):
    """The futures of one `map`, in order.

    Attributes:
        mapped: The parameters that differ from call to call.
        tally: Counts the failures, when there may be some (`max_failures`).
    """

    mapped: tuple[str, ...] = ()
    tally: Tally | None = None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until all have ended, at most `timeout` seconds in all."""
        wait(self, timeout=timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """All values in order; of a map with `max_failures`, those of the calls that completed.

        Parameters:
            timeout: Seconds that all may take together.
            raise_on_failure: Raise the first failure; else each exception stands in its place.

        Raises:
            TimeoutError: Not all ended in time.
            TooManyFailures: More failed than `max_failures` allows.
        """
        if self.tally is not None and raise_on_failure:
            return self._tolerant(self.tally, timeout)
        for future in self:
            future.observed = True
        deadline = None if timeout is None else clock.monotonic() + timeout
        results = []
        for future in self:
            if not future._final:
                future.wait_silently(_left(deadline))
                if not future._final:
                    raise TimeoutError(
                        f"Timed out waiting for all futures to complete within {timeout} seconds"
                    )
            run = future.run
            if run.state_type is StateType.COMPLETED and type(run.data) in _PLAIN:
                # Nothing to be known of it again by: ten thousand of these would only be noise.
                results.append(run.data)
            else:
                results.append(future.take(raise_on_failure))
        return results

    def _tolerant(self, tally: Tally, timeout: float | None) -> list[R]:
        done, pending = wait(self, timeout)
        if pending:
            raise TimeoutError(f"{len(pending)} (of {len(done) + len(pending)}) futures unfinished")
        if tally.tripped:
            raise tally.error(self)
        return [each.take() for each in self if each.run.state_type is StateType.COMPLETED]


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - clock.monotonic())


def _check(timeout: float | None) -> None:
    if timeout is not None and timeout < 0:
        raise ValueError(f"'timeout' must be a non-negative number, got {timeout}")


class Arrivals:
    """Futures in the order in which they end."""

    def __init__(self, futures: Iterable[Future[R]] = ()) -> None:
        self._ended: deque[Future[Any]] = deque()
        self._some = threading.Event()
        for future in futures:
            self.add(future)

    def add(self, future: Future[Any]) -> None:
        """One more to wait for."""
        future.observed = True
        future.on_done(self._arrive)

    def _arrive(self, future: Future[Any]) -> None:
        self._ended.append(future)
        self._some.set()

    def next_ones(self, timeout: float | None) -> list[Future[Any]]:
        """What has ended since the last call, waiting for at least one; none after `timeout`."""
        deadline = None if timeout is None else clock.monotonic() + timeout
        while not self._ended:
            # No lock is held meanwhile: what is waited for needs it to arrive.
            with waiting():
                if not gate().wait(self._some, _left(deadline)):
                    break
            # It may tell of one that was given already: then there is still nothing.
            self._some.clear()
        ended = []
        while self._ended:
            ended.append(self._ended.popleft())
        return ended


def as_completed(
    futures: Iterable[Future[R]], timeout: float | None = None
) -> Generator[Future[R], None, None]:
    """Give each future once, as it ends.

    Parameters:
        futures: The futures; one given twice comes once.
        timeout: Seconds that all may take together.

    Raises:
        TimeoutError: Some had not ended in time; says how many.
    """
    _check(timeout)
    pending = dict.fromkeys(futures)
    total = len(pending)
    deadline = None if timeout is None else clock.monotonic() + timeout
    arrivals = Arrivals(pending)
    while pending:
        ended = arrivals.next_ones(_left(deadline))
        if not ended:
            raise TimeoutError(f"{len(pending)} (of {total}) futures unfinished")
        for future in ended:
            del pending[future]
            yield future


def wait(
    futures: Iterable[Future[R]], timeout: float | None = None
) -> tuple[set[Future[R]], set[Future[R]]]:
    """Wait for futures.

    Returns:
        Two sets: the ended, and those that had not ended within `timeout` seconds.
    """
    _check(timeout)
    done: set[Future[R]] = set()
    pending = set(futures)
    deadline = None if timeout is None else clock.monotonic() + timeout
    arrivals = Arrivals(pending)
    while pending:
        ended = arrivals.next_ones(_left(deadline))
        if not ended:
            break
        done.update(ended)
        pending.difference_update(ended)
    return done, pending


__all__ = ["Future", "FutureList", "as_completed", "wait"]
