"""From what stands in a column to the text that is masked."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any

STARS = "****"
"""What stands for everything that is hidden."""

_INVISIBLE = ("Cf", "Cc", "Cs", "Co", "Cn")


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, NaT or pandas's NA.

    Example:
        >>> is_missing(None), is_missing(float("nan")), is_missing("")
        (True, True, False)
    """
    if value is None or (isinstance(value, float) and value != value):
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    # Scalars of numpy: floats and times, which are missing when they are not themselves.
    is_number_or_time = getattr(getattr(value, "dtype", None), "kind", "i") in "fmM"
    return is_number_or_time and getattr(value, "ndim", 1) == 0 and bool(value != value)


def text_of(value: Any) -> str:
    """The text of a value, in the plain form of its letters and digits, without invisible ones.

    A whole number is written as one, also when a column with gaps has made a float of it.

    Example:
        >>> text_of(13812345678.0), text_of("１３８"), text_of(b"a@x.cn")
        ('13812345678', '138', 'a@x.cn')
    """
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "replace")
    elif (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    ):
        value = int(value)
    text = unicodedata.normalize("NFKC", _str(value))
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_plain, text))
    text = text.strip()
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def _str(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value's own code; nothing of it may be shown then
        return STARS


def _plain(character: str) -> str:
    if character.isascii():
        return " " if character in "\t\n\r\v\f" else character if character.isprintable() else ""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _INVISIBLE else character
