"""What was recorded in the store of a test, as a test asks for it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from noria.backend.local import LocalBackend
from noria.backend.port import ArtifactFilter, RunFilter
from noria.client.schemas.objects import Artifact
from noria.core import clock, ids
from noria.core.errors import StoreError
from noria.core.jsontext import from_json
from noria.core.records import FlowRunRow, GroupRow, LogRow, TaskRunRow, task_run_name
from noria.core.states import StateType, default_name
from noria.session import Session

PAGE = 1000
MANY = 1_000_000


class RecordedRun(NamedTuple):
    """A flow run or a task run as the store has it.

    Attributes:
        task_name: None for a flow run.
        run_count: Attempts that have begun.
        parameters: Short texts of the arguments by name.
        error: Type and message of the exception, when it has failed with one.
    """

    id: uuid.UUID
    name: str
    flow_name: str
    task_name: str | None
    state_type: StateType
    state_name: str
    message: str | None
    run_count: int
    start_time: datetime | None
    end_time: datetime | None
    parameters: dict[str, Any]
    tags: list[str]
    error: str | None


class RecordedLine(NamedTuple):
    """A line of a run's log.

    Attributes:
        level: As in `logging`: 10 debug ... 50 critical.
        fields: What was given with `extra=`.
        task_run_id: None when the flow has said it.
    """

    level: int
    message: str
    logger: str
    fields: dict[str, Any]
    flow_run_id: uuid.UUID | None
    task_run_id: uuid.UUID | None
    time: datetime


class IsolatedStore:
    """The store of a test; see `noria_test_harness`.

    Attributes:
        session: What flows run with inside the block.
    """

    def __init__(self, session: Session, home: Path) -> None:
        self.session = session
        self._home = home

    @property
    def home(self) -> Path:
        """The folder that stands in for NORIA_HOME, made when it is asked for."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._home

    def flow_runs(self, name: str | None = None) -> list[RecordedRun]:
        """The flow runs, sub-flows among them, as they came.

        Parameters:
            name: Only runs of the flow of this name.
        """
        return [_flow_run(row) for row in self._flow_rows(name)]

    def task_runs(self, name: str | None = None) -> list[RecordedRun]:
        """The task runs of all flow runs, as they came.

        Parameters:
            name: Only runs of the task of this name.
        """
        return [
            _task_run(row, group, flow_run.flow_name)
            for flow_run in self._flow_rows()
            for row, group in self._task_rows(flow_run.id)
            if name is None or name == group.name
        ]

    def logs(self, level: int = 0, text: str | None = None) -> list[RecordedLine]:
        """The lines of all runs, as they came.

        Parameters:
            level: The least severe ones that are wanted, as in `logging`.
            text: Part of the message, in any case.
        """
        backend = self._settled()
        found: dict[int, LogRow] = {}
        for run in self._flow_rows():
            found.update(backend.logs(run.id, level=level, text=text, limit=MANY))
        return [_line(found[number]) for number in sorted(found)]

    def artifacts(self, key: str | None = None) -> list[Artifact]:
        """The artifacts, the last updated first.

        Parameters:
            key: Only the versions of this key.
        """
        backend = self._settled()
        found = backend.artifacts(ArtifactFilter(key=key, limit=MANY))
        # A list of them comes without what they hold.
        return [Artifact.from_row(backend.artifact(row.id)) for row in found]

    def copy_into(self, other: IsolatedStore) -> None:
        """Make another store, which is empty, a copy of this one."""
        source, target = self._settled(), other.session.backend
        if not isinstance(source, LocalBackend) or not isinstance(target, LocalBackend):
            raise StoreError("Only a store of this process can be copied.")
        source.copy_into(target)
        if self._home.exists():
            shutil.copytree(self._home, other.home, dirs_exist_ok=True)

    def _settled(self) -> Any:
        """The backend, with all that was said so far in it."""
        self.session.journal.flush()
        return self.session.backend

    def _flow_rows(self, name: str | None = None) -> list[FlowRunRow]:
        where = RunFilter(flow_name=name, top_level=False, limit=MANY)
        return [summary.run for summary in reversed(self._settled().flow_runs(where))]

    def _task_rows(self, flow_run: bytes) -> Iterator[tuple[TaskRunRow, GroupRow]]:
        backend = self._settled()
        groups = {group.number: group for group in backend.groups(flow_run)}
        after: bytes | None = None
        while page := backend.task_runs(flow_run, after=after, limit=PAGE):
            for row in page:
                yield row, groups[row.group]
            after = page[-1].id


def _flow_run(row: FlowRunRow) -> RecordedRun:
    return RecordedRun(
        id=ids.to_uuid(row.id),
        name=row.name,
        flow_name=row.flow_name,
        task_name=None,
        state_type=row.state,
        state_name=row.state_name or default_name(row.state),
        message=row.message,
        run_count=row.run_count,
        start_time=_moment(row.start),
        end_time=_moment(row.end),
        parameters=_parsed(row.parameters, {}),
        tags=_parsed(row.tags, []),
        error=_error(row.error),
    )


def _task_run(row: TaskRunRow, group: GroupRow, flow_name: str) -> RecordedRun:
    return RecordedRun(
        id=ids.to_uuid(row.id),
        name=task_run_name(group.name, row),
        flow_name=flow_name,
        task_name=group.name,
        state_type=row.state,
        state_name=row.state_name or default_name(row.state),
        message=row.message,
        run_count=row.run_count,
        start_time=_moment(row.start),
        end_time=_moment(row.end),
        parameters=_parsed(row.inputs, {}),
        tags=_parsed(row.tags or group.tags, []),
        error=_error(row.error),
    )


def _line(row: LogRow) -> RecordedLine:
    return RecordedLine(
        level=row.level,
        message=row.message,
        logger=row.logger,
        fields=_parsed(row.extra, {}),
        flow_run_id=None if row.flow_run is None else ids.to_uuid(row.flow_run),
        task_run_id=None if row.task_run is None else ids.to_uuid(row.task_run),
        time=clock.to_datetime(row.time),
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else clock.to_datetime(micros)


def _parsed(text: str | None, default: Any) -> Any:
    return default if text is None else from_json(text)


def _error(text: str | None) -> str | None:
    found = _parsed(text, None)
    return f"{found.get('type')}: {found.get('message')}" if isinstance(found, dict) else None
