"""What a person answers to a run that waits: read from options, from a file, or asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import click

from noria.cli.app import App
from noria.cli.errors import CliError, Code, did_you_mean
from noria.cli.runs.waiting import Waiting
from noria.cli.text import clean
from noria.console.wording import one_line
from noria.core.jsonschema import described, problems, resolved, shown

_NOT_GIVEN = object()


def read_answer(
    app: App, row: Waiting, document: str | None, file: str | None, assignments: Iterable[str]
) -> dict[str, Any] | None:
    """The answer to what a run asks for; None when it asks for nothing.

    Parameters:
        app: The call.
        row: What waits.
        document: A JSON object, or `-` for stdin.
        file: The path of a file that holds one.
        assignments: `field=value` each; they win over the document.

    Raises:
        CliError: A text cannot be read, or the answer is not what is asked for.
    """
    values = _document(document, file, row)
    values.update(_assigned(assignments, row))
    if row.schema is None:
        if values:
            raise CliError(
                Code.BAD_PARAMETER,
                f"{row.run.name} asks for no input",
                f"given was {', '.join(values)}",
                f"leave it out: noria runs approve {row.run.name}",
            )
        return None
    given = document is not None or file is not None or bool(values)
    if can_ask() and not given:
        values = _asked(app, row)
    wrong = problems(values, row.schema)
    if wrong:
        raise CliError(
            Code.BAD_PARAMETER,
            f"{row.run.name} still waits: this is not what it asks for",
            "\n".join(map(str, wrong)),
            f"answer with: noria runs approve {row.run.name}{_example(row)}",
        )
    return values


def can_ask() -> bool:
    """Whether there is a person to answer."""
    return sys.stdin.isatty()


def _document(document: str | None, file: str | None, row: Waiting) -> dict[str, Any]:
    if document is not None and file is not None:
        raise CliError(Code.USAGE, "--input and --file exclude each other", "", "give one of them")
    text, source = document, "--input"
    if document == "-":
        text, source = sys.stdin.read(), "stdin"
    elif file is not None:
        source = file
        try:
            with open(file, encoding="utf-8") as opened:
                text = opened.read()
        except (OSError, UnicodeDecodeError) as error:
            raise CliError(Code.NO_SUCH_FILE, f"{file} cannot be read", str(error)) from None
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CliError(
            Code.BAD_PARAMETER,
            f"{source} is no JSON",
            f"{error}; found {shown(text)}",
            "for example: --input '{\"field\": 1}'",
        ) from None
    if isinstance(value, dict) and list(row.fields) != ["value"]:
        return value
    if isinstance(value, dict) and set(value) == {"value"}:
        return value
    if list(row.fields) == ["value"]:
        # A value of a plain type needs no name.
        return {"value": value}
    raise CliError(
        Code.BAD_PARAMETER, f"{source} is no JSON object", f"found {shown(value)}", _example(row)
    )


def _assigned(assignments: Iterable[str], row: Waiting) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals and list(row.fields) == ["value"]:
            name, text = "value", assignment
        elif not equals or not name:
            raise CliError(
                Code.BAD_PARAMETER,
                f"-i {assignment} is no field",
                "expected field=value",
                f"for example: noria runs approve {row.run.name}{_example(row)}",
            )
        if row.fields and name not in row.fields:
            raise CliError(
                Code.BAD_PARAMETER,
                f"{row.run.name} asks for no field {name}",
                did_you_mean(name, row.fields),
                f"it asks for {', '.join(row.fields)}",
            )
        values[name] = read_field(text, row.fields.get(name, {}), row.schema or {})
    return values


def read_field(text: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The value that a text stands for in a field: the text where one fits, else as JSON.

    Example:
        >>> read_field("yes", {"type": "boolean"}, {}), read_field("1.10", {"type": "string"}, {})
        (True, '1.10')
    """
    candidates: list[Any] = []
    word = text.strip().lower()
    if word in _WORDS and not problems(_WORDS[word], _in(schema, root)):
        candidates.append(_WORDS[word])
    with suppress(ValueError):
        candidates.append(json.loads(text))
    if _takes_text(schema, root):
        # A number or a date is a text where a text is wanted.
        null = [each for each in candidates if each is None]
        candidates = [*null, text, *candidates]
    fits = [each for each in candidates if not problems(each, _in(schema, root))]
    return fits[0] if fits else (candidates[0] if candidates else text)


_WORDS = {
    "yes": True,
    "y": True,
    "true": True,
    "no": False,
    "n": False,
    "false": False,
    "是": True,
    "否": False,
}


def _in(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a schema as one of its own, with the definitions that it may refer to."""
    return {**schema, "$defs": root.get("$defs", {})}


def _takes_text(schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    found = resolved(schema, root)
    choices = found.get("anyOf") or found.get("oneOf")
    if choices:
        return any(_takes_text(choice, root) for choice in choices)
    return found.get("type") == "string"


def _asked(app: App, row: Waiting) -> dict[str, Any]:
    """Ask for field after field, for each until it fits."""
    if row.description:
        app.note(clean(row.description, lines=True))
    if row.pause.fault:
        app.note(clean(f"The last answer was not accepted: {row.pause.fault}"))
    values: dict[str, Any] = {}
    for name, schema in row.fields.items():
        value = _ask_field(app, row, name, schema)
        if value is not _NOT_GIVEN:
            values[name] = value
    return values


def _ask_field(app: App, row: Waiting, name: str, schema: Mapping[str, Any]) -> Any:
    root = row.schema or {}
    found = resolved(schema, root)
    required = name in root.get("required", ())
    words = described(schema, root)
    label = f"{name} ({words})" if words != "anything" else name
    if found.get("description"):
        label = f"{label}: {one_line(str(found['description']))}"
    while True:
        text = _prompt(label, found.get("default", _NOT_GIVEN), required)
        if text is None:
            return _NOT_GIVEN
        value = read_field(text, schema, root)
        wrong = problems(value, _in(schema, root))
        if not wrong:
            return value
        app.note(clean(f"  {wrong[0]}"))


def _prompt(label: str, default: Any, required: bool) -> str | None:
    """What was typed; None when nothing was, and nothing needs to be."""
    kept = ""
    if not required:
        kept = "" if default in (_NOT_GIVEN, None) else shown(default)
        label = f"{label} [{kept}]"
    while True:
        text: str = click.prompt(clean(label), default="", show_default=False, err=True)
        if text or not required:
            return text or None


def _example(row: Waiting) -> str:
    names = (row.schema or {}).get("required") or list(row.fields)[:1]
    return "".join(f" -i {name}=…" for name in names)
