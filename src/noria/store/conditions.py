"""Conditions on the fields of log lines as SQL, in which only fixed text and our numbers stand."""

from __future__ import annotations

from typing import Any

from noria.core.conditions import Condition
from noria.store.statements import Dialect

# Whatever is no JSON is no field either; asked first, since SQLite refuses to look into it.
_EXTRA = "case when json_valid(extra) then extra end"
_COMPARISONS = {">": ">", "<": "<", ">=": ">=", "<=": "<="}


def condition(dialect: Dialect, number: int, wanted: Condition) -> tuple[str, dict[str, Any]]:
    """The SQL of a condition and its parameters, which bear its number.

    A line without the field meets no condition, not even `!=`.
    """
    facts: dict[str, Any] = {f"text{number}": wanted.text, f"number{number}": wanted.number}
    tests = []
    for turn, path in enumerate(_paths(wanted.field)):
        facts[f"path{number}_{turn}"] = path
        at = f"({_EXTRA}, :path{number}_{turn})"
        tests.append(_test(number, wanted, f"json_extract{at}", f"json_type{at}"))
    return f"({' or '.join(tests)})", facts


def _paths(field: str) -> list[str]:
    """A field of that very name, and one within others."""
    whole = f'$."{field}"'
    nested = "$" + "".join(f'."{part}"' for part in field.split("."))
    return [whole] if whole == nested else [whole, nested]


def _test(number: int, wanted: Condition, value: str, kind: str) -> str:
    if wanted.operator == "=":
        return f"coalesce({_equal(number, wanted, value, kind)}, 0)"
    if wanted.operator == "!=":
        return f"({kind} is not null and not coalesce({_equal(number, wanted, value, kind)}, 0))"
    if wanted.operator == "~":
        shown = f"case {kind} when 'true' then 'true' when 'false' then 'false' else {value} end"
        return f"instr(casefold(cast({shown} as text)), casefold(:text{number}))"
    operator = _COMPARISONS[wanted.operator]
    if wanted.number is None:
        return f"({kind} = 'text' and {value} {operator} :text{number})"
    return f"({kind} in ('integer', 'real') and {value} {operator} :number{number})"


def _equal(number: int, wanted: Condition, value: str, kind: str) -> str:
    texts = "('text')" if wanted.literal else "('text', 'array', 'object')"
    ways = [f"({kind} in {texts} and {value} = :text{number})"]
    if wanted.number is not None:
        ways.append(f"({kind} in ('integer', 'real') and {value} = :number{number})")
    if wanted.constant is not None:
        # One of three words of ours; null is a kind of value, not the lack of one.
        ways.append(f"{kind} = '{wanted.constant}'")
    return f"({' or '.join(ways)})"
