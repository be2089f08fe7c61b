"""Runs that are broken off at a record of one's choice, and that go on from there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from noria.backend.port import Backend
from noria.core import clock, ids
from noria.core.records import FlowRunRow, GroupRow, LogRow, Record, TaskRunRow, task_run_name
from noria.core.states import State, default_name, state_result
from noria.journal.fold import Folder
from noria.journal.masking import Protect, masked_all
from noria.runs import resume
from noria.session import Session, temporary_session, use
from noria.testing.harness import innermost_store, noria_test_harness
from noria.testing.recorded import IsolatedStore, RecordedRun
from noria.values.digest import content_digest

__all__ = ["Crash", "CrashAt", "Crashing", "NeverCrashed"]

Step = Callable[[], Any]
Experiment = Generator[Step, Any, Any]
"""Yields what is to be called, or awaited, and is sent what came of it."""


class Crash(BaseException):
    """Stands in for the end of the process; no `except Exception` catches it."""


class NeverCrashed(AssertionError):  # noqa: N818 - named for what did not happen
    """A run ended before the record at which it was to be broken off."""


class CrashAt:
    """Breaks flow runs off and goes on with them; the fixture `crash_at`.

    Every run has a store of its own, which begins as a copy of the one around. The process itself
    goes on: the run is broken off by an exception that no `except Exception` catches, and from
    then on nothing that it does is recorded, in no thread. So what `finally` and `with` blocks do
    is done, which a `kill -9` would have left undone.

    Example:
        >>> from noria import flow, task
        >>> calls = []
        >>> @task
        ... def load(part: int):
        ...     calls.append(part)
        ...     return part * 10
        >>> @flow
        ... def pipeline():
        ...     return load(1) + load(2)
        >>> crash_at = CrashAt()
        >>> crash_at(7)(pipeline), calls
        (30, [1, 2, 2])
        >>> len(crash_at.every(pipeline))
        8
    """

    def __call__(self, record: int) -> Crashing:
        """What breaks a run off when it is about to write a record.

        Parameters:
            record: Which one, counted from 1: those before it are stored.

        Raises:
            ValueError: There is no such record.
        """
        if record < 1:
            raise ValueError(f"Records are counted from 1; crash_at({record}) names none.")
        return Crashing(record)

    def points(self, flow: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a flow undisturbed and count.

        Parameters:
            flow: The flow.
            args: Its arguments.
            kwargs: Those by name.

        Returns:
            The records at which it can be broken off, 1 to the last; an awaitable of it for an
            async flow.
        """

        def program() -> Experiment:
            records, _ = yield from _undisturbed(flow, args, kwargs)
            return range(1, records + 1)

        return _perform(program(), flow)

    def every(self, flow: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a flow undisturbed; then break it off at each of its records in turn, go on with it,
        and see to it that it ends as it did undisturbed.

        Parameters:
            flow: The flow.
            args: Its arguments.
            kwargs: Those by name.

        Returns:
            The runs, one for each record; an awaitable of it for an async flow.

        Raises:
            AssertionError: One has ended otherwise; says which.
        """

        def program() -> Experiment:
            records, expected = yield from _undisturbed(flow, args, kwargs)
            done = []
            for record in range(1, records + 1):
                crashing = Crashing(record)
                try:
                    yield from crashing.program(flow, args, kwargs)
                except NeverCrashed:
                    # Tasks that run at once do not always leave the same number of records.
                    break
                _compare(flow, crashing, records, expected)
                done.append(crashing)
            return done

        return _perform(program(), flow)


class Crashing:
    """One run that is broken off and gone on with.

    Attributes:
        record: The record that was never written.
        struck: What that record would have said.
        state: The state in which the run has ended after all.
        task_runs: Its task runs; what was not run again is Cached.
    """

    def __init__(self, record: int) -> None:
        self.record = record
        self.struck = ""
        self.state: State[Any] | None = None
        self.task_runs: list[RecordedRun] = []

    def __call__(self, flow: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the flow, break it off, go on with it.

        Parameters:
            flow: The flow.
            args: Its arguments.
            kwargs: Those by name.

        Returns:
            What the flow returns; an awaitable of it for an async flow.

        Raises:
            NeverCrashed: The run has ended before that record.
            Exception: What the flow raises.
        """

        def program() -> Experiment:
            state = yield from self.program(flow, args, kwargs)
            return (yield state.result)

        return _perform(program(), flow)

    def program(self, flow: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Experiment:
        """The run, step by step; returns the state in which it has ended."""
        with noria_test_harness(template=innermost_store()) as store:
            with _process(store, self.record) as journal:
                try:
                    yield lambda: flow(*args, **kwargs, return_state=True)
                except Crash:
                    self.struck = journal.struck
                else:
                    raise NeverCrashed(
                        f"{flow.name!r} has ended after {journal.count} records: "
                        f"crash_at({self.record}) found nothing to break off."
                    )
            with _process(store):
                self.state = yield _go_on(journal.flow_run, flow, args, kwargs)
            self.task_runs = store.task_runs()
            return self.state


def _undisturbed(flow: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Experiment:
    """A run to the end: how many records it writes, and its state."""
    with noria_test_harness(template=innermost_store()) as store, _process(store) as journal:
        state = yield lambda: flow(*args, **kwargs, return_state=True)
        return journal.count, state


def _go_on(
    flow_run: bytes | None, flow: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Step:
    if flow_run is None:
        # It was broken off before anything was known of it: whoever wanted it starts it again.
        return lambda: flow(*args, **kwargs, return_state=True)
    return lambda: resume(ids.to_uuid(flow_run), flow=flow)


def _compare(flow: Any, crashing: Crashing, records: int, expected: State[Any]) -> None:
    state = crashing.state
    assert state is not None
    if state.type is expected.type and _same(state, expected):
        return
    raise AssertionError(
        f"{flow.name!r} ends otherwise when it is broken off at record {crashing.record} of "
        f"{records} ({crashing.struck}) and gone on with.\n"
        f"Undisturbed: {_told(expected)}\n"
        f"Broken off:  {_told(state)}"
    )


def _same(state: State[Any], other: State[Any]) -> bool:
    one, two = _outcome(state), _outcome(other)
    if isinstance(one, BaseException):
        return type(one) is type(two) and str(one) == str(two)
    try:
        return bool(one == two)
    except Exception:  # noqa: BLE001 - frames and arrays have an equality of their own
        return content_digest(one) == content_digest(two)


def _told(state: State[Any]) -> str:
    return f"{state.name}, {_outcome(state)!r}"


def _outcome(state: State[Any]) -> Any:
    return state_result(state, raise_on_failure=False)


@contextmanager
def _process(store: IsolatedStore, ends_at: int | None = None) -> Generator[DyingJournal]:
    """What stands in for a process over the store; dead afterwards, whatever it has left behind."""
    backend = store.session.backend
    session: Session = temporary_session(store.session.settings, lambda: backend)
    journal = DyingJournal(backend, session.journal.protect, ends_at)
    session.journal = journal  # type: ignore[assignment]
    session.start()
    try:
        with use(session, follow_settings=True):
            yield journal
    finally:
        backend.end_process(session.process, clock.now(), "broken off by crash_at")
        backend.reap(clock.now())


class DyingJournal:
    """Takes the journal's place: each record is committed by itself, until the process ends.

    Parameters:
        backend: Where records go.
        protect: As the journal's.
        ends_at: The record that is not written, nor any after it; None for no such end.
    """

    flush_timeout = 0.0

    def __init__(self, backend: Backend, protect: Protect, ends_at: int | None) -> None:
        self.protect = protect
        self.count = 0
        self.struck = ""
        self.flow_run: bytes | None = None
        self._backend = backend
        self._ends_at = ends_at
        self._folder = Folder()
        self._groups: dict[int, str] = {}
        self._lock = threading.Lock()

    def append(self, record: Record) -> None:
        """Write a record at once."""
        with self._lock:
            if self.count + 1 == self._ends_at:
                self.struck = self.struck or self._describe(record)
                raise Crash(f"Broken off at record {self._ends_at}: {self.struck}")
            self.count += 1
            if isinstance(record, GroupRow):
                self._groups[record.number] = record.name
            self._backend.append(self._folder.fold(masked_all([record], self.protect)))
            if self.flow_run is None and isinstance(record, FlowRunRow):
                self.flow_run = record.id

    def _describe(self, record: Record) -> str:
        match record:
            case FlowRunRow():
                return (
                    f"flow {record.flow_name!r} {record.state_name or default_name(record.state)}"
                )
            case TaskRunRow():
                name = task_run_name(self._groups.get(record.group, "task"), record)
                return f"task {name!r} {_state(record)}"
            case GroupRow():
                return f"calls of {record.name!r}"
            case LogRow():
                return f"log line {record.message!r}"
        return type(record).__name__.removesuffix("Row").lower()

    def commit(self) -> None:
        """Everything is committed."""

    def flush(self, timeout: float | None = None) -> bool:
        """Everything is committed."""
        return True

    def when_committed(self, fn: Callable[[], object]) -> None:
        """Everything is committed."""
        fn()

    def spool_pending(self, last: bool = False) -> None:
        """Nothing is pending."""

    def close(self) -> None:
        """Nothing is left to write."""


def _state(row: FlowRunRow | TaskRunRow) -> str:
    return row.state_name or default_name(row.state)


def _perform(program: Experiment, flow: Any) -> Any:
    """Perform an experiment; gives an awaitable for an async flow where a loop is running."""
    performing = _steps(program)
    if flow.isasync:
        import asyncio

        return asyncio.run(performing) if asyncio._get_running_loop() is None else performing
    try:
        performing.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("a sync flow has awaited something")


async def _steps(program: Experiment) -> Any:
    try:
        step = next(program)
        while True:
            try:
                value = step()
                if hasattr(value, "__await__"):
                    value = await value
            except BaseException as exc:  # noqa: BLE001 - the program decides what it means
                step = program.throw(exc)
            else:
                step = program.send(value)
    except StopIteration as stop:
        return stop.value
