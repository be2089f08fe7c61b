"""What a lifecycle program asks of its driver. A program touches no clock, thread or event loop.

A program is a generator: it yields an effect and is sent what came of it (or has thrown into it
what went wrong). `noria.engine.drivers` performs effects; a test can answer them by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from noria.engine.bell import Ear
    from noria.engine.futures import Future
    from noria.journal.journal import Journal

R = TypeVar("R")


class Call:
    """Call the user's function; answered with what it returns.

    `timeout` is in seconds; when it fires, `on_timeout` is raised inside the function.
    """

    __slots__ = ("args", "fn", "kwargs", "on_timeout", "timeout")

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        timeout: float | None = None,
        on_timeout: type[BaseException] = TimeoutError,
    ) -> None:
        self.fn = fn
        self.args = args
        self.kwargs = kwargs
        self.timeout = timeout
        self.on_timeout = on_timeout


class Hook:
    """Call a hook or condition of the user's, sync or async; answered with what it returns."""

    __slots__ = ("args", "fn")

    def __init__(self, fn: Callable[..., Any], *args: Any) -> None:
        self.fn = fn
        self.args = args


class Sleep:
    """Wait for a number of seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Wait:
    """Wait until all of these futures have ended, however they end, at most `within` seconds."""

    __slots__ = ("futures", "within")

    def __init__(self, futures: Sequence[Future[Any]], within: float | None = None) -> None:
        self.futures = futures
        self.within = within


class Ask:
    """Do what may block for a moment (read the store, a file); answered with its result."""

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[[], Any]) -> None:
        self.fn = fn


class Listen:
    """Wait until the bell rings, or for so many seconds; with None as long as it takes.

    `aside` lets the pool whose worker waits run something else: for what may last until that has
    run, not for what many tasks of a pool may wait for at once.
    """

    __slots__ = ("aside", "ear", "seconds")

    def __init__(self, ear: Ear, seconds: float | None, aside: bool = False) -> None:
        self.ear = ear
        self.seconds = seconds
        self.aside = aside


class Commit:
    """Wait until all records so far are safe."""

    __slots__ = ("journal",)

    def __init__(self, journal: Journal) -> None:
        self.journal = journal


class Closed(BaseException):
    """Thrown into a program when the consumer of a generator function has had enough.

    `GeneratorExit` would not do: it leaves a program no effect to ask for any more.
    """


Effect = Call | Hook | Sleep | Wait | Ask | Commit | Listen
Program = Generator[Effect, Any, R]
