"""What a callable says of its own parameters: from its code object, as `inspect` would say it.

`inspect` itself is imported for what has no code object: builtins, classes, signatures set by hand.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

# Bits of `co_flags`, as `inspect` names them.
_VARARGS = 0x04
_VARKEYWORDS = 0x08


class Shape(NamedTuple):
    """A signature as plain data, the form in which partials and methods are worked out."""

    positional_only: tuple[str, ...]
    positional: tuple[str, ...]
    """By position or by keyword."""
    var_positional: str | None
    keyword_only: tuple[str, ...]
    var_keyword: str | None
    defaults: dict[str, Any]


def shape_of(fn: Any) -> Shape:
    """The signature of any callable."""
    if hasattr(fn, "__signature__"):
        return _inspected(fn)
    if isinstance(fn, types.FunctionType):
        return shape_of(fn.__wrapped__) if hasattr(fn, "__wrapped__") else _function_shape(fn)
    if isinstance(fn, types.MethodType):
        return _without_first(shape_of(fn.__func__))
    if isinstance(fn, staticmethod):
        return shape_of(fn.__func__)
    if isinstance(fn, functools.partial):
        return _partial_shape(shape_of(fn.func), fn.args, fn.keywords) or _inspected(fn)
    if not _has_written_call(fn):
        return _inspected(fn)
    return _without_first(shape_of(type(fn).__call__))


def _has_written_call(fn: Any) -> bool:
    """Whether `fn` is an object whose class defines `__call__` in Python."""
    if isinstance(fn, type) or hasattr(fn, "__wrapped__") or not callable(fn):
        return False
    return isinstance(type(fn).__call__, types.FunctionType)


def _function_shape(fn: types.FunctionType) -> Shape:
    code = fn.__code__
    names = code.co_varnames
    count, only = code.co_argcount, code.co_posonlyargcount
    keywords = names[count : count + code.co_kwonlyargcount]
    rest = list(names[count + len(keywords) :])
    var_positional = rest.pop(0) if code.co_flags & _VARARGS else None
    var_keyword = rest.pop(0) if code.co_flags & _VARKEYWORDS else None
    values = fn.__defaults__ or ()
    defaults: dict[str, Any] = dict(zip(names[count - len(values) : count], values, strict=True))
    for name in keywords:
        if fn.__kwdefaults__ and name in fn.__kwdefaults__:
            defaults[name] = fn.__kwdefaults__[name]
    return Shape(names[:only], names[only:count], var_positional, keywords, var_keyword, defaults)


def _without_first(shape: Shape) -> Shape:
    """What remains when the first positional argument is given, as a bound method does."""
    if shape.positional_only:
        first, shape = (
            shape.positional_only[0],
            shape._replace(positional_only=shape.positional_only[1:]),
        )
    elif shape.positional:
        first, shape = shape.positional[0], shape._replace(positional=shape.positional[1:])
    elif shape.var_positional:
        return shape
    else:
        raise ValueError("invalid method signature")
    return shape._replace(defaults={k: v for k, v in shape.defaults.items() if k != first})


def _partial_shape(shape: Shape, args: Sequence[Any], keywords: Mapping[str, Any]) -> Shape | None:
    """What remains after `functools.partial`; None when it is not for us to say."""
    row = shape.positional_only + shape.positional
    if keywords.keys() & {*shape.positional_only, *row[: len(args)]} or len(args) > len(row):
        return None
    for _ in args:
        shape = _without_first(shape)
    if not keywords:
        return shape
    # A keyword given to a partial can be given anew, but only by keyword, and so all after it.
    cut = next((n for n, name in enumerate(shape.positional) if name in keywords), None)
    moved = shape.positional[cut:] if cut is not None else ()
    known = (*shape.positional, *shape.keyword_only)
    if shape.var_keyword is None and not keywords.keys() <= set(known):
        return None
    return shape._replace(
        positional=shape.positional[:cut] if cut is not None else shape.positional,
        keyword_only=(*moved, *shape.keyword_only),
        var_positional=None if cut is not None else shape.var_positional,
        defaults=shape.defaults | {k: v for k, v in keywords.items() if k in known},
    )


def _inspected(fn: Any) -> Shape:
    """The signature that `inspect` finds, where a code object does not tell it."""
    import inspect

    kinds: dict[Any, list[str]] = {kind: [] for kind in inspect._ParameterKind}
    defaults: dict[str, Any] = {}
    for parameter in inspect.signature(fn).parameters.values():
        kinds[parameter.kind].append(parameter.name)
        if parameter.default is not parameter.empty:
            defaults[parameter.name] = parameter.default
    of = inspect.Parameter
    return Shape(
        tuple(kinds[of.POSITIONAL_ONLY]),
        tuple(kinds[of.POSITIONAL_OR_KEYWORD]),
        next(iter(kinds[of.VAR_POSITIONAL]), None),
        tuple(kinds[of.KEYWORD_ONLY]),
        next(iter(kinds[of.VAR_KEYWORD]), None),
        defaults,
    )


def positions_taken(fn: Any, count: int) -> int:
    """How many arguments the outermost wrapper takes by position.

    A wrapper shows the signature of what it wraps, but may itself take keywords only.
    """
    bound = 0
    while isinstance(fn, functools.partial):
        fn, bound = fn.func, bound + len(fn.args)
    if isinstance(fn, types.MethodType):
        fn, bound = fn.__func__, bound + 1
    if not isinstance(fn, types.FunctionType) or not hasattr(fn, "__wrapped__"):
        return count
    shape = _function_shape(fn)
    if shape.var_positional or not (shape.var_keyword or shape.keyword_only):
        return count
    return max(0, len(shape.positional_only + shape.positional) - bound)


def resolved_annotations(fn: Any, names: Iterable[str]) -> tuple[dict[str, Any], bool]:
    """The resolved annotations, and whether there are no others."""
    home = _home(fn)
    written = dict(getattr(home, "__annotations__", {}))
    scope = getattr(home, "__globals__", {})
    found: dict[str, Any] = {}
    complete = True
    for name in names:
        if name in written:
            try:
                found[name] = _resolve(name, written[name], scope, _locals(home))
            except Exception:  # noqa: BLE001 - an annotation may be any expression
                complete = False
    return found, complete


def _home(fn: Any) -> Any:
    """The function whose `def` was written, inside its wrappers."""
    while True:
        if isinstance(fn, functools.partial):
            fn = fn.func
        elif hasattr(fn, "__wrapped__"):
            fn = fn.__wrapped__
        elif isinstance(fn, types.MethodType | staticmethod):
            fn = fn.__func__
        elif isinstance(fn, type):
            return fn.__init__  # type: ignore[misc]
        elif isinstance(fn, types.FunctionType) or not _has_written_call(fn):
            return fn
        else:
            fn = type(fn).__call__


def _locals(fn: Any) -> dict[str, Any]:
    """Names that an annotation sees besides the globals: type parameters and the closure."""
    seen = {p.__name__: p for p in getattr(fn, "__type_params__", ())}
    closure = getattr(fn, "__closure__", None) or ()
    for name, cell in zip(fn.__code__.co_freevars, closure, strict=True) if closure else ():
        try:
            seen[name] = cell.cell_contents
        except ValueError:
            continue
    return seen


def _resolve(name: str, annotation: Any, scope: dict[str, Any], seen: dict[str, Any]) -> Any:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation

    def holder() -> None: ...

    holder.__annotations__ = {name: annotation}
    return typing.get_type_hints(holder, scope, seen, include_extras=True)[name]
