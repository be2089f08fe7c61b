"""What kind of callable the user gave, found out without `inspect`."""

from __future__ import annotations

import functools
import os
from types import CodeType, FunctionType, MethodType
from typing import Any

from noria.core.hashing import blake2b

_GENERATOR = 0x20
_COROUTINE = 0x80
_ASYNC_GENERATOR = 0x200


def code_of(fn: Any) -> CodeType | None:
    """The code that a call of `fn` itself executes (of a wrapper, not of what it wraps)."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    if isinstance(fn, MethodType):
        fn = fn.__func__
    if not isinstance(fn, FunctionType):
        fn = getattr(type(fn), "__call__", None)  # noqa: B004 - its code is what is wanted
    return getattr(fn, "__code__", None)


def is_async(fn: Any) -> bool:
    """Whether calling `fn` gives a coroutine or an async generator."""
    code = code_of(fn)
    return code is not None and bool(code.co_flags & (_COROUTINE | _ASYNC_GENERATOR))


def is_generator(fn: Any) -> bool:
    """Whether calling `fn` gives a generator, sync or async."""
    code = code_of(fn)
    return code is not None and bool(code.co_flags & (_GENERATOR | _ASYNC_GENERATOR))


def name_of(fn: Any) -> str:
    """The function's name; the type's for a callable that has none."""
    name = getattr(fn, "__name__", None)
    return name if isinstance(name, str) else type(fn).__name__


def qualname_of(fn: Any) -> str:
    """The function's qualified name, without its module."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    name = getattr(fn, "__qualname__", None)
    return name if isinstance(name, str) else type(fn).__qualname__


def code_digest(fn: Any) -> str:
    """Eight hex digits that change when the function's code does."""
    unwrapped = fn
    while hasattr(unwrapped, "__wrapped__"):
        unwrapped = unwrapped.__wrapped__
    code = code_of(unwrapped)
    if code is None:
        return "unknown"
    seen = blake2b(digest_size=4)
    _feed(seen, code)
    return seen.hexdigest()


def _feed(seen: Any, code: CodeType) -> None:
    seen.update(code.co_code)
    seen.update(repr(code.co_names).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _feed(seen, constant)
        elif isinstance(constant, frozenset):
            seen.update(repr(sorted(map(repr, constant))).encode())
        else:
            seen.update(repr(constant).encode())


def source_file(fn: Any) -> str | None:
    """The file that the function is written in; None for code typed at a prompt."""
    unwrapped = fn
    while hasattr(unwrapped, "__wrapped__"):
        unwrapped = unwrapped.__wrapped__
    code = code_of(unwrapped)
    if code is None or code.co_filename.startswith("<"):
        return None
    return os.path.abspath(code.co_filename)


def take_metadata(wrapper: Any, fn: Any) -> None:
    """Give `wrapper` the function's name, module, docstring and `__wrapped__`."""
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        if hasattr(fn, attribute):
            setattr(wrapper, attribute, getattr(fn, attribute))
    wrapper.__dict__.update(getattr(fn, "__dict__", {}))
    wrapper.__wrapped__ = fn


def docstring(fn: Any) -> str | None:
    """The docstring without its indentation."""
    text = getattr(fn, "__doc__", None)
    if not isinstance(text, str):
        return None
    lines = text.expandtabs().splitlines()
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    cleaned = [lines[0].lstrip()] if lines else []
    cleaned += [line[margin:] for line in lines[1:]]
    while cleaned and not cleaned[-1].strip():
        cleaned.pop()
    while cleaned and not cleaned[0].strip():
        cleaned.pop(0)
    return "\n".join(line.rstrip() for line in cleaned)
