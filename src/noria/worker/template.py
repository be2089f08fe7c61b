"""Importing a flow's file once for many runs: what must hold so that the process can be forked.

A run is to find what a new process would find. So a process is not forked that holds something
which cannot be shared (a connection, a thread), or that a later import would give other values (the
time, a random number); and a file that it has read must not have changed since.
"""

from __future__ import annotations

import ast
import gc
import os
import random
import sys
import threading
from collections.abc import Iterator
from typing import Any

from noria.core.errors import ScriptError
from noria.loading import load_flow_from_entrypoint
from noria.worker.orders import Order, Ready, Unfit

_TASKS = "/proc/self/task"
PASSING = frozenset(
    {
        "RandomState", "choice", "choices", "default_rng", "gmtime", "localtime", "monotonic",
        "now", "perf_counter", "randint", "random", "sample", "seed", "shuffle", "strftime", "time",
        "time_ns", "today", "urandom", "urlopen", "utcnow", "uuid1", "uuid4",
    }
)  # fmt: skip
"""What gives another value each time that it is called."""


def load(order: Order) -> Any:
    """The flow of an order, in the folder and with the variables that it names.

    Raises:
        MissingFlowError: There is no such flow.
        ScriptError: The code raised while it was loaded.
    """
    os.environ.update(order.environment)
    if order.path is not None:
        os.chdir(order.path)
        sys.path.insert(0, order.path)
    return load_flow_from_entrypoint(order.entrypoint)


def prepare(order: Order) -> tuple[Any, Ready | Unfit]:
    """Import the file of a flow, and judge whether this process may be forked for its runs."""
    before = _descriptors()
    with _Reading() as reading:
        try:
            flow = load(order)
        except ScriptError as error:
            return None, Unfit(str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the next run will say so
            return None, Unfit(str(error))
    if threading.active_count() > 1:
        return None, Unfit("its file starts a thread when it is imported")
    if _keeps_threads():
        return None, Unfit("a library that it imports has threads of its own")
    opened = _descriptors() - before
    if opened:
        return None, Unfit("its file leaves a file or a connection open when it is imported")
    if _holds_generators():
        return None, Unfit("a module has a random number generator of its own")
    own = set(_own_sources(order.path))
    for path in sorted(own):
        name = _passing_call(path)
        if name is not None:
            return None, Unfit(f"{os.path.basename(path)} calls {name}() when it is imported")
    return flow, Ready(stamps(own | reading.files))


def _keeps_threads() -> bool:
    """Whether a library has threads that Python does not know of, and that it does not end before a
    fork, as those for linear algebra do."""
    if not os.path.isdir(_TASKS):
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return len(os.listdir(_TASKS)) > 1


def stamps(paths: set[str]) -> dict[str, list[int]]:
    """Time of change and size of some files; those that are gone are left out."""
    found = {}
    for path in sorted(paths):
        try:
            status = os.stat(path)
        except OSError:
            continue
        found[path] = [status.st_mtime_ns, status.st_size]
    return found


def _descriptors() -> set[str]:
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    found = set()
    for number in os.listdir(folder):
        try:
            found.add(f"{number} {os.readlink(os.path.join(folder, number))}")
        except OSError:
            continue  # The one that has just listed them.
    return found


def _own_sources(folder: str | None) -> Iterator[str]:
    """The sources that were imported and that people write: not those of packages."""
    prefixes = (sys.prefix + os.sep, sys.base_prefix + os.sep)
    inside = None if folder is None else os.path.abspath(folder) + os.sep
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not isinstance(path, str) or not path.endswith(".py"):
            continue
        path = os.path.abspath(path)
        if path.startswith(_NORIA) or "site-packages" in path:
            continue
        if (inside is not None and path.startswith(inside)) or not path.startswith(prefixes):
            yield path


def _holds_generators() -> bool:
    """Whether somebody has made generators of random numbers: forked, all would go on alike."""
    shared = getattr(random, "_inst", None)
    return any(type(found) is random.Random and found is not shared for found in gc.get_objects())


_NORIA = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _passing_call(path: str) -> str | None:
    """The name of a function that a file calls when it is imported and whose value will be another
    the next time."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "attr", None) or getattr(function, "id", None)
            if name in PASSING:
                return str(name)
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [
                *node.decorator_list,
                *node.args.defaults,
                *filter(None, node.args.kw_defaults),
            ]
            continue
        if _is_main_guard(node):
            continue
        waiting += ast.iter_child_nodes(node)
    return None


def _is_main_guard(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


_WRITING = os.O_WRONLY | os.O_RDWR


class _Reading:
    """Notes the files that are read while the block lasts."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self._listens = True

    def __enter__(self) -> _Reading:
        sys.addaudithook(self._hear)
        return self

    def __exit__(self, *_error: object) -> None:
        self._listens = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._listens or event != "open" or not isinstance(arguments[0], str):
            return
        path, mode, flags = arguments
        reads = not flags & _WRITING if mode is None else not set(mode) & set("wax+")
        path = os.path.abspath(path)
        if reads and "site-packages" not in path and not path.endswith(".pyc"):
            self.files.add(path)
