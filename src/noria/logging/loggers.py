"""Loggers of runs: ordinary `logging` loggers whose lines are put on record with the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from noria.core.errors import MissingContextError
from noria.core.records import LogRow
from noria.engine import log_lines, logs
from noria.engine.context import FlowRunContext, TaskRunContext, innermost
from noria.engine.log_lines import FLOW_LOGGER, TASK_LOGGER, flow_fields, task_fields
from noria.engine.logs import install
from noria.engine.session import open_session


def _record(row: LogRow) -> None:
    open_session().journal.append(row)


log_lines.give_lone_lines_to(_record)


class RunLogAdapter(logging.LoggerAdapter[logging.Logger]):
    """Adds the run's facts to what a call gives with `extra`, instead of replacing it."""

    def process(
        self, msg: str, kwargs: MutableMapping[str, Any]
    ) -> tuple[str, MutableMapping[str, Any]]:
        """Merge the fields of both."""
        extra = kwargs.get("extra")
        kwargs["extra"] = self.extra if not extra else {**(self.extra or {}), **extra}
        return msg, kwargs

    def getChild(self, suffix: str, extra: dict[str, Any] | None = None) -> RunLogAdapter:
        """A child logger with the same run and some more fields."""
        child = self.logger.getChild(suffix)
        return RunLogAdapter(child, {**(self.extra or {}), **(extra or {})})


def get_logger(name: str | None = None) -> logging.Logger:
    """A logger below `noria`.

    Example:
        >>> get_logger("etl").name
        'noria.etl'
    """
    parent = logging.getLogger("noria")
    first, _, rest = (name or "").partition(".")
    if first in ("noria", "prefect"):
        name = rest
    return parent.getChild(name) if name else parent


def get_run_logger(
    context: FlowRunContext | TaskRunContext | None = None, **kwargs: Any
) -> RunLogAdapter:
    """The logger of the current task run, else of the current flow run.

    Fields given with `extra=` are kept, shown and can be searched for.

    Parameters:
        context: The run; the innermost around the call by default.
        kwargs: Fields of every line.

    Raises:
        MissingContextError: There is no run around the call.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def load(user_id: int):
        ...     get_run_logger().info("loading", extra={"user_id": user_id})
        >>> load(42)
    """
    install()
    context = context or innermost()
    if isinstance(context, TaskRunContext):
        flow = context.flow_context
        return task_run_logger(context.task_run, context.task, flow and flow.flow_run, **kwargs)
    if isinstance(context, FlowRunContext):
        return flow_run_logger(context.flow_run, context.flow, **kwargs)
    if logs.silenced:
        return RunLogAdapter(logging.getLogger(FLOW_LOGGER), kwargs)
    raise MissingContextError("There is no active flow or task run context.")


def flow_run_logger(
    flow_run: Any = None, flow: Any = None, flow_run_id: Any = None, **kwargs: Any
) -> RunLogAdapter:
    """The logger of a flow run."""
    install()
    fields = flow_fields(flow_run, flow, flow_run_id)
    return RunLogAdapter(logging.getLogger(FLOW_LOGGER), {**fields, **kwargs})


def task_run_logger(
    task_run: Any, task: Any = None, flow_run: Any = None, flow: Any = None, **kwargs: Any
) -> RunLogAdapter:
    """The logger of a task run."""
    install()
    fields = task_fields(task_run, task, flow_run, flow)
    return RunLogAdapter(logging.getLogger(TASK_LOGGER), {**fields, **kwargs})


@contextmanager
def disable_logger(name: str) -> Iterator[None]:
    """Silence a logger inside the block."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


@contextmanager
def disable_run_logger() -> Iterator[None]:
    """Make `get_run_logger` work outside runs, saying nothing; for testing code that uses it.

    Example:
        >>> from noria import task
        >>> @task
        ... def add(x, y):
        ...     get_run_logger().info("adding")
        ...     return x + y
        >>> with disable_run_logger():
        ...     add.fn(1, 2)
        3
    """
    with logs.silence(), disable_logger(FLOW_LOGGER), disable_logger(TASK_LOGGER):
        yield
