from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noria import flow
from noria.core.records import LogRow, TaskRunRow
from noria.engine.session import open_session
from noria.task_runners import ProcessPoolTaskRunner


@pytest.fixture
def on_processes():
    """Mark a function as a flow whose tasks run in processes, one unless told otherwise."""

    def mark(workers: int = 1, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        runner = {k: options.pop(k) for k in ("initializer", "initargs") if k in options}
        return flow(
            task_runner=ProcessPoolTaskRunner(max_workers=workers, **runner),
            **options,
        )

    return mark


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    """A named pipe: one process waits in opening it until another opens the other end."""
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    return path


@pytest.fixture
def recorded():
    """The task runs of a flow run as they are stored, by the name of their task."""

    def read(flow_run_id: Any) -> dict[str, list[TaskRunRow]]:
        backend = open_session().backend
        names = {group.number: group.name for group in backend.groups(flow_run_id.bytes)}
        found: dict[str, list[TaskRunRow]] = {}
        for row in backend.task_runs(flow_run_id.bytes):
            found.setdefault(names[row.group], []).append(row)
        return found

    return read


@pytest.fixture
def lines():
    """The log of a flow run as it is stored."""

    def read(flow_run_id: Any) -> list[LogRow]:
        return [row for _, row in open_session().backend.logs(flow_run_id.bytes)]

    return read


def gone(pid: int) -> bool:
    """Whether there is no process of that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
