"""In a child: tasks and values from bytes, and results to bytes."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from types import FunctionType, ModuleType
from typing import Any, Protocol

from noria.core.errors import SerializationError
from noria.engine.processes.messages import MOST_TASKS, TaskByName, TaskByValue
from noria.engine.processes.names import import_name
from noria.values.pickling import why_unpicklable


class Asks(Protocol):
    """Whoever knows the names that cannot be imported here."""

    def ask(self, what: str, *content: Any) -> Any: ...


class Receiver:
    """Loads what was sent, and pickles what goes back.

    Parameters:
        home: Is asked for what cannot be imported here.
        scripts: Modules that must not be imported; for each an empty one stands here, into which
            their definitions are put as they become known.
        main_file: The file of the script.
    """

    def __init__(self, home: Asks, scripts: Iterable[str], main_file: str | None) -> None:
        self._home = home
        self._tasks: dict[bytes, Any] = {}
        self._blobs: dict[bytes, bytes] = {}
        """Of tasks that could not be loaded so far: they are sent once."""
        self._scripts: dict[str, ModuleType] = {}
        for name in scripts:
            self._stand_in(name).__dict__["__file__"] = main_file

    def task(self, where: TaskByName | TaskByValue) -> Any:
        """The task of an order."""
        if isinstance(where, TaskByName):
            return self.find(where.module, where.qualified_name)
        if where.blob is not None:
            if len(self._tasks) + len(self._blobs) >= MOST_TASKS:
                self._tasks.clear()
                self._blobs.clear()
            self._blobs[where.digest] = where.blob
        task = self._tasks.get(where.digest)
        if task is None:
            task = self._tasks[where.digest] = self.loads(self._blobs[where.digest])
            del self._blobs[where.digest]
            self._adopt(task.fn)
        return task

    def loads(self, blob: bytes) -> Any:
        """The value of a pickle."""
        return _Unpickler(BytesIO(blob), self).load()

    def dumps(self, value: object, name: str) -> bytes:
        """The pickle of a value.

        Parameters:
            name: What it is called in an error message.

        Raises:
            SerializationError: It cannot be pickled; names the part at fault.
        """
        try:
            return pickle.dumps(value, 5)
        except Exception:  # noqa: BLE001 - pickle fails in many ways; cloudpickle has the last word
            try:
                import cloudpickle

                blob: bytes = cloudpickle.dumps(value, 5)
            except Exception as error:
                raise SerializationError(why_unpicklable(value, name)) from error
            return blob

    def find(self, module_name: str, qualified_name: str) -> Any:
        """What a module defines under a dotted name, imported or asked for."""
        if module_name not in self._scripts:
            try:
                return import_name(module_name, qualified_name)
            except ModuleNotFoundError as exc:
                if exc.name is None or not f"{module_name}.".startswith(f"{exc.name}."):
                    raise
                self._stand_in(module_name)
        module = self._scripts[module_name]
        first = qualified_name.partition(".")[0]
        if not hasattr(module, first):
            found = self.loads(self._home.ask("define", module_name, first))
            setattr(module, first, found)
            self._adopt(found)
        return import_name(module_name, qualified_name)

    def _stand_in(self, module_name: str) -> ModuleType:
        module = self._scripts[module_name] = sys.modules[module_name] = ModuleType(module_name)
        return module

    def _adopt(self, definition: Any) -> None:
        """Put what a definition brought along where pickle looks for it: a result can then refer
        to the script's classes by name, and is at home an instance of the very same class."""
        for namespace in _namespaces(definition):
            for name, value in list(namespace.items()):
                module = self._scripts.get(getattr(value, "__module__", None) or "")
                if (
                    module is not None
                    and isinstance(value, type | FunctionType)
                    and value.__qualname__ == name
                    and not hasattr(module, name)
                ):
                    setattr(module, name, value)


def _namespaces(definition: Any) -> Iterator[dict[str, Any]]:
    while hasattr(definition, "__func__") or hasattr(definition, "func"):
        definition = getattr(definition, "__func__", None) or definition.func
    if isinstance(definition, FunctionType):
        yield definition.__globals__
    elif isinstance(definition, type):
        for member in vars(definition).values():
            if isinstance(member, FunctionType):
                yield member.__globals__


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, receiver: Receiver) -> None:
        super().__init__(file)
        self._receiver = receiver

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name in sys.modules and module_name not in self._receiver._scripts:
            return super().find_class(module_name, global_name)
        return self._receiver.find(module_name, global_name)
