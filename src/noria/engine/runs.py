"""The runs that the engine works on, as user code and hooks see them, and the rows they become."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from noria.core import clock, ids
from noria.core.jsontext import to_json
from noria.core.records import FlowRunRow, StoredValue, TaskRunRow
from noria.core.states import State, StateDetails, StateType, default_name

if TYPE_CHECKING:
    import uuid

    from noria.engine.groups import Group


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else clock.to_datetime(micros)


class _Run:
    """What flow runs and task runs share: a state that is spelled out only when asked for."""

    __slots__ = (
        "_state",
        "born",
        "data",
        "end",
        "history",
        "raw_id",
        "run_count",
        "start",
        "state_message",
        "state_name",
        "state_time",
        "state_type",
        "stored",
    )

    def __init__(self, raw_id: bytes, created: int) -> None:
        self.raw_id = raw_id
        self.born = created
        """When it was made, in microseconds since the epoch."""
        self.state_type = StateType.PENDING
        self.state_name = "Pending"
        self.state_message: str | None = None
        self.state_time = created
        self.data: Any = None
        self._state: State[Any] | None = None
        self.run_count = 0
        self.start: int | None = None
        self.end: int | None = None
        self.stored: StoredValue | None = None
        self.history: list[list[Any]] | None = None

    def enter(
        self, kind: StateType, name: str | None = None, message: str | None = None, data: Any = None
    ) -> None:
        """Enter a state now."""
        self.state_type = kind
        self.state_name = default_name(kind) if name is None else name
        self.state_message = message
        self.state_time = clock.now()
        self.data = data
        self._state = None

    def enter_state(self, state: State[Any]) -> None:
        """Enter a state that exists already (the user's own, or one made by a rule)."""
        self.state_type = state.type
        self.state_name = state.name
        self.state_message = state.message
        self.state_time = state.micros
        self.data = state.data
        self._state = state
        self._describe(state)

    def stop(self) -> None:
        """End with the present state; never before the start, even if the clock was set back."""
        self.end = self.state_time if self.start is None else max(self.start, self.state_time)

    @property
    def state(self) -> State[Any]:
        """The state the run is in."""
        if self._state is None:
            state: State[Any] = State(
                self.state_type,
                name=self.state_name,
                message=self.state_message,
                data=self.data,
                timestamp=clock.to_datetime(self.state_time),
            )
            self._state = state
            self._describe(state)
        return self._state

    def _describe(self, state: State[Any]) -> None:
        raise NotImplementedError

    def remember(self) -> None:
        """Put the present state on record before another replaces it."""
        if self.history is None:
            self.history = []
        self.history.append([self.state_name, self.state_time, self.state_message])

    def history_text(self) -> str | None:
        """The history as it is stored."""
        return None if self.history is None else to_json(self.history)

    def plain_name(self) -> str | None:
        """The state's name as it is stored: None when it is the type's own."""
        return None if self.state_name == default_name(self.state_type) else self.state_name

    @property
    def id(self) -> uuid.UUID:
        """The run's id."""
        return ids.to_uuid(self.raw_id)

    @property
    def state_id(self) -> uuid.UUID:
        """The id of the state the run is in."""
        return self.state.id

    @property
    def created(self) -> datetime:
        """When the run was made."""
        return clock.to_datetime(self.born)

    @property
    def updated(self) -> datetime:
        """When the run entered the state it is in."""
        return clock.to_datetime(self.state_time)

    @property
    def expected_start_time(self) -> datetime:
        """When the run was to start."""
        return clock.to_datetime(self.born)

    @property
    def start_time(self) -> datetime | None:
        """When the run first entered Running."""
        return _moment(self.start)

    @property
    def end_time(self) -> datetime | None:
        """When the run ended."""
        return _moment(self.end)

    @property
    def total_run_time(self) -> timedelta:
        """From start to end, or to now."""
        if self.start is None:
            return timedelta(0)
        return timedelta(microseconds=(self.end or clock.now()) - self.start)

    estimated_run_time = total_run_time


class TaskRun(_Run):
    """One run of a task.

    Attributes:
        name: The run's name.
        task_key: What the task is called across runs.
        run_count: How many attempts have begun.
        tags: The run's tags.
        task_inputs: Parameter name -> ids of the runs whose results it takes.
    """

    __slots__ = (
        "_name",
        "child_run",
        "cpu",
        "flow_run_raw",
        "group",
        "identity",
        "inputs",
        "parent",
        "peak_memory",
        "process",
        "tags",
        "task",
        "upstream",
    )

    def __init__(
        self,
        raw_id: bytes,
        task: Any,
        flow_run_raw: bytes | None,
        group: Group | None,
        parent: bytes | None,
        created: int,
    ) -> None:
        super().__init__(raw_id, created)
        self.task = task
        self.flow_run_raw = flow_run_raw
        self.group = group
        self.parent = parent
        self._name: str | None = None
        self.identity: bytes | None = None
        self.upstream: dict[str, list[str]] | None = None
        self.inputs: str | None = None
        self.child_run: bytes | None = None
        self.cpu: int | None = None
        self.peak_memory: int | None = None
        self.process: int | None = None
        self.tags: frozenset[str] | None = None

    def slim(self) -> None:
        """Let go of what only the record needed."""
        self.stored = self.inputs = self.history = None

    @property
    def name(self) -> str:
        """The run's name: the given one, else the task's, in a flow with letters of the id."""
        if self._name or self.flow_run_raw is None:
            return self._name or str(self.task.name)
        return f"{self.task.name}-{self.raw_id[-4:].hex()[:3]}"

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def flow_run_id(self) -> uuid.UUID | None:
        """The flow run that the task runs in; None outside flows."""
        return None if self.flow_run_raw is None else ids.to_uuid(self.flow_run_raw)

    @property
    def task_key(self) -> str:
        """What the task is called across runs."""
        key: str = self.task.task_key
        return key

    @property
    def task_version(self) -> str | None:
        """The task's version."""
        version: str | None = self.task.version
        return version

    @property
    def dynamic_key(self) -> str:
        """What tells this run from others of the task."""
        return ids.to_text(self.raw_id)

    @property
    def task_inputs(self) -> dict[str, list[str]]:
        """Parameter name -> ids of the runs whose results it takes."""
        return self.upstream or {}

    def _describe(self, state: State[Any]) -> None:
        details = state.state_details
        details.task_run_id = self.id
        details.flow_run_id = self.flow_run_id

    def to_row(self, epoch: int, error: str | None = None) -> TaskRunRow:
        """The row that stands for the run as it is now."""
        group, upstream, tags = self.group, self.upstream, self.tags
        return TaskRunRow(
            self.raw_id,
            self.flow_run_raw or b"",
            epoch,
            0 if group is None else group.number,
            self.parent,
            self._name,
            self.state_type,
            self.plain_name(),
            self.state_message,
            self.run_count,
            self.born,
            self.start,
            self.end,
            self.identity,
            self.stored,
            None if upstream is None else to_json(upstream),
            self.inputs,
            self.child_run,
            self.cpu,
            self.peak_memory,
            self.process,
            None if tags is None else to_json(sorted(tags)),
            error,
            None if self.history is None else self.history_text(),
        )

    def __repr__(self) -> str:
        return f"TaskRun(id={self.id}, name={self.name!r}, state={self.state})"


class FlowRun(_Run):
    """One run of a flow.

    Attributes:
        name: The run's name.
        parameters: The validated parameters.
        tags: The run's tags.
        run_count: How many attempts have begun, over all executions.
        epoch: Which execution this is: 1, and one more with every resume.
    """

    __slots__ = (
        "arguments",
        "entrypoint",
        "epoch",
        "flow_name",
        "name",
        "parameters",
        "parent_run",
        "parent_task",
        "previewed",
        "process",
        "root_run",
        "settings",
        "tags",
        "version",
    )

    def __init__(self, raw_id: bytes, flow_name: str, name: str, created: int) -> None:
        super().__init__(raw_id, created)
        self.flow_name = flow_name
        self.name = name
        self.epoch = 1
        self.parameters: dict[str, Any] = {}
        self.previewed: str | None = None
        self.arguments: bytes | None = None
        self.tags: list[str] = []
        self.parent_run: bytes | None = None
        self.parent_task: bytes | None = None
        self.root_run = raw_id
        self.process: bytes | None = None
        self.entrypoint: str | None = None
        self.version: str | None = None
        self.settings: dict[str, Any] | None = None

    @property
    def flow_id(self) -> uuid.UUID:
        """An id of the flow, the same for all its runs."""
        return ids.named(self.flow_name)

    @property
    def flow_version(self) -> str | None:
        """The flow's version."""
        return self.version

    @property
    def job_variables(self) -> dict[str, Any]:
        """What the run was told of its surroundings by who scheduled it."""
        found: dict[str, Any] = (self.settings or {}).get("job_variables", {})
        return found

    @property
    def deployment_id(self) -> uuid.UUID | None:
        """The deployment that the run came from; None for a run that was simply called."""
        found = (self.settings or {}).get("deployment")
        return None if found is None else ids.to_uuid(bytes.fromhex(found))

    @property
    def deployment_version(self) -> str | None:
        """The version of that deployment."""
        return None if self.deployment_id is None else self.version

    @property
    def given_parameters(self) -> dict[str, Any]:
        """The parameters without the flow's own defaults: what the deployment, its schedule, and
        who asked for the run said."""
        names = (self.settings or {}).get("given")
        if names is None:
            return self.parameters
        return {name: self.parameters[name] for name in names if name in self.parameters}

    @property
    def idempotency_key(self) -> str | None:
        """With which the run was asked for."""
        found: str | None = (self.settings or {}).get("key")
        return found

    @property
    def auto_scheduled(self) -> bool:
        """Whether a schedule has made the run."""
        return (self.settings or {}).get("schedule") is not None

    @property
    def work_pool_name(self) -> str | None:
        """The pool whose workers take the run."""
        found: str | None = (self.settings or {}).get("pool")
        return found

    @property
    def work_queue_name(self) -> str | None:
        """The queue of that pool."""
        found: str | None = (self.settings or {}).get("queue")
        return found

    @property
    def expected_start_time(self) -> datetime:
        """When the run was to start."""
        return clock.to_datetime((self.settings or {}).get("scheduled", self.born))

    @property
    def next_scheduled_start_time(self) -> datetime | None:
        """When the run is to start; None once it has, or if it was never to wait."""
        return self.expected_start_time if self.state_type is StateType.SCHEDULED else None

    @property
    def parent_task_run_id(self) -> uuid.UUID | None:
        """The task run that stands for this run in its parent."""
        return None if self.parent_task is None else ids.to_uuid(self.parent_task)

    def _describe(self, state: State[Any]) -> None:
        details = state.state_details
        details.flow_run_id = self.id
        if self.run_count == 0 and self.settings is not None and "scheduled" in self.settings:
            details.scheduled_time = self.next_scheduled_start_time

    def to_row(self, error: str | None = None) -> FlowRunRow:
        """The row that stands for the run as it is now."""
        return FlowRunRow(
            id=self.raw_id,
            flow_name=self.flow_name,
            name=self.name,
            epoch=self.epoch,
            state=self.state_type,
            state_name=self.plain_name(),
            message=self.state_message,
            created=self.born,
            start=self.start,
            end=self.end,
            run_count=self.run_count,
            process=self.process,
            parent_run=self.parent_run,
            parent_task=self.parent_task,
            root_run=self.root_run,
            entrypoint=self.entrypoint,
            version=self.version,
            tags=to_json(self.tags) if self.tags else None,
            parameters=self.previewed,
            arguments=self.arguments,
            result=self.stored,
            error=error,
            history=self.history_text(),
            settings=None if self.settings is None else to_json(self.settings),
        )

    def __repr__(self) -> str:
        return f"FlowRun(id={self.id}, name={self.name!r}, state={self.state})"


__all__ = ["FlowRun", "StateDetails", "TaskRun"]
