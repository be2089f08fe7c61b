"""Whether a JSON value is as a JSON Schema has it, told in sentences. Pure.

Of the vocabulary it knows what pydantic writes; a keyword that it does not know restricts nothing.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

Schema = Mapping[str, Any]

DEEPEST = 60
"""References that are followed within one another, so that a schema cannot lead in a circle."""


class Problem(NamedTuple):
    """One place of a value that is not as the schema has it."""

    path: str
    """Such as `items[2].price`; empty for the value itself."""
    expected: str
    found: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}expected {self.expected}, found {self.found}"


def problems(value: Any, schema: Schema) -> list[Problem]:
    """What of a value is not as the schema has it.

    Parameters:
        value: As JSON has it: dicts, lists, texts, numbers, truth values, None.
        schema: The schema, with its definitions.

    Returns:
        A line for each place; empty when all is well.

    Example:
        >>> schema = {"properties": {"rows": {"type": "integer"}}, "required": ["rows"]}
        >>> [str(each) for each in problems({"rows": "many"}, schema)]
        ["rows: expected an integer, found 'many'"]
        >>> [str(each) for each in problems({}, schema)]
        ['rows: expected an integer, found nothing']
    """
    return list(_problems(value, schema, _Where("", schema, 0)))


def resolved(schema: Schema, root: Schema) -> Schema:
    """A schema with the reference that it is followed; other keywords beside it are kept.

    Example:
        >>> resolved({"$ref": "#/$defs/A"}, {"$defs": {"A": {"type": "null"}}})
        {'type': 'null'}
    """
    for _ in range(DEEPEST):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found: Any = root
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**found, **beside} if isinstance(found, Mapping) else beside
    return {}


def described(schema: Schema, root: Schema) -> str:
    """What a schema asks for, in a few words: `an integer`, `a list of texts`, `'a' or 'b'`."""
    return _described(schema, root, 0)


class _Where(NamedTuple):
    path: str
    root: Schema
    depth: int

    def at(self, step: str) -> _Where:
        dot = "." if self.path and not step.startswith("[") else ""
        return _Where(f"{self.path}{dot}{step}", self.root, self.depth + 1)

    def deeper(self) -> _Where:
        return self._replace(depth=self.depth + 1)


def _problems(value: Any, schema: Any, where: _Where) -> Iterator[Problem]:
    if schema is False:
        yield Problem(where.path, "nothing", shown(value))
    if not isinstance(schema, Mapping) or where.depth > DEEPEST:
        return
    schema = resolved(schema, where.root)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        yield from _of_choices(value, schema, choices, where)
        return
    for part in schema.get("allOf", ()):
        yield from _problems(value, part, where.deeper())
    if not _is_of_type(value, schema) or not _is_chosen(value, schema):
        yield Problem(where.path, described(schema, where.root), shown(value))
        return
    yield from _within(value, schema, where)


def _within(value: Any, schema: Schema, where: _Where) -> Iterator[Problem]:
    match value:
        case str():
            yield from _of_text(value, schema, where)
        case bool():
            return
        case int() | float():
            yield from _of_number(value, schema, where)
        case Mapping():
            yield from _of_object(value, schema, where)
        case list() | tuple():
            yield from _of_list(value, schema, where)


def _of_choices(
    value: Any, schema: Schema, choices: Sequence[Schema], where: _Where
) -> Iterator[Problem]:
    tried = [list(_problems(value, choice, where.deeper())) for choice in choices]
    if not all(tried):
        return
    meant = [
        found
        for choice, found in zip(choices, tried, strict=True)
        if _is_of_type(value, resolved(choice, where.root))
    ]
    if len(meant) == 1:
        yield from meant[0]
    else:
        yield Problem(where.path, described(schema, where.root), shown(value))


_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool)
        and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
}
_WORDS = {
    "null": "null",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "an object",
}


def _types(schema: Schema) -> list[str]:
    kind = schema.get("type")
    if kind is None:
        return ["object"] if "properties" in schema else []
    return [kind] if isinstance(kind, str) else list(kind)


def _is_of_type(value: Any, schema: Schema) -> bool:
    kinds = _types(schema)
    return not kinds or any(_TYPES[kind](value) for kind in kinds if kind in _TYPES)


def _is_chosen(value: Any, schema: Schema) -> bool:
    if "const" in schema and not _same(value, schema["const"]):
        return False
    return "enum" not in schema or any(_same(value, choice) for choice in schema["enum"])


def _same(one: Any, other: Any) -> bool:
    # True is no 1 in JSON.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


_FORMATS: dict[str, tuple[str, Callable[[str], object]]] = {
    "date": ("a date such as 2026-11-22", date.fromisoformat),
    "date-time": ("a date and time such as 2026-11-22T08:00:00+08:00", datetime.fromisoformat),
    "time": ("a time such as 08:00:00", time.fromisoformat),
    "uuid": ("a UUID", uuid.UUID),
}


def _of_text(value: str, schema: Schema, where: _Where) -> Iterator[Problem]:
    known = _FORMATS.get(schema.get("format", ""))
    if known is not None:
        try:
            known[1](value)
        except ValueError:
            yield Problem(where.path, known[0], shown(value))
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < least or (most is not None and len(value) > most):
        yield Problem(where.path, f"a text of {_amount(least, most, 'letter')}", shown(value))
    pattern = schema.get("pattern")
    if pattern is not None and not _matches(pattern, value):
        yield Problem(where.path, f"a text that matches {pattern}", shown(value))


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        # Written for another dialect; whoever reads the value judges it anyway.
        return True


def _of_number(value: float, schema: Schema, where: _Where) -> Iterator[Problem]:
    checks: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
        ("minimum", "at least", lambda bound: value >= bound),
        ("maximum", "at most", lambda bound: value <= bound),
        ("exclusiveMinimum", "more than", lambda bound: value > bound),
        ("exclusiveMaximum", "less than", lambda bound: value < bound),
        ("multipleOf", "a multiple of", lambda bound: not bound or value % bound == 0),
    )
    for keyword, words, holds in checks:
        bound = schema.get(keyword)
        if isinstance(bound, int | float) and not holds(bound):
            yield Problem(where.path, f"{words} {bound}", shown(value))


def _of_object(value: Mapping[str, Any], schema: Schema, where: _Where) -> Iterator[Problem]:
    fields = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            expected = described(fields.get(name, {}), where.root)
            yield Problem(where.at(name).path, expected, "nothing")
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in fields:
            yield from _problems(item, fields[name], where.at(name))
        elif others is False:
            known = ", ".join(fields) or "none"
            yield Problem(where.at(name).path, f"no such field (there are: {known})", shown(item))
        else:
            yield from _problems(item, others, where.at(name))
    yield from _of_size(value, schema, where, "Properties", "field")


def _of_list(value: Sequence[Any], schema: Schema, where: _Where) -> Iterator[Problem]:
    first = schema.get("prefixItems", ())
    for position, item in enumerate(value):
        kind = first[position] if position < len(first) else schema.get("items", True)
        yield from _problems(item, kind, where.at(f"[{position}]"))
    yield from _of_size(value, schema, where, "Items", "item")
    if schema.get("uniqueItems") and len({_key(item) for item in value}) < len(value):
        yield Problem(where.path, "items that all differ", shown(value))


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def _of_size(value: Any, schema: Schema, where: _Where, what: str, word: str) -> Iterator[Problem]:
    least, most = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    if len(value) < least or (most is not None and len(value) > most):
        yield Problem(where.path, _amount(least, most, word), str(len(value)))


def _amount(least: int, most: int | None, word: str) -> str:
    if most is None:
        return f"at least {least} {word}{'' if least == 1 else 's'}"
    ends = f"{least} to {most}" if least and least != most else f"at most {most}"
    return f"{most if least == most else ends} {word}{'' if most == 1 else 's'}"


def _described(schema: Any, root: Schema, depth: int) -> str:
    if not isinstance(schema, Mapping) or depth > 4:
        return "anything"
    schema = resolved(schema, root)
    if "const" in schema:
        return shown(schema["const"])
    if "enum" in schema:
        return _either([shown(choice) for choice in schema["enum"]])
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return _either([_described(choice, root, depth + 1) for choice in choices])
    known = _FORMATS.get(schema.get("format", ""))
    if known is not None:
        return known[0]
    words = [_WORDS.get(kind, kind) for kind in _types(schema)]
    items = schema.get("items")
    if words == ["a list"] and isinstance(items, Mapping):
        return f"a list of {_plural(_described(items, root, depth + 1))}"
    return _either(words) or "anything"


def _plural(words: str) -> str:
    bare = words.removeprefix("an ").removeprefix("a ")
    return bare if bare == words else f"{bare}s"


def _either(words: Sequence[str]) -> str:
    different = list(dict.fromkeys(words))
    *others, last = different or [""]
    return f"{', '.join(others)} or {last}" if others else last


def shown(value: Any) -> str:
    """A value as it stands in a sentence, cut when it is long."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Mapping):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
