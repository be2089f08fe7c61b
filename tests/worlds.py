"""Small flows made from data, in worlds that note what is done and that can end at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from noria import flow, task
from noria.backend.local import LocalBackend
from noria.core import clock
from noria.core.records import Record
from noria.core.settings import Settings
from noria.journal.fold import Folder
from noria.runtime import task_run
from noria.session import Session, temporary_session, use


class Crash(BaseException):
    """The end of the world, for one process."""


class Ending:
    """Takes the journal's place: each record is committed by itself, until the world ends."""

    flush_timeout = 0.0

    def __init__(self, backend: LocalBackend, records: int | None = None) -> None:
        self._backend = backend
        self._folder = Folder()
        self._lock = threading.Lock()
        self.left = records
        self.count = 0

    def append(self, record: Record) -> None:
        with self._lock:
            if self.left is not None and self.count >= self.left:
                raise Crash
            self.count += 1
            self._backend.append(self._folder.fold([record]))

    def commit(self) -> None:
        if self.left is not None and self.count >= self.left:
            raise Crash

    def when_committed(self, fn: Callable[[], object]) -> None:
        fn()

    def close(self) -> None:
        """Nothing is left to write."""


class World:
    """A store, what is done in it, and one process after another."""

    def __init__(self) -> None:
        self.backend = LocalBackend(":memory:")
        self.done: list[tuple[Any, ...]] = []
        self.begun: list[tuple[Any, ...]] = []
        self.ids: dict[tuple[Any, ...], set[str]] = {}
        self.crash_at: int | None = None
        self.session: Session | None = None

    @contextmanager
    def process(self, records: int | None = None) -> Iterator[Session]:
        """A process, which ends after so many records."""
        session = temporary_session(
            Settings(home="/nowhere", log_format="off"), lambda: self.backend
        )
        session.journal = Ending(self.backend, records)  # type: ignore[assignment]
        self.session = session
        _worlds.append(self)
        try:
            with use(session):
                yield session
        finally:
            _worlds.pop()
            # However it ended, nobody hears of it again; what it left is found.
            self.backend.end_process(session.process, clock.now(), "exit code 137")
            self.backend.reap(clock.now())

    def records(self) -> int:
        """How many records the last process has written."""
        assert self.session is not None
        journal: Any = self.session.journal
        return int(journal.count)

    def close(self) -> None:
        self.backend.close()


_worlds: list[World] = []


@contextmanager
def doing(*key: Any) -> Iterator[None]:
    """Note that something is done; the world may end in the midst of it."""
    world = _worlds[-1]
    world.begun.append(key)
    world.ids.setdefault(key, set()).add(str(task_run.id))
    if world.crash_at is not None and len(world.begun) > world.crash_at:
        raise Crash
    yield
    world.done.append(key)


@task
def leaf(n: int) -> int:
    with doing("leaf", n):
        return 3 * n + 1


@task
def grow(values: list[int]) -> list[int]:
    with doing("grow", *values):
        return [*values, len(values)]


@task
def failing(n: int) -> int:
    with doing("failing", n):
        pass
    raise ValueError(n)


@task
def unkept(n: int) -> Any:
    with doing("unkept", n):
        return threading.Lock()


@task
def outer(n: int) -> int:
    with doing("outer", n):
        return sum(leaf(1000 * n + k) for k in range(2)) + leaf.submit(1000 * n + 5).result()


@flow
def below(steps: list[Any]) -> list[Any]:
    return [perform(step) for step in steps]


@flow(on_unobserved_failure="ignore")
def above(steps: list[Any]) -> list[Any]:
    return [perform(step) for step in steps]


@flow
def edited() -> list[Any]:
    """The code of this flow is what the test has put into `program`."""
    return [perform(step) for step in program]


program: list[Any] = []


def perform(step: Any) -> Any:
    """One step of a flow made from data."""
    kind, value = step
    return STEPS[kind](value)


def chained(value: int) -> list[int]:
    values = [value]
    for _ in range(3):
        values = grow(values)
    return values


def caught(value: int) -> int:
    try:
        return failing(value)
    except ValueError:
        return leaf(value + 1)


def stopped(reason: str) -> None:
    raise TypeError(reason)


STEPS: dict[str, Callable[[Any], Any]] = {
    "leaf": leaf,
    "loop": lambda value: [leaf(7) for _ in range(value)],
    "map": lambda value: leaf.map(range(value)).result(),
    "chain": chained,
    "futures": lambda value: grow.submit([leaf.submit(value)]).result(),
    "nested": outer,
    "branch": lambda value: leaf(0) if leaf(value) % 2 else grow([value]),
    "failing": caught,
    "unkept": lambda value: unkept(value, return_state=True).name,
    "stop": stopped,
    "below": below,
}
