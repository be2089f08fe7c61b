"""Facts of the deployment that the current run came from; None for a run that was simply called."""

from __future__ import annotations

from typing import Any

from noria.runtime import flow_run
from noria.runtime.overrides import read


def get_nothing() -> None:
    """A run that was simply called has no deployment."""


def get_parameters() -> dict[str, Any]:
    """The deployment's parameters."""
    return {}


_GETTERS = {
    "id": get_nothing,
    "flow_run_id": flow_run.get_id,
    "name": get_nothing,
    "parameters": get_parameters,
    "version": get_nothing,
}

__all__ = list(_GETTERS)


def __getattr__(name: str) -> Any:
    return read("deployment", name, _GETTERS)


def __dir__() -> list[str]:
    return sorted(__all__)
