"""Facts of the current flow run; None, 0 or empty outside runs.

Example:
    >>> from noria import flow
    >>> from noria.runtime import flow_run
    >>> @flow(name="greeting")
    ... def greet():
    ...     return flow_run.flow_name
    >>> greet()
    'greeting'
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from noria.core import clock, ids
from noria.core.jsontext import from_json
from noria.engine import configuration
from noria.engine.context import flow_context
from noria.engine.links import page_of_flow_run
from noria.engine.runs import FlowRun
from noria.engine.session import open_session
from noria.runtime.overrides import read


def _run() -> FlowRun | None:
    context = flow_context.get()
    return None if context is None else context.flow_run


def get_id() -> str | None:
    """The run's id."""
    run = _run()
    return None if run is None else str(run.id)


def get_tags() -> list[str]:
    """The run's tags."""
    run = _run()
    return [] if run is None else list(run.tags)


def get_run_count() -> int:
    """How many attempts have begun."""
    run = _run()
    return 0 if run is None else run.run_count


def get_name() -> str | None:
    """The run's name."""
    run = _run()
    return None if run is None else run.name


def get_flow_name() -> str | None:
    """The flow's name."""
    context = flow_context.get()
    return None if context is None else str(context.flow.name)


def get_flow_version() -> str | None:
    """The flow's version."""
    context = flow_context.get()
    return None if context is None else context.flow.version


def get_scheduled_start_time() -> datetime:
    """When the run was to start; now outside runs."""
    run = _run()
    return clock.to_datetime(clock.now()) if run is None else run.expected_start_time


def get_parameters() -> dict[str, Any]:
    """The run's parameters, validated."""
    context = flow_context.get()
    return {} if context is None else context.parameters


def get_parent_flow_run_id() -> str | None:
    """The id of the run that called this one."""
    run = _run()
    return None if run is None or run.parent_run is None else ids.to_text(run.parent_run)


def get_root_flow_run_id() -> str | None:
    """The id of the outermost run."""
    run = _run()
    return None if run is None else ids.to_text(run.root_run)


def get_nothing() -> None:
    """What belongs to servers is not known."""


def get_job_variables() -> dict[str, Any] | None:
    """What the run was told of its surroundings; None outside runs."""
    run = _run()
    return None if run is None else run.job_variables


def get_parent_deployment_id() -> str | None:
    """The id of the deployment that the run's parent came from."""
    run = _run()
    parent = None if run is None else run.parent_run
    row = None if parent is None else open_session().backend.flow_run(parent)
    settings = {} if row is None or row.settings is None else from_json(row.settings)
    found = settings.get("deployment")
    return None if found is None else ids.to_text(bytes.fromhex(found))


def get_ui_url() -> str | None:
    """The run's page; None without NORIA_UI_URL."""
    run = _run()
    return None if run is None else page_of_flow_run(configuration.settings(), run.id)


_GETTERS = {
    "id": get_id,
    "tags": get_tags,
    "scheduled_start_time": get_scheduled_start_time,
    "name": get_name,
    "flow_name": get_flow_name,
    "flow_version": get_flow_version,
    "parameters": get_parameters,
    "parent_flow_run_id": get_parent_flow_run_id,
    "parent_deployment_id": get_parent_deployment_id,
    "root_flow_run_id": get_root_flow_run_id,
    "run_count": get_run_count,
    "api_url": get_nothing,
    "ui_url": get_ui_url,
    "job_variables": get_job_variables,
}

__all__ = list(_GETTERS)


def __getattr__(name: str) -> Any:
    return read("flow_run", name, _GETTERS)


def __dir__() -> list[str]:
    return sorted(__all__)
