"""Exceptions on their way between processes, with their causes and with tracebacks to look at."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any, NamedTuple

from noria.core import tracebacks
from noria.engine.processes.names import import_name

_LONGEST_CHAIN = 10
_MOST_FRAMES = 100
_STUB = compile("raise LookupError", "", "exec")
_NO_POSITIONS = b"\xff" * (len(_STUB.co_code) // 16 + 1)
"""A table of eight instructions a byte that stand nowhere: the line is the traceback's to tell, and
no part of it is underlined."""


class Frame(NamedTuple):
    """One line of a traceback."""

    file: str
    function: str
    line: int


class PackedException(NamedTuple):
    """An exception as it travels."""

    blob: bytes | None
    """Its pickle; None when it has none."""
    module: str
    qualified_name: str
    message: str
    frames: list[Frame]
    cause: PackedException | None
    context: PackedException | None
    suppresses_context: bool


def pack(
    exc: BaseException, dumps: Callable[[object, str], bytes], depth: int = 0
) -> PackedException:
    """Make an exception fit to travel; never raises.

    Parameters:
        exc: The exception.
        dumps: Pickles a value that goes by the given name in error messages.
    """
    try:
        blob: bytes | None = dumps(exc, "exception")
    except Exception:  # noqa: BLE001 - it goes home in other words then
        blob = None
    cause, context = exc.__cause__, exc.__context__
    deeper = depth < _LONGEST_CHAIN
    return PackedException(
        blob,
        type(exc).__module__,
        type(exc).__qualname__,
        tracebacks.message(exc),
        _frames(exc.__traceback__),
        pack(cause, dumps, depth + 1) if cause is not None and deeper else None,
        pack(context, dumps, depth + 1)
        if context is not None and context is not cause and deeper
        else None,
        exc.__suppress_context__,
    )


def unpack(packed: PackedException, loads: Callable[[bytes], Any]) -> BaseException:
    """The exception again: the same object in value, else one of its class with its message, else
    a `RuntimeError` that is called what it was called."""
    exc = _loaded(packed, loads) or _remade(packed)
    exc.__traceback__ = _traceback(packed.frames)
    if packed.cause is not None:
        exc.__cause__ = unpack(packed.cause, loads)
    if packed.context is not None:
        exc.__context__ = unpack(packed.context, loads)
    exc.__suppress_context__ = packed.suppresses_context
    return exc


def _loaded(packed: PackedException, loads: Callable[[bytes], Any]) -> BaseException | None:
    if packed.blob is None:
        return None
    try:
        exc = loads(packed.blob)
    except Exception:  # noqa: BLE001 - its constructor may want other arguments, or its class be gone
        return None
    # One that builds its message from an argument would build it from the message now.
    if isinstance(exc, BaseException) and tracebacks.message(exc) == packed.message:
        return exc
    return None


def _remade(packed: PackedException) -> BaseException:
    kind: Any = None
    if packed.module in sys.modules:
        try:
            kind = import_name(packed.module, packed.qualified_name)
        except AttributeError:
            kind = None
    if isinstance(kind, type) and issubclass(kind, BaseException):
        try:
            exc: BaseException = kind.__new__(kind, packed.message)
            exc.args = (packed.message,)
            if tracebacks.message(exc) == packed.message:
                return exc
        except Exception:  # noqa: BLE001 - the user's class may do anything
            kind = None
    name = packed.qualified_name.rpartition(".")[2]
    stand_in = type(name, (RuntimeError,), {"__module__": packed.module})
    remade: RuntimeError = stand_in(packed.message)
    return remade


def _frames(traceback: types.TracebackType | None) -> list[Frame]:
    found: list[Frame] = []
    while traceback is not None and len(found) < _MOST_FRAMES:
        code = traceback.tb_frame.f_code
        if not tracebacks.is_own(code.co_filename):
            found.append(Frame(code.co_filename, code.co_qualname, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found


def _traceback(frames: list[Frame]) -> types.TracebackType | None:
    """A traceback that reads like the one in the other process, where the real frames were."""
    traceback: types.TracebackType | None = None
    for frame in reversed(frames):
        traceback = types.TracebackType(traceback, _stand_in(frame), 0, frame.line)
    return traceback


def _stand_in(frame: Frame) -> types.FrameType:
    code = _STUB.replace(
        co_filename=frame.file,
        co_name=frame.function.rpartition(".")[2],
        co_qualname=frame.function,
        co_linetable=_NO_POSITIONS,
    )
    try:
        exec(code, {})
    except LookupError as exc:
        traceback = exc.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        assert traceback is not None
        return traceback.tb_frame
    raise AssertionError("the stub raises")
