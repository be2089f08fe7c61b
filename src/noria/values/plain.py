"""Any value as plain JSON data that people can read. Nothing is refused, nothing can be read back
as it was: for that there are serializers."""

from __future__ import annotations

import datetime
import enum
import math
from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any

from noria.core.jsontext import to_json
from noria.core.previews import preview
from noria.core.redaction import redactor

DEPTH = 20
"""How deep values may be nested; below, a preview stands for them."""
LIMIT = 1000
"""Characters of the text that stands for an object."""

_SCALARS = frozenset({str, int, bool, type(None)})


def plain(value: Any, depth: int = DEPTH) -> Any:
    """The value as JSON can say it.

    What is missing (NaN, NaT, NA) becomes null, infinity a text; times become ISO 8601, decimals
    and ids their text, arrays and sets lists, models and dataclasses objects, anything else a short
    text.

    Example:
        >>> plain({"price": Decimal("1.10"), "day": datetime.date(2026, 1, 2), "x": math.nan})
        {'price': '1.10', 'day': '2026-01-02', 'x': None}
    """
    if type(value) in _SCALARS:
        return value
    if type(value) is float:
        return _number(value)
    try:
        return _convert(value, depth)
    except Exception:  # noqa: BLE001 - the value's own code may raise anything
        return preview(value, LIMIT)


def plain_json(value: Any) -> str:
    """The JSON text of a value made plain."""
    return to_json(plain(value))


def _number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _convert(value: Any, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, depth - 1)
    if isinstance(value, str | int):
        return str.__str__(value) if isinstance(value, str) else int(value)
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, datetime.date | datetime.time):
        # pandas's NaT is a datetime that is not itself.
        return value.isoformat() if value == value else None
    if isinstance(value, Decimal):
        return None if value.is_nan() else str(value)
    if isinstance(value, bytes | bytearray):
        return redactor.head(bytes(value[: LIMIT * 4]).decode("utf-8", "backslashreplace"), LIMIT)
    if depth <= 0:
        return preview(value, LIMIT)
    return _collection(value, depth - 1)


def _collection(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth) for item in value]
    if isinstance(value, Set):
        return sorted((plain(item, depth) for item in value), key=repr)
    return _object(value, depth)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, tuple):
        return " / ".join(map(_key, key))
    made = plain(key, 1)
    return made if isinstance(made, str) else to_json(made)


def _object(value: Any, depth: int) -> Any:
    cls: Any = type(value)
    if cls.__name__ == "NAType":
        return None
    if hasattr(cls, "dtype") and hasattr(cls, "tolist"):
        # numpy gives times of nanoseconds out as bare integers.
        if getattr(value.dtype, "kind", "") in "mM" and not getattr(value, "shape", ()):
            return None if value != value else str(value)
        if getattr(value.dtype, "kind", "") in "mM":
            return [plain(item, depth) for item in value]
        return plain(value.tolist(), depth)
    if hasattr(cls, "model_dump"):
        return plain(value.model_dump(), depth)
    if hasattr(cls, "__dataclass_fields__"):
        return {name: plain(getattr(value, name), depth) for name in cls.__dataclass_fields__}
    if cls.__str__ is object.__str__ or isinstance(value, BaseException):
        return preview(value, LIMIT)
    return redactor.head(str(value), LIMIT)
