"""Lists, tuples, dicts, sets and views of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from noria.values.walk import Undigestable, Walk, node, reference

_POINTER = 8
_ORDERED = frozenset({str, int, bytes})


def sequence(value: list[Any] | tuple[Any, ...], walk: Walk) -> bytes:
    """A list or tuple: its elements in their order."""
    flat = walk.flat(value)
    if flat is not None:
        return flat
    walk.take(_POINTER * len(value))
    return node(type(value).__name__, *walk.items(value))


def mapping(value: Mapping[Any, Any], walk: Walk) -> bytes:
    """A dict: its pairs, in whatever order they were put in."""
    walk.take(_POINTER * len(value))
    if set(map(type, value)) <= {str}:
        names = sorted(value)
        values = [value[name] for name in names]
        flat = walk.flat(values)
        if flat is None:
            flat = node("list", *(walk.item(value[name], name) for name in names))
        return node("dict", walk.encode(tuple(names)), flat)
    return node("pairs", *sorted(_pairs(value.items(), walk)))


def ordered_pairs(pairs: Iterable[tuple[Any, Any]], walk: Walk) -> bytes:
    """The pairs of a mapping whose order means something."""
    return node("ordered", *_pairs(pairs, walk))


def _pairs(pairs: Iterable[tuple[Any, Any]], walk: Walk) -> list[bytes]:
    return [walk.part(key, f".key({key!r})") + walk.item(value, key) for key, value in pairs]


def plain_set(value: Iterable[Any], walk: Walk) -> bytes:
    """A set or frozenset: its elements, in no order."""
    return node(type(value).__name__, _elements(value, walk))


def set_subclass(value: Any, walk: Walk) -> bytes:
    """A set of the user's own type: class, elements, attributes."""
    state = walk.attributes(sorted(getattr(value, "__dict__", {}).items()))
    return node("set of", reference(type(value)), _elements(value, walk), *state)


def _elements(value: Iterable[Any], walk: Walk) -> bytes:
    elements = list(value)
    kinds = set(map(type, elements))
    if len(kinds) == 1 and kinds <= _ORDERED:
        flat = walk.flat(sorted(elements))
        if flat is not None:
            return flat
    return node("elements", *sorted(walk.part(element, "{…}") for element in elements))


def keys_view(value: Iterable[Any], walk: Walk) -> bytes:
    """`d.keys()`: a set."""
    return node("keys", _elements(value, walk))


def values_view(value: Iterable[Any], walk: Walk) -> bytes:
    """`d.values()`: in the order of the dict."""
    return node("values", *walk.items(value))


def items_view(value: Iterable[tuple[Any, Any]], walk: Walk) -> bytes:
    """`d.items()`: as the dict."""
    return node("items", walk.encode(dict(value)))


def proxy(value: Mapping[Any, Any], walk: Walk) -> bytes:
    """A read-only view of a dict."""
    return node("proxy", walk.encode(dict(value)))


def memory(value: memoryview, walk: Walk) -> bytes:
    """A view of a buffer: its layout and its bytes."""
    try:
        walk.take(value.nbytes)
        raw = value.tobytes()
    except ValueError as error:
        raise Undigestable("", "memoryview", "which was released") from error
    return node("memory", walk.encode((value.format, value.shape or ())), walk.encode(raw))
