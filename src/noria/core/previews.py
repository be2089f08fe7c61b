"""Short texts of values for the record: cheap for small things, never the repr of a large one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from noria.core.jsontext import to_json
from noria.core.redaction import redactor

LIMIT = 120
"""Characters of one preview."""
_ITEMS = 5
_DEPTH = 3
# A repr may be as long as the object is large, so only what these say of their size is shown.
_SIZED = frozenset({"DataFrame", "LazyFrame", "Series", "Index", "ndarray", "Tensor", "Table"})
_PLAIN = frozenset({int, float, bool, type(None)})
_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}
_ELLIPSIS = "…"
# Larger ones are not asked for their repr.
_MAX_ITEMS = 100
_MAX_CHARACTERS = 10_000


def preview(value: object, limit: int = LIMIT) -> str:
    """A short text of any value; never raises.

    Parameters:
        value: Anything.
        limit: Length of the text, characters.

    Example:
        >>> preview([1, 2, 3]), preview("x" * 50, 10), preview(range(9))
        ('[1, 2, 3]', "'xxxxxxxx…", 'range(0, 9)')
    """
    cls = type(value)
    if cls in _PLAIN:
        if cls is not int or -(2**63) < value < 2**63:  # type: ignore[operator]
            return repr(value)
        return _cut(_large_int(value), limit)  # type: ignore[arg-type]
    try:
        # Masked before it is cut: half a secret would be found by nobody, and still tell much.
        return _cut(redactor.mask(_describe(value, limit, _DEPTH)), limit)
    except Exception:  # noqa: BLE001 - the value's own code may raise anything
        return _cut(f"<{_name(cls)}>", limit)


def previews(parameters: Mapping[str, Any], limit: int = LIMIT) -> str:
    """A JSON object of parameter name -> preview; never raises.

    Example:
        >>> previews({"x": 1, "name": "a"})
        '{"x": "1", "name": "\\'a\\'"}'
    """
    parts = []
    for name, value in parameters.items():
        cls = type(value)
        if cls is int and -(2**63) < value < 2**63:
            parts.append(f'"{name}": "{value}"')
        else:
            parts.append(f'"{name}": {to_json(preview(value, limit))}')
    return "{" + ", ".join(parts) + "}"


def _describe(value: Any, limit: int, depth: int) -> str:
    cls = type(value)
    if cls is int:
        return _large_int(value)
    if cls in _PLAIN:
        return repr(value)
    if cls is str or cls is bytes or cls is bytearray:
        return _text(value, limit)
    if cls in _BRACKETS:
        return _collection(value, limit, depth)
    if cls is dict:
        return _mapping(value, limit, depth)
    if isinstance(value, type):
        return _name(value)
    return _shape(value) or _other(value)


def _large_int(value: int) -> str:
    """The digits of a large number cost time that grows with its square."""
    bits = value.bit_length()
    return repr(value) if bits <= 512 else f"<int of {bits} bits>"


def _text(value: Any, limit: int) -> str:
    if redactor.active:
        value = _without_secrets(value, limit)
    if len(value) <= limit:
        return repr(value)
    return repr(value[:limit])[:-1] + _ELLIPSIS


def _without_secrets(value: Any, limit: int) -> Any:
    """The beginning of a text or of bytes, masked; longer than the limit if there is more of it."""
    if isinstance(value, str):
        return redactor.head(value, limit + 1)
    masked = redactor.head(value[: limit * 100].decode("latin-1"), limit + 1)
    return type(value)(masked.encode("latin-1"))


def _collection(value: Any, limit: int, depth: int) -> str:
    cls = type(value)
    size = len(value)
    if not size:
        return repr(value)
    if depth <= 0:
        return f"<{_name(cls)} of {size}>"
    shown: list[str] = []
    for item in value:
        if len(shown) == _ITEMS:
            break
        shown.append(_guarded(item, limit, depth - 1))
    body = ", ".join(shown)
    if size > _ITEMS:
        body += f", {_ELLIPSIS} {size} in all"
    elif cls is tuple and size == 1:
        body += ","
    brackets = _BRACKETS[cls]
    return f"{brackets[0]}{body}{brackets[1]}"


def _mapping(value: dict[Any, Any], limit: int, depth: int) -> str:
    size = len(value)
    if not size:
        return "{}"
    if depth <= 0:
        return f"<dict of {size}>"
    shown: list[str] = []
    for key, item in value.items():
        if len(shown) == _ITEMS:
            break
        shown.append(f"{_guarded(key, limit, 0)}: {_guarded(item, limit, depth - 1)}")
    body = ", ".join(shown)
    return f"{{{body}, {_ELLIPSIS} {size} in all}}" if size > _ITEMS else f"{{{body}}}"


def _guarded(value: object, limit: int, depth: int) -> str:
    """One item; what it raises must not cost the others."""
    try:
        return _describe(value, max(limit // 2, 16), depth)
    except Exception:  # noqa: BLE001 - the value's own code may raise anything
        return f"<{_name(type(value))}>"


def _shape(value: Any) -> str | None:
    """`DataFrame 336776×19` for frames and arrays; None for anything else."""
    cls = type(value)
    if not any(base.__name__ in _SIZED for base in cls.__mro__):
        return None
    if cls.__name__ == "LazyFrame":  # asking it for its shape would run the query
        return "LazyFrame"
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(side, int) for side in shape):
        return f"<{_name(cls)}>"
    sides = "×".join(map(str, shape))
    kind = getattr(value, "dtype", None)
    return f"{_name(cls)} {sides}" + (f" {kind}" if kind is not None else "")


def _other(value: Any) -> str:
    """The object's own repr, in one line, when it is small enough to be asked for one.

    It is asked rather than its fields are read, because a repr may hide a secret.
    """
    cls: Any = type(value)
    if cls.__repr__ is object.__repr__ or any(map(_is_large, (value, *_parts(value)))):
        return f"<{_name(cls)}>"
    text: str = repr(value)
    if "\n" in text:
        text = " ".join(text.split())
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _parts(value: Any) -> list[Any]:
    """What an object directly holds, as far as that is quickly known."""
    parts = list(getattr(value, "__dict__", {}).values())
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        parts += [getattr(value, slot, None) for slot in slots if not slot.startswith("__")]
    if isinstance(value, list | tuple):
        parts += value[:_MAX_ITEMS]
    elif isinstance(value, Mapping):
        parts += list(value.values())[:_MAX_ITEMS]
    elif isinstance(value, BaseException):
        parts += value.args
    return parts


def _is_large(value: Any) -> bool:
    if isinstance(value, range) or not hasattr(type(value), "__len__"):
        return False
    if isinstance(value, str | bytes | bytearray):
        return len(value) > _MAX_CHARACTERS
    return _shape(value) is not None or len(value) > _MAX_ITEMS


def _name(cls: type) -> str:
    return cls.__qualname__.rpartition("<locals>.")[2]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + _ELLIPSIS
