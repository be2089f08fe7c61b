"""Rows as the journal would show them, with short arguments."""

from __future__ import annotations

import json
from typing import Any

from noria.core.clock import Clock
from noria.core.records import FlowRunRow, GroupKind, GroupRow, LogRow, TaskRunRow
from noria.core.states import StateType

NOON = 1_795_348_800_000_000
"""2026-11-22 12:00:00 UTC."""
MS = 1000
SECOND = 1_000_000
RUN = bytes(range(16))
CHILD = bytes(range(16, 32))


def task_id(number: int) -> bytes:
    """An id whose task run name ends in the number's last three hexadecimal digits."""
    return bytes(8) + number.to_bytes(4, "big") + (number % 4096 << 20).to_bytes(4, "big")


def error(kind: str, message: str, frame: str = "flights.py:31 in fetch") -> dict[str, str]:
    return {"type": kind, "message": message, "frame": frame, "traceback": "…"}


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def flow(
    state: StateType = StateType.RUNNING,
    *,
    id: bytes = RUN,
    flow: str = "flights",
    name: str = "brave-otter",
    state_name: str | None = None,
    message: str | None = None,
    start: int | None = NOON,
    end: int | None = None,
    epoch: int = 1,
    parent: bytes | None = None,
    error: Any = None,
) -> FlowRunRow:
    return FlowRunRow(
        id, flow, name, epoch, state, state_name, message, NOON, start, end, 1, None, parent, None,
        parent or id, None, None, None, None, None, None, _json(error), None, None,
    )  # fmt: skip


def group(
    number: int,
    name: str,
    *,
    run: bytes = RUN,
    kind: str = GroupKind.CALL,
    expected: int | None = None,
    parent: int | None = None,
) -> GroupRow:
    counts = (0,) * 9
    return GroupRow(
        run, number, 1, parent, f"flights.{name}", name, kind, "flights.py:12 in flights", None,
        expected, counts, None, None, None, 0, 0, 0,
    )  # fmt: skip


def task(
    number: int,
    state: StateType = StateType.COMPLETED,
    *,
    group: int = 1,
    run: bytes = RUN,
    name: str | None = None,
    state_name: str | None = None,
    message: str | None = None,
    start: int | None = NOON,
    took: int | None = None,
    child: bytes | None = None,
    error: Any = None,
) -> TaskRunRow:
    end = start + took if start is not None and took is not None else None
    return TaskRunRow(
        task_id(number), run, 1, group, None, name, state, state_name, message, 1, NOON, start, end,
        None, None, None, None, child, None, None, None, None, _json(error), None,
    )  # fmt: skip


def log(
    message: str,
    *,
    task: int | None = None,
    run: bytes | None = RUN,
    level: int = 20,
    time: int = NOON,
    extra: Any = None,
    logger: str = "noria.flow_runs",
) -> LogRow:
    return LogRow(
        run, None if task is None else task_id(task), time, level, logger, message, _json(extra)
    )


class SteppedClock(Clock):
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOON) / 1e6

    def step(self, seconds: float) -> None:
        self.time += round(seconds * 1e6)
