"""Conditions on the fields of log lines as SQL, in which only fixed text and our numbers stand."""

from __future__ import annotations

from typing import Any, NamedTuple

from noria.core.conditions import Condition
from noria.store.statements import Dialect

_COMPARISONS = {">": ">", "<": "<", ">=": ">=", "<=": "<="}


class _Words(NamedTuple):
    """How a dialect speaks of the field of a line; `{at}` stands for the field itself."""

    at: str
    is_there: str
    is_text: str
    is_number: str
    is_written: str
    """Whether it is an array or an object, written as `{given}`."""
    is_constant: str
    """`{constant}` is one of three words of ours; null is a kind of value, not the lack of one."""
    text: str
    """Of an array or an object, what was written."""
    number: str
    shown: str


_WORDS: dict[Dialect, _Words] = {
    "sqlite": _Words(
        # Whatever is no JSON is no field either; asked first, since SQLite refuses to look into it.
        at="(case when json_valid(extra) then extra end, {path})",
        is_there="json_type{at} is not null",
        is_text="json_type{at} = 'text'",
        is_number="json_type{at} in ('integer', 'real')",
        is_written="json_type{at} in ('array', 'object') and json_extract{at} = {given}",
        is_constant="json_type{at} = '{constant}'",
        text="json_extract{at}",
        number="json_extract{at}",
        shown="cast(case json_type{at} when 'true' then 'true' when 'false' then 'false' "
        "else json_extract{at} end as text)",
    ),
    "postgres": _Words(
        at="(json_of(extra) #> {path})",
        is_there="json_typeof{at} is not null",
        is_text="json_typeof{at} = 'string'",
        is_number="json_typeof{at} = 'number'",
        # PostgreSQL keeps the blanks in JSON as they were given, so values are compared.
        is_written="json_typeof{at} in ('array', 'object') "
        "and cast({at} as jsonb) = cast(json_of({given}) as jsonb)",
        is_constant="cast({at} as text) = '{constant}'",
        text="({at} #>> '{{}}') collate \"C\"",
        # The planner may look at the number before it asks whether it is one.
        number="case when json_typeof{at} = 'number' then cast({at} #>> '{{}}' as numeric) end",
        shown="{at} #>> '{{}}'",
    ),
}


def condition(dialect: Dialect, number: int, wanted: Condition) -> tuple[str, dict[str, Any]]:
    """The SQL of a condition and its parameters, which bear its number.

    A line without the field meets no condition, not even `!=`.
    """
    facts: dict[str, Any] = {f"text{number}": wanted.text, f"number{number}": wanted.number}
    tests = []
    for turn, path in enumerate(_paths(dialect, wanted.field)):
        facts[f"path{number}_{turn}"] = path
        tests.append(_test(number, wanted, _field(dialect, number, turn, wanted.constant)))
    return f"({' or '.join(tests)})", facts


def _field(dialect: Dialect, number: int, turn: int, constant: str | None) -> _Words:
    at, *words = _WORDS[dialect]
    at = at.format(path=f":path{number}_{turn}")
    given = f":text{number}"
    return _Words(at, *(each.format(at=at, given=given, constant=constant) for each in words))


def _paths(dialect: Dialect, field: str) -> list[Any]:
    """A field of that very name, and one within others."""
    ways = [[field]] if "." not in field else [[field], field.split(".")]
    if dialect == "postgres":
        return ways
    return ["$" + "".join(f'."{part}"' for part in way) for way in ways]


def _test(number: int, wanted: Condition, field: _Words) -> str:
    if wanted.operator == "=":
        return f"({_equal(number, wanted, field)}) is true"
    if wanted.operator == "!=":
        return f"({field.is_there} and ({_equal(number, wanted, field)}) is not true)"
    if wanted.operator == "~":
        return f"instr(casefold({field.shown}), casefold(:text{number})) > 0"
    operator = _COMPARISONS[wanted.operator]
    if wanted.number is None:
        return f"({field.is_text} and {field.text} {operator} :text{number})"
    return f"({field.is_number} and {field.number} {operator} :number{number})"


def _equal(number: int, wanted: Condition, field: _Words) -> str:
    ways = [f"({field.is_text} and {field.text} = :text{number})"]
    if not wanted.literal:
        ways.append(f"({field.is_written})")
    if wanted.number is not None:
        ways.append(f"({field.is_number} and {field.number} = :number{number})")
    if wanted.constant is not None:
        ways.append(field.is_constant)
    return " or ".join(ways)
