"""Pickles of bounded size, and why something cannot be pickled.

Plain pickle does most values and costs nothing to load; what it cannot do (lambdas, local classes,
what a notebook defined) is left to cloudpickle.
"""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from types import FunctionType, MethodType
from typing import Any

from noria.core.errors import SerializationError
from noria.values.scripts import find_in_scripts, main_is_a_file, script_names
from noria.values.walk import SCALARS, type_name

PROTOCOL = 5
_MAIN = b"__main__"
_DEEPEST = 20


class _LimitReachedError(Exception):
    """The pickle grew over its limit."""


class _Writer:
    """Collects what a pickler writes, and stops it as soon as that is more than `limit` bytes."""

    def __init__(self, limit: int | None, keep: bool = True) -> None:
        self._limit = limit
        self._keep = keep
        self._size = 0
        self._chunks: list[bytes] = []

    def write(self, data: Any) -> int:
        """Take a chunk: bytes, or the buffer of an array."""
        view = memoryview(data)
        self._size += view.nbytes
        if self._limit is not None and self._size > self._limit:
            raise _LimitReachedError
        if self._keep:
            self._chunks.append(data if type(data) is bytes else view.tobytes())
        return view.nbytes

    def written(self) -> bytes:
        """All chunks as one."""
        return b"".join(self._chunks)


def dumps(value: object) -> bytes:
    """The pickle of a value.

    Raises:
        SerializationError: It cannot be pickled; the message names the part at fault.
    """
    blob = bounded_dumps(value, None)
    assert blob is not None
    return blob


def bounded_dumps(value: object, limit: int | None, name: str = "result") -> bytes | None:
    """The pickle of a value, or None as soon as it turns out to be larger than `limit` bytes.

    Args:
        value: What to pickle.
        limit: Bytes; None for any number.
        name: What the value is called in an error message.

    Raises:
        SerializationError: It cannot be pickled; the message names the part at fault.

    >>> bounded_dumps([0] * 1000, 100) is None
    True
    """
    try:
        if type(value) in SCALARS:
            return _scalar(value, limit)
        return _bounded(value, limit)
    except _LimitReachedError:
        return None
    except Exception as error:
        raise SerializationError(why_unpicklable(value, name)) from error


def loads(blob: bytes) -> Any:
    """The value of a pickle made by `dumps`."""
    if any(name.encode() in blob for name in script_names()):
        return _ScriptUnpickler(BytesIO(blob)).load()
    return pickle.loads(blob)


class _ScriptUnpickler(pickle.Unpickler):
    """Finds what a script defined, whether it runs here or was loaded from its file."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if module_name in script_names():
            try:
                return find_in_scripts(module_name, global_name)
            except AttributeError:
                pass
        return super().find_class(module_name, global_name)


def _scalar(value: Any, limit: int | None) -> bytes:
    if limit is not None and isinstance(value, str | bytes) and len(value) > limit:
        raise _LimitReachedError
    blob = pickle.dumps(value, PROTOCOL)
    if limit is not None and len(blob) > limit:
        raise _LimitReachedError
    return blob


def _bounded(value: object, limit: int | None) -> bytes:
    try:
        blob = _write(value, limit)
    except _LimitReachedError:
        raise
    except Exception:  # noqa: BLE001 - pickle fails in many ways; cloudpickle has the last word
        return _write(value, limit, by_value=True)
    if _MAIN in blob and not main_is_a_file():
        return _write(value, limit, by_value=True)
    return blob


def _write(value: object, limit: int | None, *, by_value: bool = False, keep: bool = True) -> bytes:
    writer = _Writer(limit, keep)
    if by_value:
        import cloudpickle

        cloudpickle.Pickler(writer, PROTOCOL).dump(value)
    else:
        pickle.Pickler(writer, PROTOCOL).dump(value)
    return writer.written()


def why_unpicklable(value: object, name: str) -> str:
    """One sentence that names the part of a value that cannot be pickled, and why.

    Only for a value whose pickling has failed: it tries the parts one by one.
    """
    path, part, error = name, value, _failure(value)
    if isinstance(error, RecursionError) or isinstance(
        getattr(error, "__cause__", None), RecursionError
    ):
        return f"{name} is nested too deeply to be pickled."
    seen: set[int] = set()
    for _ in range(_DEEPEST):
        deeper = _failing_part(part, seen)
        if deeper is None:
            break
        label, part, error = deeper
        path += label
    return f"{path} is a {type_name(type(part))!r}, which cannot be pickled: {error}"


def _failing_part(value: Any, seen: set[int]) -> tuple[str, Any, Exception] | None:
    for label, part in _parts(value):
        if id(part) in seen:
            continue
        seen.add(id(part))
        error = _failure(part)
        if error is not None:
            return label, part, error
    return None


def _failure(value: object) -> Exception | None:
    try:
        _write(value, None, by_value=True, keep=False)
    except Exception as error:  # noqa: BLE001 - the error is the answer
        return error
    return None


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from (("{…}", part) for part in value)
    elif isinstance(value, MethodType):
        yield ".__self__", value.__self__
    elif isinstance(value, partial):
        yield from ((".func", value.func), (".args", value.args), (".keywords", value.keywords))
    elif isinstance(value, BaseException):
        yield from ((".args", value.args), ("", vars(value)))
    elif isinstance(value, FunctionType):
        yield from _function_parts(value)
    elif not isinstance(value, type):
        yield from _object_parts(value)


def _function_parts(value: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        yield f".__closure__[{name!r}]", cell.cell_contents
    for name in value.__code__.co_names:
        if name in value.__globals__:
            yield f".__globals__[{name!r}]", value.__globals__[name]


def _object_parts(value: Any) -> Iterator[tuple[str, Any]]:
    reducer = copyreg.dispatch_table.get(type(value))
    try:
        made_of = reducer(value) if reducer else value.__reduce_ex__(PROTOCOL)
    except Exception:  # noqa: BLE001 - then the value itself is at fault
        return
    if isinstance(made_of, str):
        return
    _, args, state, elements, pairs = (*made_of, None, None, None)[:5]
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, dict):
            yield from ((f".{name}", content) for name, content in part.items())
        else:
            yield "", part
    yield from (("", arg) for arg in args if arg is not type(value))
    yield from ((f"[{index}]", part) for index, part in enumerate(elements or ()))
    yield from ((f"[{key!r}]", part) for key, part in pairs or ())
