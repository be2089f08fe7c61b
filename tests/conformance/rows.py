"""Rows for tests: every field has a plain value that a test may change."""

from __future__ import annotations

from itertools import count
from typing import Any

from noria.core import ids
from noria.core.records import (
    ArtifactRow,
    Batch,
    CacheRow,
    FlowRunRow,
    GroupKind,
    GroupRow,
    LogRow,
    ProcessRow,
    StoredValue,
    TaskRunRow,
    VariableRow,
)
from noria.core.slots import LimitRow, Pool, TicketRow
from noria.core.states import StateType

NOON = 1_795_348_863_000_000  # 2026-11-22 12:01:03 UTC
SECOND = 1_000_000
LEASE = 10 * SECOND

_numbers = count(1)


def new_id() -> bytes:
    """An id; those made later are greater, whatever the clock does."""
    return next(_numbers).to_bytes(6, "big") + ids.new_id()[6:]


def flow_run(**changes: Any) -> FlowRunRow:
    """A running flow run that no other one called."""
    key = changes.pop("id", None) or new_id()
    row = FlowRunRow(
        id=key,
        flow_name="pipeline",
        name=f"run-{key.hex()}",
        epoch=1,
        state=StateType.RUNNING,
        state_name=None,
        message=None,
        created=NOON,
        start=NOON + 5,
        end=None,
        run_count=1,
        process=None,
        parent_run=None,
        parent_task=None,
        root_run=key,
        entrypoint="flows.py:pipeline",
        version=None,
        tags=None,
        parameters='{"x": 1}',
        arguments=b"\x80",
        result=None,
        error=None,
        history=None,
        settings=None,
    )
    return row._replace(**changes)


def below(parent: FlowRunRow, **changes: Any) -> FlowRunRow:
    """A flow run that another one called."""
    return flow_run(parent_run=parent.id, root_run=parent.root_run, **changes)


def task_run(run: FlowRunRow, **changes: Any) -> TaskRunRow:
    """A completed task run in the first group."""
    row = TaskRunRow(
        id=new_id(),
        flow_run=run.id,
        epoch=run.epoch,
        group=1,
        parent=None,
        name=None,
        state=StateType.COMPLETED,
        state_name=None,
        message=None,
        run_count=1,
        created=NOON + 10,
        start=NOON + 20,
        end=NOON + 50,
        identity=new_id(),
        result=StoredValue("pickle", b"\x80\x05K\x01.", None, 5),
        upstream=None,
        inputs='{"x": "1"}',
        child_run=None,
        cpu=30,
        peak_memory=None,
        process=None,
        tags=None,
        error=None,
        history=None,
    )
    return row._replace(**changes)


def group(run: FlowRunRow, **changes: Any) -> GroupRow:
    """The first group of a run."""
    row = GroupRow(
        flow_run=run.id,
        number=1,
        epoch=run.epoch,
        parent=None,
        task_key="flows.clean",
        name="clean",
        kind=GroupKind.CALL,
        place="flows.py:12 in pipeline",
        tags=None,
        expected=None,
        counts=(0, 0, 0, 1, 0, 0, 0, 0, 0),
        upstream=None,
        first_start=NOON + 20,
        last_end=NOON + 50,
        busy=30,
        longest=30,
        cpu=30,
    )
    return row._replace(**changes)


def log(run: FlowRunRow, message: str = "hello", **changes: Any) -> LogRow:
    """A line of a run's log."""
    row = LogRow(run.id, None, NOON, 20, "noria.flow", message, None)
    return row._replace(**changes)


def cached(key: str, **changes: Any) -> CacheRow:
    """A cached result that does not expire."""
    value = StoredValue("json", None, f"results/{key}", 1234)
    return CacheRow(key, NOON, None, value, None, None, "clean")._replace(**changes)


def artifact(key: str | None = "report", **changes: Any) -> ArtifactRow:
    """A text that was made outside runs."""
    row = ArtifactRow(
        id=new_id(),
        key=key,
        kind="markdown",
        summary="hello",
        created=NOON,
        updated=NOON,
        flow_run=None,
        task_run=None,
        metadata=None,
        description=None,
        note=None,
        format="text",
        data="# hello",
    )
    return row._replace(**changes)


def variable(name: str = "region", value: str = '"emea"', **changes: Any) -> VariableRow:
    """A variable without tags."""
    return VariableRow(name, value, "[]", NOON, NOON)._replace(**changes)


def process(**changes: Any) -> ProcessRow:
    """A process of another host, alive until its lease of ten seconds ends."""
    row = ProcessRow(
        id=new_id(),
        host="lab",
        boot="boot-1",
        pid=4711,
        started=99,
        command="python pipeline.py",
        python="3.11.7",
        created=NOON,
        beat=NOON,
        lease=LEASE,
        ended=None,
        verdict=None,
    )
    return row._replace(**changes)


def batch(*rows: Any) -> Batch:
    """A batch of rows of any kind."""
    return Batch(
        [row for row in rows if isinstance(row, FlowRunRow)],
        [row for row in rows if isinstance(row, TaskRunRow)],
        [row for row in rows if isinstance(row, GroupRow)],
        [row for row in rows if isinstance(row, LogRow)],
        [row for row in rows if isinstance(row, CacheRow)],
        [row for row in rows if isinstance(row, ArtifactRow)],
    )


def limit(name: str = "db", slots: int = 1, **changes: Any) -> LimitRow:
    """An active limit whose slots do not decay."""
    return LimitRow(name, slots, True, 0.0, NOON, NOON)._replace(**changes)


def ticket(process: bytes, *names: str, **changes: Any) -> TicketRow:
    """A ticket for one slot of each of these limits, `db` by default."""
    pools = tuple(Pool(name) for name in names or ("db",))
    row = TicketRow(new_id(), process, 4711, 99, pools, 1, False, False, None, NOON)
    return row._replace(**changes)
