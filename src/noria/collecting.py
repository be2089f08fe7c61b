"""Partial failure as a result: what succeeded, what failed and why, and how much may fail.

Example:
    >>> from noria import collect, flow, task
    >>> @task
    ... def parse(text: str) -> int:
    ...     return int(text)
    >>> @flow
    ... def parse_all(texts: list[str]) -> list[int]:
    ...     found = collect(parse.map(texts), min_success_rate=0.5)
    ...     for failure in found.failures:
    ...         print(failure.item, "->", failure.error)
    ...     return found.successes
    >>> parse_all(["1", "two", "3"])
    two -> invalid literal for int() with base 10: 'two'
    [1, 3]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from noria.core import clock
from noria.core.errors import CancelledRun, TooManyFailures, UpstreamTaskError
from noria.core.previews import preview
from noria.core.redaction import redactor
from noria.core.states import State, get_state_exception, state_result
from noria.core.tracebacks import format_exception, user_frame
from noria.engine.dispatch import async_dispatch
from noria.engine.futures import Future, FutureList, wait
from noria.engine.tolerance import causes, describe, item_of

if TYPE_CHECKING:
    import uuid

    from noria.artifacts.kinds import TableArtifact

R = TypeVar("R")

__all__ = ["Collected", "Collector", "Failed", "TooManyFailures", "acollect", "collect"]

_LONG_ITEM = 200


class Failed(NamedTuple):
    """One call that did not succeed."""

    position: int
    """Its place among all, from 0."""
    item: Any
    """What it was about; None when nobody knows."""
    error: BaseException
    """What it raised."""

    @property
    def traceback(self) -> str:
        """The traceback as Python prints it, without Noria's frames and without secrets."""
        return format_exception(self.error)

    @property
    def reason(self) -> str:
        """`ValueError: what it says`."""
        return describe(self.error)


class Collected(Generic[R]):
    """What came of many calls. Iterating over it gives the successes.

    Attributes:
        successes: The values of the calls that succeeded, in order.
        failures: The others, in order, each a `Failed` with `position`, `item`, `error` and
            `traceback`.

    Example:
        >>> found = Collected([1, 3], [Failed(1, "two", ValueError("no number"))])
        >>> found.total, found.success_rate, list(found)
        (3, 0.6666666666666666, [1, 3])
        >>> found.summary
        "2 of 3 succeeded (66.6%); 1 failed: ValueError: no number ('two')."
    """

    def __init__(self, successes: Sequence[R], failures: Sequence[Failed]) -> None:
        self.successes = list(successes)
        self.failures = list(failures)

    @property
    def total(self) -> int:
        """How many calls there were."""
        return len(self.successes) + len(self.failures)

    @property
    def success_rate(self) -> float:
        """The part that succeeded, from 0 to 1; 1.0 when there was nothing to do."""
        return len(self.successes) / self.total if self.total else 1.0

    @property
    def summary(self) -> str:
        """The counts, and the first causes of failure."""
        if not self.total:
            return "Nothing to do."
        counts = f"{len(self.successes):,} of {self.total:,} succeeded ({_percent(self)})"
        if not self.failures:
            return f"{counts}."
        failed = [each for each in self.failures if not isinstance(each.error, CancelledRun)]
        stopped = len(self.failures) - len(failed)
        parts = [counts]
        if stopped:
            parts.append(f"{stopped:,} cancelled")
        if failed:
            why = causes([(each.item, each.error) for each in failed])
            parts.append(f"{len(failed):,} failed: {why}")
        return "; ".join(parts).rstrip(".") + "."

    def check(self, min_success_rate: float) -> None:
        """Refuse a result of which too little succeeded.

        Parameters:
            min_success_rate: The least part that must succeed, from 0 to 1.

        Raises:
            TooManyFailures: Less did; has the counts and the first causes.
            ValueError: It is no such part.
        """
        _check_rate(min_success_rate)
        if self.success_rate < min_success_rate:
            error = TooManyFailures(
                f"At least {_plain(min_success_rate * 100)}% must succeed (min_success_rate="
                f"{min_success_rate}). {self.summary}",
                self,
            )
            first = self.failures[0].error
            raise error from (first if isinstance(first, Exception) else None)

    def to_rows(self) -> list[dict[str, Any]]:
        """The failures as the rows of a table."""
        return [
            {
                "position": failure.position,
                "item": None
                if failure.item is None
                else redactor.mask(preview(failure.item, _LONG_ITEM)),
                "error": redactor.mask(failure.reason),
                "at": user_frame(failure.error),
            }
            for failure in self.failures
        ]

    async def ato_artifact(
        self, key: str | None = None, description: str | None = None
    ) -> uuid.UUID:
        """As `to_artifact`, always awaited."""
        return (await self._artifact(key, description).acreate()).id

    @async_dispatch(ato_artifact)
    def to_artifact(self, key: str | None = None, description: str | None = None) -> uuid.UUID:
        """Show the failures as a table artifact, the counts in its description.

        Parameters:
            key: What its versions have in common: lowercase letters, digits and dashes.
            description: Stands above the counts.

        Returns:
            The artifact's id; in async code an awaitable of it.

        Raises:
            ValueError: The key has other characters.

        Example:
            >>> from noria.artifacts import Artifact
            >>> found = Collected(["a"], [Failed(1, "北京", TimeoutError("no answer"))])
            >>> artifact_id = found.to_artifact(key="failures")
            >>> Artifact.get("failures").description
            "1 of 2 succeeded (50%); 1 failed: TimeoutError: no answer ('北京')."
        """
        return self._artifact(key, description)._create().id

    def _artifact(self, key: str | None, description: str | None) -> TableArtifact:
        # What draws tables is of no use to most who collect.
        from noria.artifacts.kinds import TableArtifact  # noqa: PLC0415 - as said

        summary = redactor.mask(self.summary)
        about = summary if description is None else f"{description}\n\n{summary}"
        return TableArtifact(table=self.to_rows(), key=key, description=about)

    def __iter__(self) -> Iterator[R]:
        return iter(self.successes)

    def __len__(self) -> int:
        return len(self.successes)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(successes={len(self.successes)}, "
            f"failures={len(self.failures)}, success_rate={self.success_rate:.3g})"
        )


def _percent(found: Collected[Any]) -> str:
    """The success rate, never rounded up: 100% is said of all only."""
    return f"{_plain(math.floor(found.success_rate * 1000) / 10)}%"


def _plain(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _check_rate(rate: float) -> None:
    given: Any = rate
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise ValueError(f"'min_success_rate' is a part of all, from 0.0 to 1.0; got {rate!r}.")


async def acollect(
    calls: Any,
    min_success_rate: float = 0.0,
    *,
    items: Iterable[Any] | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - as in `collect`
) -> Collected[Any]:
    """As `collect`, always awaited."""
    listed = _listed(calls)
    left = _left(timeout)
    for future in (each for each in listed if isinstance(each, Future)):
        future.observed = True
        await future.wait_async(left())
    return _collected(calls, listed, min_success_rate, items, timeout)


@async_dispatch(acollect)
def collect(
    calls: Any,
    min_success_rate: float = 0.0,
    *,
    items: Iterable[Any] | None = None,
    timeout: float | None = None,
) -> Collected[Any]:
    """Wait for calls and tell those that succeeded from those that did not.

    What is collected counts as looked at: it does not fail its flow by itself.

    Parameters:
        calls: What `.map()` or `.submit()` gave: a future, a list of futures, states
            (`return_state=True`), or both. Exceptions among them count as failures, other values
            as successes, as `asyncio.gather(..., return_exceptions=True)` gives them.
        min_success_rate: The least part that must succeed, from 0 to 1.
        items: What each call was about, in order. Left out, it is the arguments of the calls as far
            as they are known.
        timeout: Seconds to wait at most.

    Returns:
        A `Collected`; in async code an awaitable of it.

    Raises:
        TooManyFailures: Less than `min_success_rate` succeeded; has the counts and first causes.
        TimeoutError: Some had not ended in time.
        ValueError: `min_success_rate` is no part of 1, or `items` are fewer or more than the calls.

    Example:
        >>> from noria import flow, task
        >>> @task
        ... def half(n: int) -> int:
        ...     if n % 2:
        ...         raise ValueError("odd")
        ...     return n // 2
        >>> @flow
        ... def halves():
        ...     return collect(half.map(range(4)))
        >>> halves()
        Collected(successes=2, failures=2, success_rate=0.5)
    """
    listed = _listed(calls)
    wait([each for each in listed if isinstance(each, Future)], timeout)
    return _collected(calls, listed, min_success_rate, items, timeout)


def _left(timeout: float | None) -> Any:
    if timeout is None:
        return lambda: None
    deadline = clock.monotonic() + timeout
    return lambda: max(0.0, deadline - clock.monotonic())


def _listed(calls: Any) -> list[Any]:
    if isinstance(calls, Future | State | BaseException):
        return [calls]
    try:
        return list(calls)
    except TypeError:
        raise TypeError(
            "collect() takes what .map() or .submit() gave: futures, states, or a list of them; "
            f"got {calls!r}."
        ) from None


def _collected(
    calls: Any,
    listed: list[Any],
    min_success_rate: float,
    items: Iterable[Any] | None,
    timeout: float | None,
) -> Collected[Any]:
    _check_rate(min_success_rate)
    late = sum(isinstance(each, Future) and not each.done() for each in listed)
    if late:
        raise TimeoutError(f"{late} (of {len(listed)}) futures unfinished after {timeout} seconds")
    named = None if items is None else list(items)
    if named is not None and len(named) != len(listed):
        raise ValueError(
            f"'items' names what each call was about; there are {len(listed)} calls and "
            f"{len(named)} items."
        )
    mapped = calls.mapped if isinstance(calls, FutureList) else ()
    successes: list[Any] = []
    failures: list[Failed] = []
    for index, each in enumerate(listed):
        error, value = _outcome(each)
        if error is None:
            successes.append(value)
            continue
        item = item_of(each, mapped) if isinstance(each, Future) else None
        failures.append(Failed(index, item if named is None else named[index], error))
    found: Collected[Any] = Collected(successes, failures)
    found.check(min_success_rate)
    return found


def _outcome(each: Any) -> tuple[BaseException | None, Any]:
    """The exception of what failed, or None and the value of what did not."""
    if isinstance(each, BaseException):
        return each, None
    if isinstance(each, Future):
        if each.state.is_completed():
            return None, each.take()
        each = each.state
    if not isinstance(each, State):
        return None, each
    if each.is_completed():
        return None, state_result(each)
    if each.is_final():
        return get_state_exception(each), None
    return UpstreamTaskError(each.message or f"The run is {each.name}."), None


class Collector(Generic[R]):
    """The same for a plain loop: what one item raises does not end it.

    Example:
        >>> collector = Collector()
        >>> for text in ["1", "two", "3"]:
        ...     with collector.attempt(text):
        ...         collector.add(int(text))
        >>> found = collector.result(min_success_rate=0.5)
        >>> found.successes, [failure.item for failure in found.failures]
        ([1, 3], ['two'])
    """

    def __init__(self) -> None:
        self._successes: list[R] = []
        self._failures: list[Failed] = []

    @contextmanager
    def attempt(self, item: Any = None) -> Iterator[None]:
        """A block for one item, in sync and async code: an exception in it is noted, and goes no
        further. What is not an `Exception`, such as a cancellation, does.

        Parameters:
            item: What it is about.
        """
        place = len(self._successes)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - that is what it is for
            # What an item that failed had added is none of the successes.
            del self._successes[place:]
            self._failures.append(Failed(place + len(self._failures), item, error))

    def add(self, value: R) -> None:
        """Note what an item gave."""
        self._successes.append(value)

    def result(self, min_success_rate: float = 0.0) -> Collected[R]:
        """What came of all.

        Parameters:
            min_success_rate: The least part that must succeed, from 0 to 1.

        Raises:
            TooManyFailures: Less did; has the counts and the first causes.
        """
        found = Collected(self._successes, self._failures)
        found.check(min_success_rate)
        return found
