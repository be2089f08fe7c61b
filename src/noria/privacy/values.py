"""Masking of one value, or of all values of a collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from noria.privacy.texts import is_missing

Mask = Callable[[Any], Any]


def masked_value(value: Any, mask: Mask) -> Any:
    """A value masked, or all values of a collection."""
    if isinstance(value, Mapping):
        return {key: masked_value(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return rebuilt(value, [masked_value(item, mask) for item in value])
    if isinstance(value, set | frozenset):
        return type(value)(masked_value(item, mask) for item in value)
    if hasattr(value, "tolist") and getattr(value, "ndim", False):
        return [masked_value(item, mask) for item in value.tolist()]
    return value if is_missing(value) else mask(value)


def rebuilt(like: Any, items: list[Any]) -> Any:
    """The items as a collection of the same kind."""
    if isinstance(like, tuple):
        return type(like)(*items) if hasattr(like, "_fields") else tuple(items)
    return items
