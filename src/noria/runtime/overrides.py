"""Values that the environment gives instead of a run's, for trying code outside runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_MISSING = object()


def read(noun: str, name: str, getters: dict[str, Callable[[], Any]]) -> Any:
    """The value of an attribute.

    `NORIA__RUNTIME__FLOW_RUN__NAME=x` stands in for `runtime.flow_run.name`.

    Raises:
        AttributeError: There is no attribute of that name.
    """
    variable = f"__RUNTIME__{noun.upper()}__{name.upper()}"
    given = os.environ.get("NORIA" + variable, os.environ.get("PREFECT" + variable, _MISSING))
    if name not in getters:
        if given is not _MISSING:
            return given
        raise AttributeError(f"noria.runtime.{noun} has no attribute {name!r}")
    value = getters[name]()
    return value if given is _MISSING else _converted(value, given)


def _converted(value: Any, given: Any) -> Any:
    if isinstance(value, bool):
        return str(given).lower() in ("1", "true", "yes")
    if isinstance(value, int):
        return int(given)
    if isinstance(value, list):
        return [part.strip() for part in str(given).split(",")]
    return given
