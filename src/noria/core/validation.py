"""Parameters of a flow against its annotations: what fits is left alone, the rest is converted.

The rules are pydantic's, but most values fit as they come. `conforms` sees that by itself, so the
very object given is handed on and pydantic is imported only for a value that needs converting or
that we cannot judge.
"""

from __future__ import annotations

import collections.abc
import datetime
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

from noria.core.errors import ParameterTypeError, SignatureMismatchError
from noria.core.parameters import ParameterSpec, is_field
from noria.core.previews import preview

Check = Callable[[Any], bool]
Problem = tuple[str, list[str], str]
"""A parameter's name, pydantic's lines about it, and our sentence."""

_MISSING: Any = object()
# A subclass of these would be turned into the plain type, as pydantic does.
_EXACT = frozenset({int, str, bytes, bool})
_ITEMS = (list, set, frozenset, collections.deque)
# Looking at the elements would consume them.
_LAZY = (
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.Iterable,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
)


def validate_parameters(
    flow_name: str, spec: ParameterSpec, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Convert a flow's parameters to what its annotations say.

    Left alone: values that conform already, parameters without an annotation or with one that
    cannot be resolved or checked, `*args`, `**kwargs`, and a default of None, whatever its
    annotation. A parameter that is missing gets its default.

    Parameters:
        flow_name: For the messages.
        spec: The parameters of the flow's function.
        parameters: Name -> value, as `ParameterSpec.bind` gives them.

    Returns:
        All parameters in the order of the signature; conforming values are the same objects.

    Raises:
        ParameterTypeError: A value does not fit, or one is missing; names each.
        SignatureMismatchError: A name is not a parameter of the function.

    Example:
        >>> def etl(day: datetime.date, rows: int): ...
        >>> spec = ParameterSpec.of(etl)
        >>> validate_parameters("etl", spec, {"day": "2013-01-01", "rows": 3})
        {'day': datetime.date(2013, 1, 1), 'rows': 3}
    """
    if not parameters.keys() <= set(spec.names):
        raise SignatureMismatchError.from_bad_params(list(spec.names), list(parameters))
    checks = _checks(spec)
    valid: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in spec.names:
        value = parameters.get(name, _MISSING)
        if value is _MISSING:
            value = _fill(spec, name)
            if value is _MISSING:
                problems.append(_missing(flow_name, spec, name))
                continue
        check = checks.get(name)
        if check is not None and not check(value) and not _is_bare_default(spec, name, value):
            value = _converted(flow_name, spec, name, value, problems)
        valid[name] = value
    if problems:
        raise ParameterTypeError(_message(problems))
    return valid


def conforms(value: object, annotation: Any) -> bool:
    """Whether `value` fits `annotation` as it is, as far as can be told without pydantic.

    Example:
        >>> conforms([1, 2], list[int]), conforms(["1"], list[int])
        (True, False)
    """
    return _checker(annotation)(value)


def _checks(spec: ParameterSpec) -> dict[str, Check]:
    """Name -> check, for the parameters that have something to check."""
    annotations = spec.annotations
    if spec.cache.get("annotations") is not annotations:
        skipped = {spec.var_positional, spec.var_keyword}
        spec.cache["annotations"] = annotations
        spec.cache["adapters"] = {}
        spec.cache["checks"] = {
            name: _never if is_field(spec.defaults.get(name)) else _checker(annotation)
            for name, annotation in annotations.items()
            if name not in skipped and annotation is not Any and annotation is not object
        }
    checks: dict[str, Check] = spec.cache["checks"]
    return checks


def _fill(spec: ParameterSpec, name: str) -> Any:
    if name == spec.var_positional:
        return ()
    if name == spec.var_keyword:
        return {}
    return _MISSING if name in spec.required else spec.default(name)


def _is_bare_default(spec: ParameterSpec, name: str, value: object) -> bool:
    """`x: int = None` says 'or nothing' in many a program."""
    return value is None and spec.defaults.get(name, _MISSING) is None


# --- what conforms -----------------------------------------------------------------------------


def _always(value: object) -> bool:
    return True


def _never(value: object) -> bool:
    return False


def _checker(annotation: Any) -> Check:  # noqa: C901 - one line for each kind of annotation
    """A check for one annotation; `_never` where only pydantic knows."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return _class_checker(annotation)
    if annotation is None:
        return lambda value: value is None
    if annotation is Any:
        return _always
    if isinstance(annotation, typing.TypeVar):
        return _variable_checker(annotation)
    if isinstance(annotation, typing.NewType):
        return _checker(annotation.__supertype__)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Union or origin is types.UnionType:
        return _any_of([_checker(member) for member in arguments])
    if origin is Literal:
        return lambda value: any(value == a and type(value) is type(a) for a in arguments)
    if origin is Annotated:
        plain = all(isinstance(note, str) for note in arguments[1:])
        return _checker(arguments[0]) if plain else _never
    if origin is collections.abc.Callable:
        return callable
    if isinstance(origin, type):
        return _generic_checker(origin, arguments)
    alias = getattr(annotation, "__value__", None)
    return _never if alias is None else _checker(alias)


def _class_checker(cls: Any) -> Check:
    if cls in _EXACT:
        return lambda value: type(value) is cls
    if cls is object:
        return _always
    if cls is datetime.date:
        return lambda value: isinstance(value, cls) and not isinstance(value, datetime.datetime)
    if cls is collections.abc.Callable:
        return callable
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _named_tuple_checker(cls)
    if typing.is_typeddict(cls) or hasattr(cls, "__required_keys__"):
        # The second is how `typing_extensions` marks its own.
        return _never
    if _model_config(cls).get("revalidate_instances", "never") != "never":
        return _never
    return _instance_checker(cls)


def _instance_checker(cls: type) -> Check:
    try:
        isinstance(None, cls)
    except TypeError:  # a Protocol that cannot be looked for
        return _always
    return lambda value: isinstance(value, cls)


def _model_config(cls: type) -> dict[str, Any]:
    """The settings of a pydantic model or dataclass; empty for any other class."""
    for name in ("model_config", "__pydantic_config__"):
        config = getattr(cls, name, None)
        if isinstance(config, dict) and hasattr(cls, "__pydantic_validator__"):
            return config
    return {}


def _named_tuple_checker(cls: type) -> Check:
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - an annotation may be any expression
        hints = {}
    fields: tuple[str, ...] = cls._fields  # type: ignore[attr-defined]
    checks = [_checker(hints.get(field, Any)) for field in fields]
    return lambda value: (
        isinstance(value, cls)
        and all(
            check(item)
            for check, item in zip(checks, value, strict=True)  # type: ignore[call-overload]
        )
    )


def _variable_checker(variable: typing.TypeVar) -> Check:
    if variable.__constraints__:
        return _any_of([_checker(each) for each in variable.__constraints__])
    return _always if variable.__bound__ is None else _checker(variable.__bound__)


def _any_of(checks: list[Check]) -> Check:
    return lambda value: any(check(value) for check in checks)


def _generic_checker(origin: type, arguments: tuple[Any, ...]) -> Check:
    """`list[int]`, `dict[str, int]`, `Sequence[int]`, `DataFrame[Schema]`, ..."""
    if origin is tuple and arguments:
        return _tuple_checker(arguments)
    if origin in _LAZY:
        return lambda value: isinstance(value, origin)
    if origin is type:
        return _never
    if issubclass(origin, collections.abc.Mapping) and len(arguments) == 2:
        return _mapping_checker(origin, *arguments)
    if len(arguments) == 1 and (origin in _ITEMS or origin.__module__ == "collections.abc"):
        return _items_checker(origin, arguments[0])
    return _instance_checker(origin)


def _items_checker(origin: type, item: Any) -> Check:
    if item is Any or item is object:
        return lambda value: isinstance(value, origin) and not isinstance(value, str | bytes)
    check = _checker(item)
    return lambda value: (
        isinstance(value, origin) and not isinstance(value, str | bytes) and all(map(check, value))  # type: ignore[call-overload]
    )


def _mapping_checker(origin: type, key: Any, item: Any) -> Check:
    key_fits, item_fits = _checker(key), _checker(item)
    return lambda value: (
        isinstance(value, origin)
        and all(map(key_fits, value))  # type: ignore[call-overload]
        and all(map(item_fits, value.values()))  # type: ignore[attr-defined]
    )


def _tuple_checker(arguments: tuple[Any, ...]) -> Check:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return _items_checker(tuple, arguments[0])
    checks = [_checker(each) for each in arguments]
    return lambda value: (
        isinstance(value, tuple)
        and len(value) == len(checks)
        and all(check(item) for check, item in zip(checks, value, strict=True))
    )


# --- conversion by pydantic --------------------------------------------------------------------


def _converted(
    flow_name: str, spec: ParameterSpec, name: str, value: Any, problems: list[Problem]
) -> Any:
    """The value as pydantic makes it; a failure is added to `problems`."""
    import pydantic

    adapters = spec.cache["adapters"]
    if name not in adapters:
        adapters[name] = adapter_for(spec.annotations[name], spec.defaults.get(name))
    adapter = adapters[name]
    if adapter is None:
        return value
    try:
        converted = adapter.validate_python(value)
    except pydantic.ValidationError as exc:
        problems.append(_problem(flow_name, spec, name, value, exc.errors(include_url=False)))
        return value
    # Constraints alone change nothing, and then the object that was given is the one to hand on.
    same = type(converted) is type(value) and type(value) in _EXACT and converted == value
    return value if same else converted


def adapter_for(annotation: Any, default: Any) -> Any:
    """What converts to `annotation`; None when pydantic can make nothing of it."""
    import pydantic

    wanted: Any = Annotated[annotation, default] if is_field(default) else annotation
    # A model or dataclass brings its own configuration and refuses another.
    for config in (pydantic.ConfigDict(arbitrary_types_allowed=True), None):
        try:
            return pydantic.TypeAdapter(wanted, config=config)
        except pydantic.PydanticUserError as exc:
            if exc.code != "type-adapter-config-unused":
                return None
        except Exception:  # noqa: BLE001 - a type's own hooks may raise anything
            return None
    return None


# --- what to say -------------------------------------------------------------------------------


def _problem(
    flow_name: str, spec: ParameterSpec, name: str, value: Any, errors: list[Any]
) -> Problem:
    lines = [f"{'.'.join(map(str, (name, *error['loc'])))}: {error['msg']}" for error in errors]
    wanted = describe(spec.annotations[name])
    return (
        name,
        lines,
        (
            f"Flow {flow_name!r} parameter {name!r}: expected {wanted}, "
            f"found {preview(value, 60)} ({type(value).__name__})."
        ),
    )


def _missing(flow_name: str, spec: ParameterSpec, name: str) -> Problem:
    annotation = spec.annotations.get(name, Any)
    wanted = "a value" if annotation is Any else describe(annotation)
    sentence = f"Flow {flow_name!r} parameter {name!r}: expected {wanted}, found nothing."
    return name, [f"{name}: Field required"], sentence


def _message(problems: list[Problem]) -> str:
    lines = [line for _, found, _ in problems for line in found]
    said = [sentence for _, _, sentence in problems]
    return "\n".join(["Flow run received invalid parameters:", *(f" - {x}" for x in lines), *said])


def describe(annotation: Any) -> str:
    """A type as people write it: `int`, `list[Row]`, `int | None`.

    Example:
        >>> describe(typing.Optional[list[int]])
        'list[int] | None'
    """
    if annotation is None or annotation is type(None):
        return "None"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Union or origin is types.UnionType:
        return " | ".join(map(describe, arguments))
    if origin is Annotated:
        return describe(arguments[0])
    if origin is Literal:
        return " | ".join(map(repr, arguments))
    name = getattr(origin or annotation, "__name__", None) or str(annotation)
    if not arguments or origin is collections.abc.Callable:
        return name
    return f"{name}[{', '.join('...' if a is Ellipsis else describe(a) for a in arguments)}]"
