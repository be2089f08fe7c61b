"""Signatures without `inspect`: how a call's arguments become named parameters, and back.

A function is looked at once, when it is decorated; `bind` is then a dictionary built from two
tuples. `inspect` is imported for the wording of an error, so a program whose calls fit never pays
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from noria.core.errors import ParameterBindError, ReservedArgumentError, SignatureMismatchError
from noria.core.previews import preview
from noria.core.signatures import Shape, positions_taken, resolved_annotations, shape_of

Call = tuple[tuple[Any, ...], dict[str, Any]]

RESERVED = ("return_state", "wait_for")


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

    def __init__(self, fn: Callable[..., Any], shape: Shape) -> None:
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
        self._limit = positions_taken(fn, len(self._positions))
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
        return cls(fn, shape_of(fn))

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
            found, complete = resolved_annotations(self.fn, self.names)
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
