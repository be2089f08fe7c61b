"""Things by their dotted name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from noria.values.scripts import find_in_scripts, script_names


def qualified_name(thing: Any) -> str:
    """The dotted name of a class, function or module."""
    if not hasattr(thing, "__qualname__"):
        return str(thing.__name__)
    return f"{thing.__module__}.{thing.__qualname__}"


def from_qualified_name(name: str) -> Any:
    """What a dotted name stands for: a module, or something in one, nested to any depth.

    Raises:
        ImportError: There is no such module.
        AttributeError: The module has no such attribute.

    >>> from_qualified_name("collections.OrderedDict.fromkeys").__name__
    'fromkeys'
    """
    head, _, rest = name.partition(".")
    if head in script_names() and rest:
        try:
            return find_in_scripts(head, rest)
        except AttributeError:
            pass
    found, parts = _longest_module(name)
    for part in parts:
        found = getattr(found, part)
    return found


def _longest_module(name: str) -> tuple[Any, list[str]]:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ".".join(parts[:length])
        try:
            return import_module(path), parts[length:]
        except ModuleNotFoundError as error:
            # A module that exists but lacks one of its own imports says so itself.
            if error.name is None or not (path == error.name or path.startswith(error.name + ".")):
                raise
    raise ModuleNotFoundError(f"No module named {parts[0]!r}", name=parts[0])
