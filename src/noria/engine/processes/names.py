"""Finding things by the names under which they travel."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any


def import_name(module_name: str, qualified_name: str) -> Any:
    """What a module defines under a dotted name; the module is imported if need be.

    Raises:
        ModuleNotFoundError: There is no such module here.
        AttributeError: It defines nothing of that name.
    """
    found: Any = sys.modules.get(module_name) or importlib.import_module(module_name)
    for part in qualified_name.split("."):
        found = getattr(found, part)
    return found


find: Callable[[str, str], Any] = import_name
"""How names are looked up in this process; a child asks the flow's process where it must."""


def marked_at(module_name: str, qualified_name: str) -> Any:
    """The task or flow of that name; what its pickle calls."""
    return find(module_name, qualified_name)


def function_at(module_name: str, qualified_name: str) -> Any:
    """The function of the task or flow of that name; what its pickle calls."""
    return find(module_name, qualified_name).fn
