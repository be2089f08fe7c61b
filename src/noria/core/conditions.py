"""Conditions on the fields of log lines, as people write them: `user_id=42`, `action~log`."""

from __future__ import annotations

import math
from typing import NamedTuple

OPERATORS = ("!=", ">=", "<=", "=", ">", "<", "~")
"""Longer ones first, so that none is taken for a part of another."""
_CONSTANTS = {"true": True, "false": False, "null": None}


class Condition(NamedTuple):
    """A field compared with a value."""

    field: str
    """Its name; dots lead into nested objects."""
    operator: str
    text: str
    """The value as a text."""
    number: int | float | None = None
    """The value as a number, where it is written as one."""
    constant: str | None = None
    """`true`, `false` or `null`, where it is written as one of these."""
    literal: bool = False
    """Whether it was put in quotes, so that it is a text and nothing else."""


def parse(text: str) -> Condition:
    """The condition that `FIELD OPERATOR VALUE` means.

    A value that looks like a number is compared with numbers by size, and with texts when equality
    is asked for; `true`, `false` and `null` mean those, and the words. Quotes make it a text only.
    `~` asks for texts that contain the value, in any case of letters.

    Raises:
        ValueError: It is no condition; says what was expected.

    Example:
        >>> parse("user_id>=42")[:3], parse("user_id>=42").number
        (('user_id', '>=', '42'), 42)
        >>> parse('zip="01234"').literal
        True
    """
    found = [(text.find(operator), operator) for operator in OPERATORS if operator in text]
    position, operator = min(found, key=lambda each: (each[0], -len(each[1])), default=(-1, ""))
    field = text[: max(position, 0)].strip()
    if not field:
        raise ValueError(f"expected FIELD and one of {' '.join(sorted(OPERATORS))} and a value")
    if '"' in field:
        raise ValueError("expected a field without quotes")
    value = text[position + len(operator) :].strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return Condition(field, operator, value[1:-1], literal=True)
    constant = value if value in _CONSTANTS else None
    return Condition(field, operator, value, _number(value), constant)


def _number(text: str) -> int | float | None:
    try:
        whole = int(text)
    except ValueError:
        pass
    else:
        # SQLite's integers end there.
        return whole if -(2**63) <= whole < 2**63 else float(whole)
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
