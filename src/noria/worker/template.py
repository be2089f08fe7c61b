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
from collections.abc import Iterable, Iterator
from typing import Any

from noria.core.errors import ScriptError
from noria.loading import load_flow_from_entrypoint
from noria.worker.orders import Order, Ready, Unfit

_TASKS = "/proc/self/task"
PASSING = frozenset(
    {
        "RandomState", "asctime", "choice", "choices", "ctime", "default_rng", "gauss", "getpid",
        "getrandbits", "gmtime", "localtime", "monotonic", "now", "perf_counter", "rand",
        "randbelow", "randbits", "randint", "randn", "random", "randrange", "sample", "seed",
        "shuffle", "strftime", "time", "time_ns", "today", "token_bytes", "token_hex",
        "token_urlsafe", "tomorrow", "uniform", "urandom", "urlopen", "utcnow", "uuid1", "uuid4",
        "uuid6", "uuid7", "yesterday",
    }
)  # fmt: skip
"""What gives another value each time that it is called."""
_PROGRAMS = "starts a program"
_ELSEWHERE = {
    "os.exec": _PROGRAMS, "os.fork": _PROGRAMS, "os.forkpty": _PROGRAMS,
    "os.posix_spawn": _PROGRAMS, "os.system": _PROGRAMS, "subprocess.Popen": _PROGRAMS,
    "socket.connect": "connects to something",
}  # fmt: skip
"""Events of the interpreter after which a file holds what others have said just then."""
_FOLDERS = ("os.listdir", "os.scandir")
_BUILDERS = ("__init__", "__new__", "__post_init__")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


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
    with _Reading(order.path) as reading:
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
    if reading.elsewhere is not None:
        return None, Unfit(f"its file {reading.elsewhere} when it is imported")
    own = set(_own_sources(order.path))
    passing = passing_call(own)
    if passing is not None:
        path, name = passing
        return None, Unfit(f"{os.path.basename(path)} calls {name}() when it is imported")
    return flow, Ready({path: stamp(path) for path in sorted(own | reading.files)})


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


def stamp(path: str) -> list[int] | None:
    """Time of change and size of a file or a folder; None when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]


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
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and path.endswith(".py") and _is_own(path, folder):
            yield os.path.abspath(path)


def _is_own(path: str, folder: str | None) -> bool:
    path = os.path.abspath(path)
    if path.startswith(_NORIA) or "site-packages" in path:
        return False
    inside = folder is not None and path.startswith(os.path.abspath(folder) + os.sep)
    return inside or not path.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep))


def _holds_generators() -> bool:
    """Whether somebody has made generators of random numbers: forked, all would go on alike."""
    shared = getattr(random, "_inst", None)
    return any(type(found) is random.Random and found is not shared for found in gc.get_objects())


_NORIA = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def passing_call(paths: Iterable[str]) -> tuple[str, str] | None:
    """A file, and the name of a function that it calls when it is imported and whose value will be
    another the next time.

    Calls of functions and classes that the files define are followed, by name alone: rather is a
    file imported too often than not often enough.
    """
    trees = {path: _tree(path) for path in sorted(paths)}
    defined: dict[str, list[ast.stmt]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, _Function) and not _is_flow(node):
                defined.setdefault(node.name, []).extend(node.body)
            if isinstance(node, ast.ClassDef):
                defined.setdefault(node.name, []).extend(_builders(node))
    for path, tree in trees.items():
        name = _first_passing(tree, dict(defined))
        if name is not None:
            return path, name
    return None


def _tree(path: str) -> ast.Module:
    try:
        with open(path, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def _first_passing(tree: ast.Module, defined: dict[str, list[ast.stmt]]) -> str | None:
    """The first such call; what is followed is taken out of `defined`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        called = [node.func] if isinstance(node, ast.Call) else getattr(node, "decorator_list", [])
        for name in filter(None, map(_name, called)):
            if name in PASSING:
                return name
            waiting += defined.pop(name, [])
        if not _is_main_guard(node):
            waiting += _executed(node)
    return None


def _executed(node: ast.AST) -> Iterable[ast.AST]:
    """What is executed within a node when it is."""
    if isinstance(node, ast.Lambda):
        return []
    if isinstance(node, _Function):
        arguments = node.args
        return [*node.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)]
    return ast.iter_child_nodes(node)


def _name(node: ast.AST) -> str | None:
    found = getattr(node, "attr", None) or getattr(node, "id", None)
    return None if found is None else str(found)


def _is_flow(node: _Function) -> bool:
    """Whether calling it while the file is imported does nothing."""
    decorators = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return any(_name(each) == "flow" for each in decorators)


def _builders(node: ast.ClassDef) -> list[ast.stmt]:
    """What is executed when an object of a class is made."""
    return [
        statement
        for method in node.body
        if isinstance(method, _Function) and method.name in _BUILDERS
        for statement in method.body
    ]


def _is_main_guard(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


_WRITING = os.O_WRONLY | os.O_RDWR


class _Reading:
    """Notes what is read while the block lasts.

    Parameters:
        folder: Where the sources are that people write.
    """

    def __init__(self, folder: str | None) -> None:
        self.files: set[str] = set()
        """Files and folders; some of them may not be there, and be made later."""
        self.elsewhere: str | None = None
        """Where else something was asked."""
        self._folder = folder
        self._listens = True

    def __enter__(self) -> _Reading:
        sys.addaudithook(self._hear)
        return self

    def __exit__(self, *_error: object) -> None:
        self._listens = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._listens:
            return
        if event == "open":
            self._hear_of_file(*arguments)
        elif event in _FOLDERS and self._is_for_own():
            self._note(arguments[0] or os.curdir)
        elif event in _ELSEWHERE and self._is_for_own():
            self.elsewhere = _ELSEWHERE[event]

    def _hear_of_file(self, path: Any, mode: str | None, flags: int) -> None:
        reads = not flags & _WRITING if mode is None else not set(mode) & set("wax+")
        if reads and isinstance(path, str) and not path.endswith(".pyc"):
            self._note(path)

    def _note(self, path: Any) -> None:
        if not isinstance(path, str | os.PathLike):
            return
        path = os.fspath(path)
        if isinstance(path, str) and "site-packages" not in (path := os.path.abspath(path)):
            self.files.add(path)

    def _is_for_own(self) -> bool:
        """Whether it is done for a file that people write, when that is imported: packages have
        their own business, and so has the import."""
        frame = sys._getframe(2)
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return False
        while frame.f_code.co_name != "<module>":
            if frame.f_back is None:
                return False
            frame = frame.f_back
        return _is_own(frame.f_code.co_filename, self._folder)
