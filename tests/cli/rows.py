"""Rows to show, with the few facts that matter to a test."""

from __future__ import annotations

import json
from typing import Any

from noria.core.records import (
    ArtifactRow,
    Batch,
    FlowRunRow,
    GroupCount,
    GroupKind,
    GroupRow,
    LogRow,
    ProcessRow,
    TaskRunRow,
)
from noria.core.states import StateType

START = 1_795_000_000_000_000
"""2026-11-18T11:06:40Z"""
SECOND = 1_000_000

BOOM = json.dumps(
    {
        "type": "ValueError",
        "message": "bad row 17",
        "frame": "flights.py:41 in clean",
        "traceback": "Traceback (most recent call last):\n  ...\nValueError: bad row 17\n",
    }
)


def run_id(number: int) -> bytes:
    """The id of a run that began `number` seconds after the start."""
    milliseconds = START // 1000 + number * 1000
    return milliseconds.to_bytes(6) + bytes.fromhex("7abc8def0123") + number.to_bytes(4)


def flow_run(number: int = 1, **facts: Any) -> FlowRunRow:
    """A run that completed in ten seconds, unless told otherwise."""
    start = START + number * SECOND
    defaults: dict[str, Any] = {
        "id": run_id(number),
        "flow_name": "flights",
        "name": f"brave-otter-{number}",
        "epoch": 1,
        "state": StateType.COMPLETED,
        "state_name": None,
        "message": None,
        "created": start,
        "start": start,
        "end": start + 10 * SECOND,
        "run_count": 1,
        "process": None,
        "parent_run": None,
        "parent_task": None,
        "root_run": facts.get("id", run_id(number)),
        "entrypoint": "flights.py:flights",
        "version": None,
        "tags": None,
        "parameters": None,
        "arguments": None,
        "result": None,
        "error": None,
        "history": None,
        "settings": None,
    }
    return FlowRunRow(**{**defaults, **facts})


def task_run(run: FlowRunRow, number: int, **facts: Any) -> TaskRunRow:
    """A task run that completed within a second."""
    start = (run.start or run.created) + number * SECOND
    defaults: dict[str, Any] = dict.fromkeys(TaskRunRow._fields)
    defaults |= {
        "id": (start // 1000).to_bytes(6)
        + bytes.fromhex("7abc8def4567")
        + (number << 20).to_bytes(4),
        "flow_run": run.id,
        "epoch": run.epoch,
        "group": 1,
        "state": StateType.COMPLETED,
        "run_count": 1,
        "created": start,
        "start": start,
        "end": start + SECOND,
    }
    return TaskRunRow(**{**defaults, **facts})


def counts(**by_name: int) -> tuple[int, ...]:
    """Counts by the names of `GroupCount`."""
    return tuple(by_name.get(name, 0) for name in GroupCount.NAMES)


def group(run: FlowRunRow, number: int, name: str, **facts: Any) -> GroupRow:
    """A group with one call, in the second of its number."""
    start = (run.start or run.created) + number * SECOND
    defaults: dict[str, Any] = {
        "flow_run": run.id,
        "number": number,
        "epoch": run.epoch,
        "parent": None,
        "task_key": f"{name}-key",
        "name": name,
        "kind": GroupKind.CALL,
        "place": f"flights.py:{number * 10} in flights",
        "tags": None,
        "expected": None,
        "counts": counts(completed=1),
        "upstream": None,
        "first_start": start,
        "last_end": start + SECOND,
        "busy": SECOND,
        "longest": SECOND,
        "cpu": 0,
    }
    return GroupRow(**{**defaults, **facts})


def log(run: FlowRunRow, message: str, **facts: Any) -> LogRow:
    """A line at level INFO, when the run began."""
    defaults: dict[str, Any] = {
        "flow_run": run.id,
        "task_run": None,
        "time": run.start,
        "level": 20,
        "logger": "noria.flow_runs",
        "message": message,
        "extra": None,
    }
    return LogRow(**{**defaults, **facts})


def process(number: int = 1, **facts: Any) -> ProcessRow:
    """A process of another host, so that only its lease tells whether it is alive."""
    defaults: dict[str, Any] = {
        "id": run_id(1_000_000 + number),
        "host": "elsewhere",
        "boot": "boot-1",
        "pid": 4242,
        "started": 1,
        "command": "python flights.py",
        "python": "3.11.7",
        "created": START,
        "beat": START,
        "lease": 10 * SECOND,
        "ended": None,
        "verdict": None,
    }
    return ProcessRow(**{**defaults, **facts})


def batch(*rows: Any) -> Batch:
    """A batch of whatever rows are given."""

    def of(kind: type) -> list[Any]:
        return [row for row in rows if isinstance(row, kind)]

    return Batch(of(FlowRunRow), of(TaskRunRow), of(GroupRow), of(LogRow), [], of(ArtifactRow))
