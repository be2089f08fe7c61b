"""JSON for what JSON has no words for: an object is written with the name of its class.

Models, dataclasses, enums, dates, sets and the like are `{"__class__": name, "data": ...}`, and
exceptions `{"__exc_type__": name, "message": ...}`; pydantic turns data to and fro.
"""

from __future__ import annotations

from typing import Any

from noria.core.errors import SerializationError
from noria.values.imports import from_qualified_name, qualified_name
from noria.values.walk import type_name

_CLASS = "__class__"
_DATA = "data"
_EXCEPTION = "__exc_type__"
_MESSAGE = "message"
_CLASSES_LIMIT = 1_000
_adapters: dict[type, Any] = {}


def json_object_encoder(value: Any) -> dict[str, Any]:
    """What a JSON encoder calls for a value that it does not know (`default=`).

    Raises:
        SerializationError: The value has no form in JSON.
    """
    if isinstance(value, BaseException):
        return {_EXCEPTION: qualified_name(type(value)), _MESSAGE: str(value)}
    return {_CLASS: qualified_name(_importable(type(value))), _DATA: _data(value)}


def json_object_decoder(found: dict[str, Any]) -> Any:
    """What a JSON decoder calls for each object (`object_hook=`).

    An object that names a class which cannot be found here stays a dict.

    Raises:
        ValueError: The named exception type is none, or data do not fit the class.
    """
    if _CLASS in found and _DATA in found:
        cls = _class(found[_CLASS])
        return found if cls is None else _adapter(cls).validate_python(found[_DATA])
    if _EXCEPTION in found:
        cls = _class(found[_EXCEPTION])
        if cls is None or not issubclass(cls, BaseException):
            raise ValueError(f"{found[_EXCEPTION]!r} is not an exception type that exists here.")
        return cls(found.get(_MESSAGE))
    return found


def _importable(cls: Any) -> type:
    """The class as it can be found by name: of a pydantic `Page[int]`, that is `Page`."""
    generic = getattr(cls, "__pydantic_generic_metadata__", None) or {}
    return generic.get("origin") or cls  # type: ignore[no-any-return]


def _data(value: Any) -> Any:
    try:
        return _adapter(object).dump_python(value, mode="json")
    except ValueError as error:
        raise SerializationError(
            f"A {type_name(type(value))!r} has no form in JSON: {error}. "
            "Return plain data, a dataclass or a pydantic model, or use the pickle serializer."
        ) from error


def _class(name: Any) -> type | None:
    try:
        found = from_qualified_name(str(name))
    except (ImportError, AttributeError):
        return None
    return found if isinstance(found, type) else None


def _adapter(cls: type) -> Any:
    adapter = _adapters.get(cls)
    if adapter is None:
        from pydantic import TypeAdapter

        if len(_adapters) >= _CLASSES_LIMIT:
            _adapters.clear()
        adapter = _adapters[cls] = TypeAdapter(cls)
    return adapter
