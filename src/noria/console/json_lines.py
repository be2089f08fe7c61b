"""One JSON object a line: log lines and changes of state, for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from noria.console.events import (
    Event,
    Failure,
    FlowBegan,
    FlowChanged,
    FlowEnded,
    GroupProgress,
    LogLine,
    TaskChanged,
    TaskEnded,
)
from noria.console.phrases import LEVELS
from noria.console.stream import Stderr
from noria.console.wording import failure_text
from noria.core import clock, ids
from noria.core.states import StateType, default_name

FLOW_LOGGER = "noria.flow_runs"
TASK_LOGGER = "noria.task_runs"

_SEVERITY = {
    StateType.FAILED: "ERROR",
    StateType.CRASHED: "ERROR",
    StateType.CANCELLED: "WARNING",
    StateType.CANCELLING: "WARNING",
    StateType.PAUSED: "WARNING",
    StateType.SCHEDULED: "WARNING",
    StateType.PENDING: "WARNING",
}


class JsonView:
    """Writes an object for each log line and for each change of state; nothing is folded."""

    refresh_seconds = float("inf")
    every = True

    def __init__(self, stderr: Stderr) -> None:
        self._stderr = stderr

    def show(self, events: Sequence[Event], progress: Sequence[GroupProgress] | None) -> None:
        """Write what happened."""
        found = [as_object(event) for event in events]
        text = [json.dumps(one, ensure_ascii=False) for one in found if one is not None]
        if text:
            self._stderr.write("\n".join(text) + "\n")

    def close(self) -> None:
        """Nothing is held back."""


def as_object(event: Event) -> dict[str, Any] | None:
    """The object of an event; None for one that only sums others up."""
    if isinstance(event, LogLine):
        return _log_line(event)
    if isinstance(event, TaskChanged | TaskEnded):
        return _task_state(event)
    if isinstance(event, FlowBegan | FlowChanged | FlowEnded):
        return _flow_state(event)
    return None


def _log_line(event: LogLine) -> dict[str, Any]:
    row = event.row
    found: dict[str, Any] = {
        "ts": _iso(row.time),
        "level": LEVELS.get(row.level, str(row.level)),
        "logger": row.logger,
        "message": row.message,
    }
    if row.flow_run is not None:
        found |= {"flow_run_id": ids.to_text(row.flow_run), "flow_run": event.flow_run}
    if row.task_run is not None:
        found |= {"task_run_id": ids.to_text(row.task_run), "task": event.task}
    if row.extra is not None:
        try:
            found["extra"] = json.loads(row.extra)
        except ValueError:
            found["extra"] = row.extra
    return found


def _task_state(event: TaskChanged | TaskEnded) -> dict[str, Any]:
    row = event.row
    level = "DEBUG" if row.state is StateType.RUNNING else _SEVERITY.get(row.state, "INFO")
    took = event.duration if isinstance(event, TaskEnded) else None
    found = {
        "ts": _iso(event.time),
        "level": level,
        "logger": TASK_LOGGER,
        "message": _message(event.name, row.state, row.state_name, row.message),
        "flow_run_id": ids.to_text(row.flow_run),
        "flow_run": event.flow_run,
        "task_run_id": ids.to_text(row.id),
        "task": event.name,
        "state": row.state_name or default_name(row.state),
    }
    return found | _outcome(took, event.failure)


def _flow_state(event: FlowBegan | FlowChanged | FlowEnded) -> dict[str, Any]:
    row = event.row
    found = {
        "ts": _iso(event.time),
        "level": _SEVERITY.get(row.state, "INFO"),
        "logger": FLOW_LOGGER,
        "message": _message(row.name, row.state, row.state_name, row.message),
        "flow_run_id": ids.to_text(row.id),
        "flow_run": row.name,
        "flow": row.flow_name,
        "execution": row.epoch,
        "state": row.state_name or default_name(row.state),
    }
    if isinstance(event, FlowEnded):
        return found | _outcome(event.duration, event.failure)
    return found


def _message(name: str, kind: StateType, state_name: str | None, message: str | None) -> str:
    text = f"{name}: {state_name or default_name(kind)}"
    return f"{text}: {message}" if message else text


def _outcome(duration: int | None, failure: Failure | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if duration is not None:
        found["seconds"] = duration / 1e6
    if failure is not None:
        found["error"] = failure_text(failure)
        if failure.frame:
            found["frame"] = failure.frame
    return found


def _iso(micros: int) -> str:
    return clock.to_datetime(micros).isoformat(timespec="microseconds")
