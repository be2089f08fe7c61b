"""The run that the current code belongs to, carried by context variables."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from noria.core.states import set_async_probe

if TYPE_CHECKING:
    from noria.engine.execution import FlowExecution
    from noria.engine.runs import FlowRun, TaskRun


class FlowRunContext:
    """What is known while a flow runs.

    Attributes:
        flow: The flow.
        flow_run: Its run.
        parameters: The validated parameters.
        task_runner: Runs what the flow submits.
        execution: The engine's side of the run.
    """

    __slots__ = ("execution", "flow", "flow_run", "log_prints", "parameters")

    def __init__(
        self, flow: Any, flow_run: FlowRun, parameters: dict[str, Any], execution: FlowExecution
    ) -> None:
        self.flow = flow
        self.flow_run = flow_run
        self.parameters = parameters
        self.execution = execution
        self.log_prints = False

    @property
    def task_runner(self) -> Any:
        """Runs what the flow submits."""
        return self.execution.runner

    @classmethod
    def get(cls) -> FlowRunContext | None:
        """The context of the innermost flow run; None outside flows."""
        return flow_context.get()


class TaskRunContext:
    """What is known while a task runs.

    Attributes:
        task: The task.
        task_run: Its run.
        parameters: The parameters, futures resolved.
    """

    __slots__ = ("flow_context", "log_prints", "parameters", "task", "task_run")

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

    @classmethod
    def get(cls) -> TaskRunContext | None:
        """The context of the innermost task run; None outside tasks."""
        return task_context.get()


flow_context: ContextVar[FlowRunContext | None] = ContextVar("noria_flow", default=None)
task_context: ContextVar[TaskRunContext | None] = ContextVar("noria_task", default=None)
current_tags: ContextVar[frozenset[str]] = ContextVar("noria_tags", default=frozenset())


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
