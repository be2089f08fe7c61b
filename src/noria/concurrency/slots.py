"""`concurrency` and `rate_limit`, for sync and async code alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar, cast

from noria.core import functions
from noria.core.errors import MissingContextError
from noria.core.ids import to_text
from noria.core.jsontext import to_json
from noria.engine.context import TaskRunContext, innermost
from noria.engine.dispatch import async_dispatch
from noria.engine.drivers import adrive, drive
from noria.engine.gate import gate
from noria.engine.slots import Slots, holding
from noria.logging import get_logger, get_run_logger

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["arate_limit", "concurrency", "rate_limit", "rate_limit_sync"]


class concurrency:  # noqa: N801 - it is called like a function
    """Holds slots of concurrency limits while a block runs: `with`, `async with`, or a decorator.

    Slots are given in order of arrival, of all limits at once or of none. They are free again when
    the block is left, however that happens, and when its process has died.

    Slots are not re-entrant: a block that stands in another one of the same limit takes slots of
    its own, and with a limit of 1 it waits for itself. Set `timeout_seconds` where that can happen.

    Parameters:
        names: The limits; one name or a list.
        occupy: How many slots of each, 1 or more.
        timeout_seconds: Seconds to wait for the slots; None waits as long as it takes.
        max_retries: Tries after the first, two seconds apart; 0 does not wait. None tries for ever.
        lease_duration: Accepted for compatibility. Slots are held as long as their process lives.
        strict: Whether it is an error that none of the limits exists; else a warning is logged, and
            the block runs unlimited.
        holder: Who holds the slots, with `type` and `id`; the current run by default.
        raise_on_lease_renewal_failure: Accepted for compatibility; there is no lease to renew.
        key: Each key of a limit has as many slots of its own as the limit says.

    Raises:
        AcquireConcurrencySlotTimeoutError: The slots were not free in time; a `TimeoutError`.
        ConcurrencySlotAcquisitionError: The slots can never be had, none of the limits exists and
            `strict` is set, or `max_retries` is used up.

    Example:
        >>> from noria import concurrency
        >>> with concurrency("tenant-api", key="acme", timeout_seconds=30):
        ...     "calls of other tenants do not count"
        'calls of other tenants do not count'
    """

    def __init__(
        self,
        names: str | list[str],
        occupy: int = 1,
        timeout_seconds: float | None = None,
        max_retries: int | None = None,
        lease_duration: float = 300,
        strict: bool = False,
        holder: Any = None,
        raise_on_lease_renewal_failure: bool | None = None,
        *,
        key: object = None,
    ) -> None:
        self.names = names_of(names)
        self.occupy = occupy
        self.timeout_seconds = timeout_seconds
        self.max_retries = max_retries
        self.strict = strict
        self.holder = holder
        self.key = key_text(key)
        self._held: list[Slots] = []

    def __enter__(self) -> None:
        slots = self._slots()
        if slots is None:
            return
        try:
            drive(slots.acquire())
            self._hold(slots)
        except BaseException:
            slots.release()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.names:
            return
        # A cancel that strikes here would leave the slots taken as long as the process lives.
        own = gate()
        was_open = own.shut()
        try:
            holding.set(max(0, holding.get() - 1))
            self._held.pop().release()
        finally:
            own.restore(was_open)

    async def __aenter__(self) -> None:
        slots = self._slots()
        if slots is None:
            return
        try:
            await adrive(slots.acquire())
            self._hold(slots)
        except BaseException:
            slots.release()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, fn: F) -> F:
        """The function, with slots held while it runs; each call takes its own."""
        if functions.is_async(fn):

            @functools.wraps(fn)
            async def limited(*args: Any, **kwargs: Any) -> Any:
                async with self._again():
                    return await fn(*args, **kwargs)

        else:

            @functools.wraps(fn)
            def limited(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return fn(*args, **kwargs)

        return cast("F", limited)

    def _again(self) -> concurrency:
        return concurrency(
            self.names,
            self.occupy,
            self.timeout_seconds,
            self.max_retries,
            strict=self.strict,
            holder=self.holder,
            key=self.key or None,
        )

    def _slots(self) -> Slots | None:
        if not self.names:
            return None
        return Slots(
            self.names,
            self.occupy,
            key=self.key,
            holder=holder_text(self.holder),
            timeout=self.timeout_seconds,
            tries=self.max_retries,
            strict=self.strict,
            warn=warn,
        )

    def _hold(self, slots: Slots) -> None:
        self._held.append(slots)
        holding.set(holding.get() + 1)


async def arate_limit(
    names: str | list[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    strict: bool = False,
    *,
    key: object = None,
) -> None:
    """As `rate_limit`, to be awaited."""
    slots = _rated(names, occupy, timeout_seconds, strict, key)
    if slots is not None:
        await adrive(slots.acquire())


def rate_limit_sync(
    names: str | list[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    strict: bool = False,
    *,
    key: object = None,
) -> None:
    """As `rate_limit`, whether or not an event loop runs."""
    slots = _rated(names, occupy, timeout_seconds, strict, key)
    if slots is not None:
        drive(slots.acquire())


@async_dispatch(arate_limit)
def rate_limit(
    names: str | list[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    strict: bool = False,
    *,
    key: object = None,
) -> None:
    """Wait until slots of limits that decay are free, and take them; time alone gives them back.

    Parameters:
        names: The limits; one name or a list. All must have a decay.
        occupy: How many slots of each, 1 or more.
        timeout_seconds: Seconds to wait at most; None waits as long as it takes.
        strict: Whether it is an error that none of the limits exists; else a warning is logged.
        key: Each key of a limit has as many slots of its own as the limit says.

    Returns:
        Nothing; in async code an awaitable.

    Raises:
        AcquireConcurrencySlotTimeoutError: The slots were not free in time; a `TimeoutError`.
        ConcurrencySlotAcquisitionError: A limit has no decay, or fewer slots than are asked for, or
            none of them exists and `strict` is set.

    Example:
        >>> from noria.concurrency import set_limit
        >>> set_limit("api", 100, decay=50).decay
        50.0
        >>> for page in range(3):
        ...     rate_limit("api")
    """
    rate_limit_sync(names, occupy, timeout_seconds, strict, key=key)


def _rated(
    names: str | list[str], occupy: int, timeout: float | None, strict: bool, key: object
) -> Slots | None:
    names = names_of(names)
    if not names:
        return None
    return Slots(
        names,
        occupy,
        key=key_text(key),
        rate=True,
        holder=holder_text(None),
        timeout=timeout,
        strict=strict,
        warn=warn,
    )


def names_of(names: str | Sequence[str]) -> list[str]:
    """The names of limits as a list.

    Raises:
        TypeError: They are no texts.
    """
    found = [names] if isinstance(names, str) else list(names)
    for name in found:
        if not isinstance(name, str):
            raise TypeError(
                f"The name of a concurrency limit is a text; got {name!r} ({type(name).__name__})."
            )
    return [name for name in found if name] if isinstance(names, str) else found


def key_text(key: object) -> str:
    """A key as it is stored.

    Raises:
        ValueError: It is empty, so that all without a key would be taken together unawares.
    """
    if key is None:
        return ""
    text = str(key)
    if not text:
        raise ValueError(
            "The key of a concurrency limit is empty; expected what tells one group of calls from "
            "another, or None for the limit itself."
        )
    return text


def holder_text(holder: Any) -> str | None:
    """Who asks for slots, as JSON: who is named, or else the current run."""
    if holder is not None:
        facts = holder if isinstance(holder, Mapping) else vars(holder)
        return to_json({str(key): str(value) for key, value in facts.items()})
    context = innermost()
    if context is None:
        return None
    kind = "task_run" if isinstance(context, TaskRunContext) else "flow_run"
    return to_json({"type": kind, "id": to_text(context.run.raw_id), "name": context.run.name})


def warn(message: str) -> None:
    """Say something in the log of the current run, or of Noria where there is none."""
    try:
        get_run_logger().warning(message)
    except MissingContextError:
        get_logger("concurrency").warning(message)
