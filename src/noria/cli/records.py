"""Rows as JSON objects. The keys are promised in docs/cli.md; times are ISO 8601 in UTC, spans of
time are seconds."""

from __future__ import annotations

import json
from typing import Any

from noria.cli.appearance import state_name
from noria.cli.output import Record
from noria.cli.timefmt import iso
from noria.core.ids import to_text
from noria.core.records import (
    FlowRunRow,
    GroupCount,
    GroupRow,
    LogRow,
    TaskRunRow,
    task_run_name,
)
from noria.core.settings import LOG_LEVELS
from noria.core.states import TERMINAL_STATES


def flow_run(row: FlowRunRow, now: int) -> Record:
    """A flow run by itself."""
    return {
        "id": to_text(row.id),
        "name": row.name,
        "flow_name": row.flow_name,
        "deployment": deployment_of(row),
        "state_type": row.state.value,
        "state_name": state_name(row.state, row.state_name),
        "state_message": row.message,
        "created": iso(row.created),
        "scheduled_start_time": iso(due(row)) if deployment_of(row) else None,
        "start_time": _time(row.start),
        "end_time": _time(row.end),
        "total_run_time": _seconds(run_time(row, now)),
        "run_count": row.run_count,
        "execution": row.epoch,
        "tags": parsed(row.tags, []),
        "parameters": parsed(row.parameters, {}),
        "entrypoint": row.entrypoint,
        "version": row.version,
        "parent_run_id": _id(row.parent_run),
        "root_run_id": to_text(row.root_run),
        "error": error(row.error),
    }


def due(row: FlowRunRow) -> int:
    """When a run was to start: when it was made, unless a deployment or a person said otherwise."""
    found: int = _settings(row).get("scheduled", row.created)
    return found


def deployment_of(row: FlowRunRow) -> str | None:
    """The deployment that a run is of, as `flow/deployment`; None for one that was called."""
    found: str | None = _settings(row).get("deployment_name")
    return found


def _settings(row: FlowRunRow) -> dict[str, Any]:
    found = parsed(row.settings, {})
    return found if isinstance(found, dict) else {}


def with_counts(row: FlowRunRow, counts: tuple[int, ...], now: int) -> Record:
    """A flow run with its tasks counted by state."""
    return {
        **flow_run(row, now),
        "task_count": sum(counts),
        "task_counts": task_counts(counts),
    }


def task_counts(counts: tuple[int, ...]) -> dict[str, int]:
    """How many task runs are in each state."""
    return dict(zip(GroupCount.NAMES, counts, strict=True))


def task_run(row: TaskRunRow, group: GroupRow | None) -> Record:
    """A task run."""
    task_name = group.name if group else ""
    return {
        "id": to_text(row.id),
        "name": task_run_name(task_name, row),
        "task_name": task_name,
        "group": row.group,
        "flow_run_id": to_text(row.flow_run),
        "state_type": row.state.value,
        "state_name": state_name(row.state, row.state_name),
        "state_message": row.message,
        "created": iso(row.created),
        "start_time": _time(row.start),
        "end_time": _time(row.end),
        "total_run_time": _seconds(_span(row.start, row.end)),
        "run_count": row.run_count,
        "cpu_time": _seconds(row.cpu),
        "peak_memory": None if row.peak_memory is None else row.peak_memory * 1024,
        "inputs": parsed(row.inputs, {}),
        "upstream": parsed(row.upstream, {}),
        "child_run_id": _id(row.child_run),
        "tags": parsed(row.tags, parsed(group.tags if group else None, [])),
        "error": error(row.error),
    }


def group(row: GroupRow) -> Record:
    """All calls of one task at one place."""
    return {
        "number": row.number,
        "parent": row.parent,
        "name": row.name,
        "kind": row.kind,
        "place": row.place,
        "task_count": sum(row.counts),
        "expected": row.expected,
        "task_counts": task_counts(row.counts),
        "upstream": parsed(row.upstream, []),
        "start_time": _time(row.first_start),
        "end_time": _time(row.last_end),
        "busy_time": _seconds(row.busy),
        "longest_time": _seconds(row.longest),
        "cpu_time": _seconds(row.cpu),
    }


def log(row: LogRow, task_name: str | None) -> Record:
    """A line of a log."""
    return {
        "timestamp": iso(row.time),
        "level": row.level,
        "level_name": level_name(row.level),
        "logger": row.logger,
        "message": row.message,
        "flow_run_id": _id(row.flow_run),
        "task_run_id": _id(row.task_run),
        "task_run_name": task_name,
        "extra": parsed(row.extra, {}),
    }


_LEVELS = {number: name for name, number in LOG_LEVELS.items() if name != "WARN"}


def level_name(level: int) -> str:
    """`INFO` for 20, as `logging` has it."""
    return _LEVELS.get(level) or f"Level {level}"


def error(text: str | None) -> Record | None:
    """What a failed run keeps of its exception."""
    found = parsed(text, None)
    if not isinstance(found, dict):
        return None
    return {key: found.get(key) for key in ("type", "message", "frame", "traceback")}


def parsed(text: str | None, default: Any) -> Any:
    """The value of a JSON column; one that cannot be read is shown as the text it is."""
    if text is None:
        return default
    try:
        return json.loads(text)
    except ValueError:
        return text


def run_time(row: FlowRunRow, now: int) -> int | None:
    """How long a run took, or has been running; None when it has not started."""
    return _span(row.start, row.end if row.state in TERMINAL_STATES else row.end or now)


def _span(start: int | None, end: int | None) -> int | None:
    # A clock that stepped back must not print a negative duration.
    return None if start is None or end is None else max(end - start, 0)


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else micros / 1_000_000


def _time(micros: int | None) -> str | None:
    return None if micros is None else iso(micros)


def _id(raw: bytes | None) -> str | None:
    return None if raw is None else to_text(raw)
