"""Lines of runs' logs, on their way from `logging` and others to the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from noria.core import clock
from noria.core.records import LogRow
from noria.engine.context import FlowRunContext, TaskRunContext, innermost
from noria.engine.gate import gate
from noria.engine.log_fields import fields_json, message_and_fields

FLOW_LOGGER = "noria.flow_runs"
TASK_LOGGER = "noria.task_runs"

UNKNOWN = "<unknown>"

_SEEN = "noria_seen"


def _drop(row: LogRow) -> None:
    """Nobody takes the line."""


_take_lone: Callable[[LogRow], None] = _drop


def give_lone_lines_to(take: Callable[[LogRow], None]) -> None:
    """Say who takes the lines of tasks outside flows: that needs a session, unknown here."""
    global _take_lone
    _take_lone = take


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
            time = int(record.created * 1_000_000) if clock.is_real() else clock.now()
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
    extra = fields_json(fields)
    if flow is None:
        # A task outside flows: there is no run on record for the line to belong to.
        _take_lone(LogRow(None, None, time, level, logger, message, extra))
        return
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
