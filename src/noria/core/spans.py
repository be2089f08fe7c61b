"""Spans of time as people write them: `30s`, `10m`, `12h`, `1d12h`, `30d`."""

from __future__ import annotations

import re

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def parse_span(text: str) -> int | None:
    """The microseconds that `30s`, `10m` or `1d12h` means; None when it means none.

    Example:
        >>> parse_span("2m"), parse_span("soon")
        (120000000, None)
    """
    compact = text.strip().lower()
    spans = _SPAN.findall(compact)
    if not spans or _SPAN.sub("", compact).strip():
        return None
    return sum(round(float(number) * _UNITS[unit]) for number, unit in spans)


def span_text(micros: int) -> str:
    """A span as `parse_span` reads it, in the largest units; parts of a second are left out.

    Example:
        >>> span_text(36 * HOUR), span_text(30 * DAY), span_text(0)
        ('1d12h', '30d', '0s')
    """
    text, left = "", micros
    for letter, unit in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)):
        count, left = divmod(left, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"
