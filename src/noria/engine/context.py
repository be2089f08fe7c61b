"""The run that the current code belongs to, carried by context variables."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from noria.core.states import set_async_probe
from noria.engine.configuration import settings

if TYPE_CHECKING:
    from datetime import datetime

    from noria.engine.execution import FlowExecution
    from noria.engine.runs import FlowRun, TaskRun
    from noria.engine.transactions import BaseTransaction


class ContextModel:
    """Base of all contexts."""

    __slots__ = ()

    @classmethod
    def get(cls) -> Any:
        """The context of this class that the current code stands in; None when there is none."""
        raise NotImplementedError


class RunContext(ContextModel):
    """What the contexts of flow runs and task runs have in common.

    Attributes:
        parameters: The run's parameters.
        log_prints: Whether its prints become log lines.
    """

    __slots__ = ("log_prints", "parameters")

    parameters: dict[str, Any]
    log_prints: bool

    @classmethod
    def get(cls) -> Any:
        """The context of the innermost run."""
        return innermost()

    @property
    def owner(self) -> Any:
        """The flow or task."""
        raise NotImplementedError

    @property
    def run(self) -> FlowRun | TaskRun:
        """The run."""
        raise NotImplementedError

    @property
    def outer(self) -> FlowRunContext | TaskRunContext | None:
        """The context around this one."""
        raise NotImplementedError

    @property
    def start_time(self) -> datetime:
        """When the run began."""
        return self.run.start_time or self.run.created

    @property
    def persist_result(self) -> bool:
        """Whether results of any size are to be kept: by the flow's or task's own option, else by
        that of the run around it, else by the setting."""
        raise NotImplementedError

    @property
    def result_store(self) -> Any:
        """A store of results by name, where this run's own results go; see `noria.results`."""
        from noria.values.result_store import store_for  # noqa: PLC0415 - few runs ask for it

        return store_for(settings(), self.owner)


class FlowRunContext(RunContext):
    """What is known while a flow runs.

    Attributes:
        flow: The flow.
        flow_run: Its run.
        parameters: The validated parameters.
        task_runner: Runs what the flow submits.
        execution: The engine's side of the run.
    """

    __slots__ = ("_outer", "execution", "flow", "flow_run")

    def __init__(
        self, flow: Any, flow_run: FlowRun, parameters: dict[str, Any], execution: FlowExecution
    ) -> None:
        self.flow = flow
        self.flow_run = flow_run
        self.parameters = parameters
        self.execution = execution
        self.log_prints = False
        self._outer = innermost()

    @property
    def outer(self) -> FlowRunContext | TaskRunContext | None:
        """The context of the run that called the flow."""
        # A process that runs tasks for another knows no more than the flow.
        return getattr(self, "_outer", None)

    @property
    def owner(self) -> Any:
        """The flow."""
        return self.flow

    @property
    def run(self) -> FlowRun:
        """The flow run."""
        return self.flow_run

    @property
    def persist_result(self) -> bool:
        """Whether results are to be kept."""
        return self.execution.persists

    @property
    def task_runner(self) -> Any:
        """Runs what the flow submits."""
        return self.execution.runner

    @classmethod
    def get(cls) -> FlowRunContext | None:
        """The context of the innermost flow run; None outside flows."""
        return flow_context.get()


class TaskRunContext(RunContext):
    """What is known while a task runs.

    Attributes:
        task: The task.
        task_run: Its run.
        parameters: The parameters, futures resolved.
    """

    __slots__ = ("caller", "flow_context", "task", "task_run", "transaction")

    def __init__(
        self,
        task: Any,
        task_run: TaskRun,
        parameters: dict[str, Any],
        flow_context: FlowRunContext | None,
    ) -> None:
        self.task = task
        self.task_run = task_run
        self.parameters = parameters
        self.flow_context = flow_context
        self.log_prints = False
        self.caller: TaskRunContext | None = None
        """The task that called this one."""
        self.transaction: BaseTransaction | None = None

    @property
    def outer(self) -> FlowRunContext | None:
        """The context of the flow run around the task."""
        return self.flow_context

    @property
    def owner(self) -> Any:
        """The task."""
        return self.task

    @property
    def persist_result(self) -> bool:
        """Whether the result is to be kept."""
        asked: bool | None = self.task.persist_result
        if asked is None and self.flow_context is not None:
            return self.flow_context.persist_result
        return settings().results_persist_by_default if asked is None else asked

    @property
    def run(self) -> TaskRun:
        """The task run."""
        return self.task_run

    @classmethod
    def get(cls) -> TaskRunContext | None:
        """The context of the innermost task run, also of one that called the flow around this
        code; None outside tasks."""
        found: FlowRunContext | TaskRunContext | None = innermost()
        while isinstance(found, FlowRunContext):
            found = found.outer
        return found


class TagsContext(ContextModel):
    """The tags that runs get where the current code stands.

    Attributes:
        current_tags: The tags.
    """

    __slots__ = ("current_tags",)

    def __init__(self, current_tags: set[str] | None = None) -> None:
        self.current_tags = set() if current_tags is None else current_tags

    @classmethod
    def get(cls) -> TagsContext:
        """The tags here; empty outside `tags` blocks."""
        return cls(set(current_tags.get()))


# Prefect has one class for both, under two names.
EngineContext = FlowRunContext

flow_context: ContextVar[FlowRunContext | None] = ContextVar("noria_flow", default=None)
task_context: ContextVar[TaskRunContext | None] = ContextVar("noria_task", default=None)
transaction_context: ContextVar[BaseTransaction | None] = ContextVar(
    "noria_transaction", default=None
)
"""The innermost block of a transaction; what a task's own is, `noria.engine.transactions` knows."""
being_loaded: ContextVar[bool] = ContextVar("noria_being_loaded", default=False)
"""Whether a script is being loaded for the flows in it, and not to be run."""
current_tags: ContextVar[frozenset[str]] = ContextVar("noria_tags", default=frozenset())


def flow_around() -> FlowRunContext | None:
    """The flow run that calls made here belong to. What a process has forked is not in it: it
    shares neither the parent's threads nor its counts."""
    context = flow_context.get()
    return None if context is None or context.execution.inherited else context


def innermost() -> FlowRunContext | TaskRunContext | None:
    """The context of the innermost run, be it a flow's or a task's."""
    return task_context.get() or flow_context.get()


def in_async_run() -> bool:
    """Whether the caller stands in an async flow or task, or outside runs on an event loop."""
    context = innermost()
    if context is not None:
        owner = context.task if isinstance(context, TaskRunContext) else context.flow
        return bool(owner.isasync)
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


set_async_probe(in_async_run)
