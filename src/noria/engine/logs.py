"""From `logging` and `print` to the journal: lines of the user's that belong to a run."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from noria.core.previews import preview
from noria.core.records import LogRow
from noria.core.settings import level_number, load
from noria.engine.context import FlowRunContext, TaskRunContext, innermost
from noria.engine.gate import gate

FLOW_LOGGER = "noria.flow_runs"
TASK_LOGGER = "noria.task_runs"

UNKNOWN = "<unknown>"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "flow_run_id",
    "flow_run_name",
    "flow_name",
    "task_run_id",
    "task_run_name",
    "task_name",
}
_lock = threading.Lock()
_installed: set[str] = set()
_formatter = logging.Formatter()


class RunLogHandler(logging.Handler):
    """Puts a record on record with the run it was logged in; one logged outside runs is let go."""

    def emit(self, record: logging.LogRecord) -> None:
        """Append the line to the journal. Never raises: a log call must not end a run. An
        interruption waits until the line is on record, or it would be taken for a failure of that."""
        own = gate()
        was_open = own.shut()
        try:
            context = innermost()
            if context is None:
                return
            row = _row(record, context)
            flow = context if isinstance(context, FlowRunContext) else context.flow_context
            if row is not None and flow is not None:
                flow.execution.session.journal.append(row)
        except Exception:  # noqa: BLE001 - see above; logging's own way to say so
            self.handleError(record)
        finally:
            own.restore(was_open)


def _row(record: logging.LogRecord, context: FlowRunContext | TaskRunContext) -> LogRow | None:
    task_run = None
    if isinstance(context, TaskRunContext):
        if context.flow_context is None:
            return None
        task_run = context.task_run.raw_id
        flow_run = context.flow_context.flow_run.raw_id
    else:
        flow_run = context.flow_run.raw_id
    return LogRow(
        flow_run,
        task_run,
        int(record.created * 1_000_000),
        record.levelno,
        record.name,
        record.getMessage(),
        _extra(record),
    )


def _extra(record: logging.LogRecord) -> str | None:
    """The fields that the call gave, and a traceback if it has one, as JSON."""
    fields = {k: v for k, v in vars(record).items() if k not in _STANDARD}
    if record.exc_info:
        fields["exc_text"] = _formatter.formatException(record.exc_info)
    if record.stack_info:
        fields["stack_info"] = record.stack_info
    if not fields:
        return None
    return json.dumps(fields, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if hasattr(value, "tolist") and getattr(value, "size", 2) == 1:
        return value.tolist()
    return preview(value)


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
    settings = load(os.environ)
    level = level_number(settings)
    names = [FLOW_LOGGER, TASK_LOGGER]
    names += [name.strip() for name in settings.logging_extra_loggers.split(",") if name.strip()]
    key = f"{level} {names}"
    if key in _installed:
        return
    with _lock:
        for name in names:
            logger = logging.getLogger(name)
            logger.setLevel(level)
            if not any(isinstance(handler, RunLogHandler) for handler in logger.handlers):
                logger.addHandler(RunLogHandler())
            if name in (FLOW_LOGGER, TASK_LOGGER):
                # The console shows these lines; the root logger's handlers would show them twice.
                logger.propagate = False
        _installed.clear()
        _installed.add(key)


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
