"""Functions that answer at once in sync code and are awaited in async code."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from noria.engine.context import in_async_run

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F")


def async_dispatch(
    async_fn: Callable[..., Coroutine[Any, Any, Any]],
) -> Callable[[Callable[P, R]], Callable[P, Any]]:
    """Make a function call its async form inside async runs, and on an event loop outside runs.

    The keyword `_sync` decides it for one call; the attribute `aio` is the async form.

    Parameters:
        async_fn: Takes the same arguments.
    """

    def decorate(sync_fn: Callable[P, R]) -> Callable[P, Any]:
        @functools.wraps(sync_fn)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            sync = kwargs.pop("_sync", None)
            if sync if sync is not None else not in_async_run():
                return sync_fn(*args, **kwargs)
            return async_fn(*args, **kwargs)

        call.aio = async_fn  # type: ignore[attr-defined]
        return call

    return decorate


def signed_as(sync: Callable[..., Any]) -> Callable[[F], F]:
    """Give an async form, which passes on what it is called with, the signature of the sync one."""

    def decorate(form: F) -> F:
        form.__wrapped__ = sync  # type: ignore[attr-defined]
        return form

    return decorate


async def in_thread(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What a function that may wait for the store returns, without holding up the event loop."""
    import asyncio

    return await asyncio.to_thread(fn, *args, **kwargs)
