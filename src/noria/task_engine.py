"""Running a task by call of a function, as programs that embed the engine do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from noria.core.errors import TaskRunTimeoutError
from noria.engine.futures import Future

if TYPE_CHECKING:
    from noria.tasks import Task

__all__ = ["TaskRunTimeoutError", "run_task", "run_task_async", "run_task_sync"]


def run_task(
    task: Task[..., Any],
    parameters: dict[str, Any] | None = None,
    wait_for: Iterable[Future[Any]] | None = None,
    return_type: Literal["state", "result"] = "result",
) -> Any:
    """Run a task.

    Parameters:
        task: The task.
        parameters: Its arguments by parameter name.
        wait_for: Futures that must complete first.
        return_type: `result` for what it returns, `state` for the final state.

    Returns:
        What was asked for; a coroutine of it for an async task, a generator for a generator task.

    Example:
        >>> from noria import task
        >>> @task
        ... def double(x):
        ...     return 2 * x
        >>> run_task(double, parameters={"x": 4})
        8
    """
    args, kwargs = task.spec.to_call(parameters or {})
    call: Any = task
    return call(*args, return_state=return_type == "state", wait_for=wait_for, **kwargs)


run_task_sync = run_task


async def run_task_async(
    task: Task[..., Any],
    parameters: dict[str, Any] | None = None,
    wait_for: Iterable[Future[Any]] | None = None,
    return_type: Literal["state", "result"] = "result",
) -> Any:
    """The same as `run_task` for an async task, awaited."""
    return await run_task(task, parameters, wait_for, return_type)
