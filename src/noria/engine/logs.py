"""From `logging`, structlog and `print` to the journal: which loggers belong to runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from noria.core.settings import level_number
from noria.engine import other_loggers as others
from noria.engine.configuration import settings
from noria.engine.context import FlowRunContext, TaskRunContext
from noria.engine.forks import new_lock
from noria.engine.log_lines import (
    FLOW_LOGGER,
    TASK_LOGGER,
    RunLogHandler,
    flow_fields,
    task_fields,
)

ROOT = "*"
"""Stands for the root logger where loggers that join are named."""

_lock = new_lock()
_installed: set[str] = set()


def say(context: FlowRunContext | TaskRunContext, level: int, message: str) -> None:
    """Log a line in a run, as a call of its logger does."""
    install()
    if isinstance(context, FlowRunContext):
        fields = flow_fields(context.flow_run, context.flow)
        logging.getLogger(FLOW_LOGGER).log(level, message, extra=fields)
        return
    flow = context.flow_context
    fields = task_fields(context.task_run, context.task, flow and flow.flow_run)
    logging.getLogger(TASK_LOGGER).log(level, message, extra=fields)


def install() -> None:
    """See to it that the loggers of runs, and those of the user's that are to join, are heard."""
    found = settings()
    level = level_number(found)
    names = [name.strip() for name in found.logging_extra_loggers.split(",") if name.strip()]
    if found.logging_others:
        others.join(level)
    structlog = found.logging_structlog and "structlog" in sys.modules
    key = f"{level} {structlog} {names}"
    # Configuring `logging` anew takes handlers off the loggers of the user's.
    if key in _installed and all(_handler(_logger(name)) for name in names):
        return
    with _lock:
        for name in (FLOW_LOGGER, TASK_LOGGER):
            logger = _joined(name, level)
            logger.setLevel(level)
            logger.propagate = _shared
        for name in names:
            logger = _joined(name, level)
            if not logger.isEnabledFor(level):
                logger.setLevel(level)
        if structlog:
            from noria.engine import structlogs  # noqa: PLC0415 - loads structlog

            structlogs.join()
        _installed.clear()
        _installed.add(key)


def _logger(name: str) -> logging.Logger:
    return logging.getLogger(None if name == ROOT else name)


def _handler(logger: logging.Logger) -> RunLogHandler | None:
    found = [handler for handler in logger.handlers if type(handler) is RunLogHandler]
    return found[0] if found else None


def _joined(name: str, level: int) -> logging.Logger:
    logger = _logger(name)
    handler = _handler(logger)
    if handler is None:
        handler = RunLogHandler()
        logger.addHandler(handler)
    handler.setLevel(level)
    return logger


@contextmanager
def shared() -> Iterator[None]:
    """Let the handlers of the root logger have the lines of runs too: where there is no console, it
    is they that show them."""
    global _shared
    before, _shared = _shared, True
    loggers = [logging.getLogger(name) for name in (FLOW_LOGGER, TASK_LOGGER)]
    # Some versions of pytest give theirs to loggers that do not propagate: once is enough.
    twice = [
        (each, own) for each in loggers for own in each.handlers if own in logging.root.handlers
    ]
    for logger, handler in twice:
        logger.removeHandler(handler)
    for logger in loggers:
        logger.propagate = True
    try:
        yield
    finally:
        _shared = before
        for logger in loggers:
            logger.propagate = before or not _installed
        for logger, handler in twice:
            logger.addHandler(handler)


_shared = False
"""False where the console shows the lines of runs: other handlers would show them twice."""


@contextmanager
def silence() -> Iterator[None]:
    """Let code that asks for a run's logger have one outside runs."""
    global silenced
    before, silenced = silenced, True
    try:
        yield
    finally:
        silenced = before


silenced = False
