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


def id_bounds(beginning: str) -> tuple[bytes, bytes] | None:
    """The least and the greatest id that begin so; None when no id does."""
    digits = beginning.replace("-", "").lower()
    if not 0 < len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    return bytes.fromhex(digits.ljust(32, "0")), bytes.fromhex(digits.ljust(32, "f"))
