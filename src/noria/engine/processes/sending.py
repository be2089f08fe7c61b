"""From the flow's process to a child: tasks and arguments as bytes.

What can be imported travels by name. What the script itself defines travels by value: a child never
executes the script, so one without `if __name__ == "__main__"` is safe. Instances of the script's
classes are sent with the names of these; the child asks once for each class it has not met.
"""

from __future__ import annotations

import copy
import functools
import pickle
import sys
import threading
import weakref
from io import BytesIO
from types import FunctionType, MethodType
from typing import Any

from noria.core.errors import SerializationError
from noria.core.hashing import blake2b
from noria.engine.marked import Marked
from noria.engine.processes import names
from noria.engine.processes.messages import TaskByName, TaskByValue
from noria.values.pickling import why_unpicklable
from noria.values.scripts import is_script

_PROTOCOL = 5
_by_value_modules: set[str] = set()
"""Modules that a child cannot or must not import, the script aside."""


class Sender:
    """Makes tasks and arguments fit to travel; a task is pickled once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pickled: weakref.WeakKeyDictionary[Any, TaskByValue] = weakref.WeakKeyDictionary()

    def task(self, task: Any) -> TaskByName | TaskByValue:
        """How a child finds a task.

        Raises:
            SerializationError: It cannot be pickled; names the part at fault.
        """
        place = _place_of(task)
        if place is not None:
            return TaskByName(*place)
        with self._lock:
            found = self._pickled.get(task)
            if found is None:
                blob = self._pickle_task(task)
                digest = blake2b(blob, digest_size=16).digest()
                found = self._pickled[task] = TaskByValue(digest, blob)
        return found

    @staticmethod
    def _pickle_task(task: Any) -> bytes:
        try:
            return _by_value(task)
        except Exception:  # noqa: BLE001 - what is at fault may not be needed there
            bare = _without_what_stays(task)
        try:
            return _by_value(bare)
        except Exception as error:
            why = why_unpicklable(task.fn, task.name)
            if not why.startswith(f"{task.name}."):
                why = why_unpicklable(task, task.name)
            raise SerializationError(
                f"Task {task.name!r} cannot be sent to another process: {why}"
            ) from error

    @staticmethod
    def arguments(task: Any, parameters: dict[str, Any]) -> bytes:
        """The pickle of a call's parameters.

        Raises:
            SerializationError: One cannot be pickled; names the part at fault.
        """
        try:
            return pickle.dumps(parameters, _PROTOCOL)
        except Exception:  # noqa: BLE001 - pickle fails in many ways; cloudpickle has the last word
            try:
                return _by_value(parameters)
            except Exception as error:
                why = why_unpicklable(parameters, "parameters")
                raise SerializationError(
                    f"Task {task.name!r} cannot be run in another process: {why}"
                ) from error

    def define(self, module_name: str, name: str) -> bytes:
        """The pickle of what a module here defines, by value, for a child that cannot import it.

        Raises:
            SerializationError: It cannot be pickled, or is not there.
        """
        module = sys.modules.get(module_name)
        if module is None or not hasattr(module, name):
            raise SerializationError(
                f"{module_name}.{name} cannot be sent to another process: it cannot be imported "
                "there, and is not defined here."
            )
        value = getattr(module, name)
        try:
            with self._lock:
                _send_by_value(module_name)
                return _by_value(value)
        except Exception as error:
            why = why_unpicklable(value, f"{module_name}.{name}")
            raise SerializationError(f"It cannot be sent to another process: {why}") from error


def _without_what_stays(task: Any) -> Any:
    """The task without those hooks, conditions and the like that cannot be pickled: they are called
    in the flow's process."""
    bare = copy.copy(task)
    for name, value in vars(task).items():
        if name not in ("fn", "spec", "__wrapped__"):
            try:
                _by_value(value)
            except Exception:  # noqa: BLE001 - it stays
                setattr(bare, name, {} if isinstance(value, dict) else None)
    return bare


def dumps_by_value(value: object, name: str) -> bytes:
    """The pickle of any value, what the script defines in it by value.

    Raises:
        SerializationError: It cannot be pickled; names the part at fault.
    """
    try:
        return _by_value(value)
    except Exception as error:
        raise SerializationError(why_unpicklable(value, name)) from error


def _by_value(value: object) -> bytes:
    written = BytesIO()
    _pickler()(written, _PROTOCOL).dump(value)
    return written.getvalue()


def _place_of(marked: Any) -> tuple[str, str] | None:
    """Where a task or flow can be imported from; None when it cannot."""
    name = getattr(marked, "__qualname__", None)
    module_name = getattr(marked, "__module__", None)
    if name is None or module_name is None:
        return None
    if is_script(module_name):
        _send_by_value(module_name)
    if not _goes_by_name(module_name):
        return None
    return (module_name, name) if _at(module_name, name) is marked else None


def _at(module_name: str, name: str) -> Any:
    if module_name not in sys.modules:
        return None
    try:
        return names.import_name(module_name, name)
    except AttributeError:
        return None


def _send_by_value(module_name: str) -> None:
    """Let cloudpickle treat a module like the `__main__` of a script."""
    module = sys.modules.get(module_name)
    if module is not None and _goes_by_name(module_name):
        import cloudpickle

        cloudpickle.register_pickle_by_value(module)
        _by_value_modules.add(module_name)


def _goes_by_name(module_name: str) -> bool:
    return module_name != "__main__" and module_name not in _by_value_modules


@functools.cache
def _pickler() -> Any:
    """A pickler that also knows tasks and flows, and what hides behind them."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, Marked):
                place = _place_of(value)
                return NotImplemented if place is None else (names.marked_at, place)
            if isinstance(value, MethodType):
                # Its name in the class is that of the task around it.
                return MethodType, (value.__func__, value.__self__)
            if isinstance(value, FunctionType) and _goes_by_name(value.__module__):
                marked = _at(value.__module__, value.__qualname__)
                if isinstance(marked, Marked) and marked.fn is value:
                    return names.function_at, (value.__module__, value.__qualname__)
            return super().reducer_override(value)

    return Pickler
