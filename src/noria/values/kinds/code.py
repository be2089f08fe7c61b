"""Functions, methods, classes, modules: by name, and by the code that would run.

Bytecode rather than source text: it is what runs (a file may have been edited since), needs no
file, and does not change with a comment or a line that moved.
"""

from __future__ import annotations

from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from noria.values.scripts import lasting_name
from noria.values.walk import Walk, node, reference, scalar


def code_object(value: CodeType, walk: Walk) -> bytes:
    """What a code object does, wherever it was compiled."""
    shape = (
        value.co_name,
        value.co_code,
        value.co_exceptiontable,
        value.co_argcount,
        value.co_posonlyargcount,
        value.co_kwonlyargcount,
        value.co_flags,
    )
    names = (value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars)
    return node("code", scalar(shape), scalar(names), walk.encode(value.co_consts))


def function(value: FunctionType, walk: Walk) -> bytes:
    """A function: name, code, defaults and what it closes over."""
    names = value.__code__.co_freevars
    cells = value.__closure__ or ()
    return node(
        "function",
        reference(value),
        walk.encode(value.__code__),
        walk.part(value.__defaults__, ".__defaults__"),
        walk.part(value.__kwdefaults__, ".__kwdefaults__"),
        *(walk.part(c, f".__closure__[{name!r}]") for name, c in zip(names, cells, strict=True)),
    )


def cell(value: CellType, walk: Walk) -> bytes:
    """A variable that a function closes over."""
    try:
        content = value.cell_contents
    except ValueError:
        return node("empty cell")
    return node("cell", walk.encode(content))


def method(value: MethodType, walk: Walk) -> bytes:
    """A bound method: its function, and the object it is bound to."""
    return node("method", walk.encode(value.__func__), walk.part(value.__self__, ".__self__"))


def builtin(value: BuiltinFunctionType, walk: Walk) -> bytes:
    """A function written in C; bound to an object, that object counts."""
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        return node("builtin", reference(value))
    return node("builtin of", scalar(value.__name__), walk.part(owner, ".__self__"))


def caching_function(value: Any, walk: Walk) -> bytes:
    """A function under `functools.cache`: what it has cached does not count."""
    return node("cached", walk.part(value.__wrapped__, ".__wrapped__"))


def partial(value: Any, walk: Walk) -> bytes:
    """A partial: the function and the arguments it holds."""
    return node(
        "partial",
        reference(type(value)),
        walk.part(value.func, ".func"),
        walk.part(value.args, ".args"),
        walk.part(value.keywords, ".keywords"),
    )


def cls(value: type, walk: Walk) -> bytes:
    """A class: its name, its bases' names and the code of its own methods."""
    bodies = sorted(
        (name, member.__code__)
        for name, member in vars(value).items()
        if isinstance(member, FunctionType)
    )
    bases = [reference(base) for base in value.__bases__]
    methods = [walk.encode(body) for _, body in bodies]
    return node("class", reference(value), node("bases", *bases), *methods)


def module(value: ModuleType, walk: Walk) -> bytes:
    """A module: its name."""
    return node("module", scalar(lasting_name(value.__name__)))
