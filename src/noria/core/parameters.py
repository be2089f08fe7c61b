"""Signatures without `inspect`: how a call's arguments become named parameters, and back.

A function is looked at once, when it is decorated; `bind` is then a dictionary built from two
tuples. `inspect` is imported for what has no code object (builtins, classes) and for the wording of
an error, so a program whose calls fit never pays for it.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from noria.core.errors import ParameterBindError, ReservedArgumentError, SignatureMismatchError
from noria.core.previews import preview

Call = tuple[tuple[Any, ...], dict[str, Any]]

RESERVED = ("return_state", "wait_for")

_VARARGS = 0x04
_VARKEYWORDS = 0x08


class _Field(Protocol):
    """What is used of pydantic's `FieldInfo`, which may stand as a default."""

    default: Any
    default_factory: Any

    def is_required(self) -> bool: ...

    def get_default(self, *, call_default_factory: bool) -> Any: ...


class _Shown(NamedTuple):
    """An argument in an error message: its repr, unless that would be long."""

    value: object

    def __repr__(self) -> str:
        return preview(self.value, 200)


class _Shape(NamedTuple):
    """A signature as plain data, the form in which partials and methods are worked out."""

    positional_only: tuple[str, ...]
    positional: tuple[str, ...]
    """By position or by keyword."""
    var_positional: str | None
    keyword_only: tuple[str, ...]
    var_keyword: str | None
    defaults: dict[str, Any]


class ParameterSpec:
    """The parameters of one callable.

    Attributes:
        names: All parameters in the order of the signature, `*args` and `**kwargs` included.
        required: Names without a default.
        positional_only: Names that cannot be given by keyword.
        keyword_only: Names that cannot be given by position.
        var_positional: Name of the `*args` parameter, if any.
        var_keyword: Name of the `**kwargs` parameter, if any.
        defaults: Name -> default; a pydantic `Field` stands as it was written.

    Example:
        >>> def load(path, rows=10): ...
        >>> ParameterSpec.of(load).bind(("a.csv",), {})
        {'path': 'a.csv', 'rows': 10}
    """

    __slots__ = (
        "_annotations",
        "_direct",
        "_fields",
        "_first_default",
        "_limit",
        "_plain",
        "_positions",
        "cache",
        "defaults",
        "fn",
        "keyword_only",
        "names",
        "positional_only",
        "required",
        "var_keyword",
        "var_positional",
    )

    def __init__(self, fn: Callable[..., Any], shape: _Shape) -> None:
        self.fn = fn
        self.positional_only = frozenset(shape.positional_only)
        self.keyword_only = frozenset(shape.keyword_only)
        self.var_positional = shape.var_positional
        self.var_keyword = shape.var_keyword
        self.defaults = shape.defaults
        self._positions = shape.positional_only + shape.positional
        self.names = (
            *self._positions,
            *((shape.var_positional,) if shape.var_positional else ()),
            *shape.keyword_only,
            *((shape.var_keyword,) if shape.var_keyword else ()),
        )
        self._fields: dict[str, _Field] = {
            name: default for name, default in shape.defaults.items() if is_field(default)
        }
        self.required = frozenset(
            name
            for name in (*self._positions, *shape.keyword_only)
            if name not in self.defaults
            or (name in self._fields and self._fields[name].is_required())
        )
        # The fast way covers signatures that positions alone can fill; -1 matches no call.
        plain = len(self.names) == len(self._positions) and not self._fields
        self._plain = len(self._positions) if plain else -1
        optional = [n for n, name in enumerate(self._positions) if name not in self.required]
        self._first_default = optional[0] if plain and optional else len(self._positions)
        self._limit = _positions_taken(fn, len(self._positions))
        self._direct = self._plain if self._limit >= len(self._positions) else -1
        self._annotations: dict[str, Any] | None = None
        self.cache: dict[str, Any] = {}
        """Room for what others work out once per signature, such as validators."""

    @classmethod
    def of(cls, fn: Callable[..., Any]) -> ParameterSpec:
        """The parameters of `fn`, as `inspect.signature` sees them.

        Parameters:
            fn: A function, method, partial, class, builtin or object with `__call__`.

        Raises:
            TypeError: `fn` cannot be called.
            ValueError: `fn` is a builtin that tells no signature.
        """
        return cls(fn, _shape(fn))

    @property
    def has_var_positional(self) -> bool:
        """Whether the function takes `*args`."""
        return self.var_positional is not None

    @property
    def has_var_keyword(self) -> bool:
        """Whether the function takes `**kwargs`."""
        return self.var_keyword is not None

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Name the arguments of a call, with defaults applied, in the order of the signature.

        Returns:
            Name -> value; `*args` stands under its name as a tuple, `**kwargs` as a dict.

        Raises:
            ParameterBindError: The arguments do not fit; says which, and what the signature is.
        """
        if not kwargs:
            given = len(args)
            if given == self._plain:
                return dict(zip(self._positions, args, strict=True))
            if self._first_default <= given < self._plain:
                bound = dict(zip(self._positions, args, strict=False))
                for name in self._positions[given:]:
                    bound[name] = self.defaults[name]
                return bound
        return self._bind(args, dict(kwargs), kwargs)

    def _bind(
        self, args: tuple[Any, ...], left: dict[str, Any], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        positions = self._positions
        bound: dict[str, Any] = dict(zip(positions, args, strict=False))
        if len(args) > len(positions) and self.var_positional is None:
            raise self._misfit("too many positional arguments", args, kwargs)
        for name in positions[len(args) :]:
            if name in left and name not in self.positional_only:
                bound[name] = left.pop(name)
            else:
                bound[name] = self._default(name, args, kwargs)
        if self.var_positional is not None:
            bound[self.var_positional] = args[len(positions) :]
        for name in self.names[len(bound) :]:
            if name != self.var_keyword:
                bound[name] = left.pop(name) if name in left else self._default(name, args, kwargs)
        for name in left:
            self._check_extra(name, args, kwargs)
        if self.var_keyword is not None:
            bound[self.var_keyword] = left
        return bound

    def _check_extra(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Refuse a keyword that no parameter of its own took, unless `**kwargs` may have it."""
        if name in self._positions and name not in self.positional_only:
            raise self._misfit(f"multiple values for argument {name!r}", args, kwargs)
        if self.var_keyword is None:
            raise self._misfit(f"got an unexpected keyword argument {name!r}", args, kwargs)

    def _default(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name in self.required:
            raise self._misfit(f"missing a required argument: {name!r}", args, kwargs)
        return self.default(name)

    def default(self, name: str) -> Any:
        """The default of a parameter; that of a pydantic `Field` is made anew.

        Raises:
            KeyError: The parameter has none.
        """
        field = self._fields.get(name)
        return (
            self.defaults[name] if field is None else field.get_default(call_default_factory=True)
        )

    def _misfit(
        self, reason: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> ParameterBindError:
        import inspect

        try:
            # The running Python words it, so that the message is the one people can look up.
            inspect.signature(self.fn).bind(*args, **kwargs)
            problem = TypeError(reason)
        except TypeError as exc:
            problem = exc
        shown = tuple([_Shown(value) for value in args])
        return ParameterBindError.from_bind_failure(self.fn, problem, shown, kwargs)

    def to_call(self, parameters: Mapping[str, Any]) -> Call:
        """The positional and keyword arguments that hand `parameters` to the function.

        Raises:
            SignatureMismatchError: A name is not a parameter of the function.
            TypeError: `**kwargs` holds the name of a parameter.
        """
        if len(parameters) == self._direct:
            try:
                return tuple([parameters[name] for name in self._positions]), {}
            except KeyError:
                pass
        if not parameters.keys() <= set(self.names):
            raise SignatureMismatchError.from_bad_params(list(self.names), list(parameters))
        rest: tuple[Any, ...] = ()
        if self.var_positional is not None and parameters.get(self.var_positional) is not None:
            rest = tuple(parameters[self.var_positional])
        args, kwargs = self._split(parameters, fill=bool(rest))
        for name in self.names:
            if name in self.keyword_only and name in parameters:
                kwargs[name] = parameters[name]
        extra = parameters.get(self.var_keyword) if self.var_keyword else None
        if extra:
            self._check_overlap(parameters, extra)
            kwargs.update(extra)
        return (*args, *rest), kwargs

    def _split(
        self, parameters: Mapping[str, Any], *, fill: bool
    ) -> tuple[list[Any], dict[str, Any]]:
        """Share out what may go by position; `fill` closes gaps, for what follows by position."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for place, name in enumerate(self._positions):
            by_position = len(args) == place and (fill or place < self._limit)
            if name in parameters:
                if by_position:
                    args.append(parameters[name])
                else:
                    kwargs[name] = parameters[name]
            elif (fill or name in self.positional_only) and name not in self.required:
                args.append(self.default(name))
        return args, kwargs

    def _check_overlap(self, parameters: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        twice = extra.keys() & (parameters.keys() - {self.var_keyword} - self.positional_only)
        if twice:
            name = getattr(self.fn, "__name__", type(self.fn).__name__)
            raise TypeError(
                f"{name}() got multiple values for argument(s): {', '.join(sorted(twice))}"
            )

    @property
    def annotations(self) -> dict[str, Any]:
        """Name -> type, for the annotated parameters whose annotation can be resolved by now.

        Worked out when first asked for; names that cannot be resolved yet are tried again.
        """
        if self._annotations is None:
            found, complete = _annotations(self.fn, self.names)
            if not complete:
                return found
            self._annotations = found
        return self._annotations


def is_field(default: object) -> bool:
    """Whether a default is a pydantic `Field(...)`, told without importing pydantic."""
    cls = type(default)
    return cls.__name__ == "FieldInfo" and cls.__module__ == "pydantic.fields"


def check_reserved(spec: ParameterSpec) -> None:
    """Refuse parameters whose names are options of a flow's or task's call.

    Raises:
        ReservedArgumentError: Names the parameter.
    """
    for name in RESERVED:
        if name in spec.names:
            raise ReservedArgumentError(f"{name!r} is a reserved argument name and cannot be used.")


def _shape(fn: Any) -> _Shape:
    """The signature of any callable."""
    if hasattr(fn, "__signature__"):
        return _inspected(fn)
    if isinstance(fn, types.FunctionType):
        return _shape(fn.__wrapped__) if hasattr(fn, "__wrapped__") else _function_shape(fn)
    if isinstance(fn, types.MethodType):
        return _without_first(_shape(fn.__func__))
    if isinstance(fn, staticmethod):
        return _shape(fn.__func__)
    if isinstance(fn, functools.partial):
        return _partial_shape(_shape(fn.func), fn.args, fn.keywords) or _inspected(fn)
    if not _has_written_call(fn):
        return _inspected(fn)
    return _without_first(_shape(type(fn).__call__))


def _has_written_call(fn: Any) -> bool:
    """Whether `fn` is an object whose class defines `__call__` in Python."""
    if isinstance(fn, type) or hasattr(fn, "__wrapped__") or not callable(fn):
        return False
    return isinstance(type(fn).__call__, types.FunctionType)


def _function_shape(fn: types.FunctionType) -> _Shape:
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
    return _Shape(names[:only], names[only:count], var_positional, keywords, var_keyword, defaults)


def _without_first(shape: _Shape) -> _Shape:
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


def _partial_shape(
    shape: _Shape, args: Sequence[Any], keywords: Mapping[str, Any]
) -> _Shape | None:
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


def _inspected(fn: Any) -> _Shape:
    """The signature that `inspect` finds, where a code object does not tell it."""
    import inspect

    kinds: dict[Any, list[str]] = {kind: [] for kind in inspect._ParameterKind}
    defaults: dict[str, Any] = {}
    for parameter in inspect.signature(fn).parameters.values():
        kinds[parameter.kind].append(parameter.name)
        if parameter.default is not parameter.empty:
            defaults[parameter.name] = parameter.default
    of = inspect.Parameter
    return _Shape(
        tuple(kinds[of.POSITIONAL_ONLY]),
        tuple(kinds[of.POSITIONAL_OR_KEYWORD]),
        next(iter(kinds[of.VAR_POSITIONAL]), None),
        tuple(kinds[of.KEYWORD_ONLY]),
        next(iter(kinds[of.VAR_KEYWORD]), None),
        defaults,
    )


def _positions_taken(fn: Any, count: int) -> int:
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


def _annotations(fn: Any, names: Iterable[str]) -> tuple[dict[str, Any], bool]:
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
