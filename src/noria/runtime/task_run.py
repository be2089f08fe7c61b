"""Facts of the current task run; None, 0 or empty outside tasks.

`id` is the same whenever the run is executed again after a crash, so it can be an idempotency key.
"""

from __future__ import annotations

from typing import Any

from noria.engine import configuration
from noria.engine.context import TaskRunContext
from noria.engine.links import page_of_task_run
from noria.runtime.overrides import read


def get_id() -> str | None:
    """The run's id."""
    context = TaskRunContext.get()
    return None if context is None else str(context.task_run.id)


def get_tags() -> list[str]:
    """The run's tags."""
    context = TaskRunContext.get()
    return [] if context is None else sorted(context.task_run.tags or ())


def get_run_count() -> int:
    """How many attempts have begun."""
    context = TaskRunContext.get()
    return 0 if context is None else context.task_run.run_count


def get_name() -> str | None:
    """The run's name."""
    context = TaskRunContext.get()
    return None if context is None else context.task_run.name


def get_task_name() -> str | None:
    """The task's name."""
    context = TaskRunContext.get()
    return None if context is None else str(context.task.name)


def get_parameters() -> dict[str, Any]:
    """The run's parameters, futures resolved."""
    context = TaskRunContext.get()
    return {} if context is None else context.parameters


def get_nothing() -> None:
    """What belongs to a server is not known to a run that was simply called."""


def get_ui_url() -> str | None:
    """The run's page; None without NORIA_UI_URL."""
    context = TaskRunContext.get()
    if context is None:
        return None
    return page_of_task_run(configuration.settings(), context.task_run.id)


_GETTERS = {
    "id": get_id,
    "tags": get_tags,
    "name": get_name,
    "parameters": get_parameters,
    "run_count": get_run_count,
    "task_name": get_task_name,
    "api_url": get_nothing,
    "ui_url": get_ui_url,
}

__all__ = list(_GETTERS)


def __getattr__(name: str) -> Any:
    return read("task_run", name, _GETTERS)


def __dir__() -> list[str]:
    return sorted(__all__)
