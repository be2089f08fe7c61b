"""Futures: handles on submitted task runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from noria.engine import futures as _futures
from noria.engine.calls import resolve_arguments
from noria.engine.collections import Visitor, holds_references
from noria.engine.futures import Future, FutureList, as_completed

PrefectFuture = Future
PrefectTaskRunFuture = Future
PrefectConcurrentFuture = Future
PrefectWrappedFuture = Future
PrefectDistributedFuture = Future
PrefectFutureList = FutureList

__all__ = [
    "DoneAndNotDoneFutures",
    "Future",
    "FutureList",
    "PrefectConcurrentFuture",
    "PrefectDistributedFuture",
    "PrefectFuture",
    "PrefectFutureList",
    "PrefectTaskRunFuture",
    "PrefectWrappedFuture",
    "as_completed",
    "resolve_futures_to_results",
    "resolve_futures_to_states",
    "wait",
]


class DoneAndNotDoneFutures(NamedTuple):
    """What `wait` gives."""

    done: set[Future[Any]]
    not_done: set[Future[Any]]


def wait(futures: Iterable[Future[Any]], timeout: float | None = None) -> DoneAndNotDoneFutures:
    """Wait for futures.

    Parameters:
        futures: The futures; one given twice counts once.
        timeout: Seconds to wait at most.

    Returns:
        `done` and `not_done`.
    """
    return DoneAndNotDoneFutures(*_futures.wait(futures, timeout))


def resolve_futures_to_states(expr: Any) -> Any:
    """`expr` with every future in it replaced by the state it ended in."""
    return _resolved(expr, lambda future: future.state)


def resolve_futures_to_results(expr: Any) -> Any:
    """`expr` with every future in it replaced by what it gives.

    Raises:
        UpstreamTaskError: One of them did not complete; names it.
    """
    return _resolved(expr, lambda future: resolve_arguments({"value": future}, None)["value"])


def _resolved(expr: Any, give: Callable[[Future[Any]], Any]) -> Any:
    if not holds_references(expr):
        return expr

    def replace(reference: Any, allowed: bool) -> Any:
        if not isinstance(reference, Future):
            return reference
        reference.wait()
        return give(reference)

    return Visitor(replace, keep_marks=True).visit(expr)
