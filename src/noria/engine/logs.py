"""From `logging` and `print` to the journal: lines of the user's that belong to a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from noria.core.records import LogRow
from noria.core.settings import level_number
from noria.engine.configuration import settings
from noria.engine.context import FlowRunContext, TaskRunContext, innermost
from noria.engine.gate import gate
from noria.engine.log_fields import fields_json, message_and_fields

FLOW_LOGGER = "noria.flow_runs"
TASK_LOGGER = "noria.task_runs"

ROOT = "*"
"""Stands for the root logger where loggers that join are named."""

UNKNOWN = "<unknown>"

_SEEN = "noria_seen"

_lock = threading.Lock()
_installed: set[str] = set()


class RunLogHandler(logging.Handler):
    """Puts a record on record with the run it was logged in; one logged outside runs is let go."""

    def emit(self, record: logging.LogRecord) -> None:
        """Append the line to the journal. Never raises: a log call must not end a run."""
        context = innermost()
        # Loggers that join may stand above one another, and each hands a record on to the next.
        if context is None or _SEEN in vars(record):
            return
        # An interruption waits until the line is on record, or it would be taken for a failure.
        own = gate()
        was_open = own.shut()
        try:
            message, fields = message_and_fields(record)
            vars(record)[_SEEN] = True
            time = int(record.created * 1_000_000)
            append(context, time, record.levelno, record.name, message, fields)
        except Exception:  # noqa: BLE001 - see above; logging's own way to say so
            self.handleError(record)
        finally:
            own.restore(was_open)


def append(
    context: FlowRunContext | TaskRunContext,
    time: int,
    level: int,
    logger: str,
    message: str,
    fields: Mapping[str, Any],
) -> None:
    """Append a line to the journal, with the run that it belongs to."""
    task_run = None
    flow: FlowRunContext | None
    if isinstance(context, TaskRunContext):
        flow = context.flow_context
        task_run = context.task_run.raw_id
    else:
        flow = context
    if flow is not None:
        extra = fields_json(fields)
        row = LogRow(flow.flow_run.raw_id, task_run, time, level, logger, message, extra)
        flow.execution.session.journal.append(row)


def flow_fields(flow_run: Any, flow: Any, flow_run_id: Any = None) -> dict[str, Any]:
    """What the lines of a flow run say of it."""
    return {
        "flow_run_name": flow_run.name if flow_run else UNKNOWN,
        "flow_run_id": str(flow_run.id) if flow_run else str(flow_run_id or UNKNOWN),
        "flow_name": flow.name if flow else getattr(flow_run, "flow_name", UNKNOWN),
    }


def task_fields(task_run: Any, task: Any, flow_run: Any, flow: Any = None) -> dict[str, Any]:
    """What the lines of a task run say of it."""
    flow_run_id = task_run.flow_run_id
    return {
        "task_run_id": str(task_run.id),
        "flow_run_id": None if flow_run_id is None else str(flow_run_id),
        "task_run_name": task_run.name,
        "task_name": task.name if task else UNKNOWN,
        "flow_run_name": flow_run.name if flow_run else UNKNOWN,
        "flow_name": flow.name if flow else getattr(flow_run, "flow_name", UNKNOWN),
    }


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
    key = f"{level} {found.logging_structlog} {names}"
    # Configuring `logging` anew takes handlers off the loggers of the user's.
    if key in _installed and all(_handler(_logger(name)) for name in names):
        return
    with _lock:
        for name in (FLOW_LOGGER, TASK_LOGGER):
            logger = _joined(name, level)
            logger.setLevel(level)
            # The console shows these lines; the root logger's handlers would show them twice.
            logger.propagate = False
        for name in names:
            logger = _joined(name, level)
            if not logger.isEnabledFor(level):
                logger.setLevel(level)
        if found.logging_structlog:
            from noria.engine import structlogs  # noqa: PLC0415 - loads structlog

            structlogs.join()
        _installed.clear()
        _installed.add(key)


def _logger(name: str) -> logging.Logger:
    return logging.getLogger(None if name == ROOT else name)


def _handler(logger: logging.Logger) -> RunLogHandler | None:
    found = [handler for handler in logger.handlers if isinstance(handler, RunLogHandler)]
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
def silence() -> Iterator[None]:
    """Let code that asks for a run's logger have one outside runs."""
    global silenced
    before, silenced = silenced, True
    try:
        yield
    finally:
        silenced = before


silenced = False
