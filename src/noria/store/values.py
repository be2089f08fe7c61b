"""Kept results as four columns: format, inline bytes, reference, size."""

from __future__ import annotations

from typing import TypeVar

from noria.core.records import StoredValue

T = TypeVar("T")

Columns = tuple[str | None, bytes | None, str | None, int | None]

NOTHING: Columns = (None, None, None, None)


def columns(value: StoredValue | None) -> Columns:
    """The columns of a kept result."""
    return NOTHING if value is None else value


def stored(
    format: str | None, inline: bytes | None, reference: str | None, size: int | None
) -> StoredValue | None:
    """The kept result of four columns."""
    return None if format is None else StoredValue(format, inline, reference, size or 0)


def mended(value: T) -> T | str:
    """The value, where it is text with halves of surrogate pairs, with those spelled out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
