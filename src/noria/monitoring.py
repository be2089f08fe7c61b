"""What a function costs, as a line of the run's log with fields that can be searched and summed."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, overload

from noria.console.wording import duration
from noria.core import clock
from noria.core.functions import is_async, is_generator, name_of
from noria.engine.context import innermost
from noria.engine.marked import Marked
from noria.logging.loggers import get_run_logger

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["monitor_performance"]

_OUTSIDE = "noria.monitoring"


@overload
def monitor_performance(fn: F, /) -> F: ...
@overload
def monitor_performance(*, level: int = logging.INFO) -> Callable[[F], F]: ...
def monitor_performance(fn: Any = None, /, *, level: int = logging.INFO) -> Any:
    """Decorator: log how long each call of a function took, and how it ended.

    It stands under `@task` and `@flow` or over them, on sync and async functions and generators,
    and leaves their names, signatures and options as they are. The line has the fields
    `duration_seconds`, `function_name`, `args_count`, `kwargs_count`, `outcome` (`completed`,
    `failed` or `interrupted`), and of a failure `error` and `error_type`. In a run the line goes on
    record with it, elsewhere to the logger `noria.monitoring`. Retries are calls of their own.

    Parameters:
        level: The level of the lines, as in `logging`; failures are errors in any case.

    Example:
        >>> from noria import flow, task
        >>> @task
        ... @monitor_performance
        ... def load(rows: int) -> int:
        ...     return rows
        >>> @flow
        ... def etl() -> int:
        ...     return load(3)
        >>> etl()
        3
    """
    if fn is None:
        return functools.partial(_monitored, level=level)
    return _monitored(fn, level=level)


def _monitored(fn: Any, level: int) -> Any:
    if isinstance(fn, Marked):
        return fn.around(functools.partial(_monitored, level=level))
    if isinstance(fn, classmethod | staticmethod):
        return type(fn)(_monitored(fn.__func__, level))
    if is_generator(fn):
        return _async_generator(fn, level) if is_async(fn) else _generator(fn, level)
    return _coroutine(fn, level) if is_async(fn) else _plain(fn, level)


def _plain(fn: Callable[..., Any], level: int) -> Callable[..., Any]:
    @functools.wraps(fn)
    def monitored(*args: Any, **kwargs: Any) -> Any:
        with _measured(fn, args, kwargs, level):
            return fn(*args, **kwargs)

    return monitored


def _coroutine(fn: Callable[..., Any], level: int) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def monitored(*args: Any, **kwargs: Any) -> Any:
        with _measured(fn, args, kwargs, level):
            return await fn(*args, **kwargs)

    return monitored


def _generator(fn: Callable[..., Any], level: int) -> Callable[..., Any]:
    @functools.wraps(fn)
    def monitored(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with _measured(fn, args, kwargs, level):
            return (yield from fn(*args, **kwargs))

    return monitored


def _async_generator(fn: Callable[..., Any], level: int) -> Callable[..., Any]:
    @functools.wraps(fn)
    async def monitored(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        with _measured(fn, args, kwargs, level):
            async for item in fn(*args, **kwargs):
                yield item

    return monitored


@contextmanager
def _measured(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], level: int
) -> Iterator[None]:
    fields = {
        "duration_seconds": 0.0,
        "function_name": name_of(fn),
        "args_count": len(args),
        "kwargs_count": len(kwargs),
        "outcome": "completed",
    }
    began = clock.monotonic()
    try:
        yield
    except GeneratorExit:
        # Whoever reads a generator may stop before its end: that is no failure of it.
        raise
    except Exception as exc:
        fields |= {"outcome": "failed", "error": str(exc), "error_type": type(exc).__name__}
        level = max(level, logging.ERROR)
        raise
    except BaseException as exc:
        fields |= {"outcome": "interrupted", "error_type": type(exc).__name__}
        raise
    finally:
        took = clock.monotonic() - began
        fields["duration_seconds"] = round(took, 6)
        _log(level, f"{fields['function_name']} {fields['outcome']} in {_spoken(took)}", fields)


def _spoken(seconds: float) -> str:
    return duration(round(seconds * 1_000_000))


def _log(level: int, message: str, fields: dict[str, Any]) -> None:
    if innermost() is not None:
        get_run_logger().log(level, message, extra=fields)
    else:
        logging.getLogger(_OUTSIDE).log(level, message, extra=fields)
