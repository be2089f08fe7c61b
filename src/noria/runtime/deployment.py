"""Facts of the deployment that the current run came from; None for a run that was simply called."""

from __future__ import annotations

from typing import Any

from noria.core.jsontext import from_json
from noria.engine.context import flow_context
from noria.engine.session import open_session
from noria.runtime import flow_run
from noria.runtime.overrides import read


def get_id() -> str | None:
    """The deployment's id."""
    context = flow_context.get()
    found = None if context is None else context.flow_run.deployment_id
    return None if found is None else str(found)


def get_name() -> str | None:
    """The deployment's name."""
    name: str | None = _of_spec("name")
    return name


def get_version() -> str | None:
    """The deployment's version."""
    version: str | None = _of_spec("version")
    return version


def get_parameters() -> dict[str, Any]:
    """What the deployment, its schedule and who asked for the run said; not the flow's defaults."""
    context = flow_context.get()
    return {} if context is None else context.flow_run.given_parameters


def _of_spec(field: str) -> Any:
    context = flow_context.get()
    found = None if context is None else context.flow_run.deployment_id
    row = None if found is None else open_session().backend.deployment(found.bytes)
    return None if row is None else from_json(row.spec).get(field)


_GETTERS = {
    "id": get_id,
    "flow_run_id": flow_run.get_id,
    "name": get_name,
    "parameters": get_parameters,
    "version": get_version,
}

__all__ = list(_GETTERS)


def __getattr__(name: str) -> Any:
    return read("deployment", name, _GETTERS)


def __dir__() -> list[str]:
    return sorted(__all__)
