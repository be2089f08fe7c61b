"""Parameters of a flow, given as text on the command line."""

from __future__ import annotations

import enum
import json
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from noria.cli.errors import CliError, Code, did_you_mean
from noria.core.parameters import ParameterSpec

_READ_FROM_TEXT = (str, bytes, date, time, Decimal, UUID, PurePath)


def read_parameters(
    spec: ParameterSpec, document: str | None, assignments: Iterable[str]
) -> dict[str, Any]:
    """The values to call a flow with.

    Parameters:
        spec: What the flow takes.
        document: A JSON object, `@` and the path of a file that holds one, or `-` for stdin.
        assignments: `name=value` each; they win over the document.

    Raises:
        CliError: A text cannot be read, or the names do not fit the flow.
    """
    values = read_document(document) if document is not None else {}
    for assignment in assignments:
        name, text = split_assignment(assignment)
        values[name] = read_value(text, spec.annotations.get(name, Any))
    _check_names(spec, values)
    return values


def split_assignment(assignment: str) -> tuple[str, str]:
    """The name and the text of `name=value`.

    Raises:
        CliError: It is none.
    """
    name, equals, text = assignment.partition("=")
    if not equals or not name:
        raise CliError(
            Code.BAD_PARAMETER,
            f"-p {assignment} is no parameter",
            "expected name=value",
            f"for example: -p {name or 'name'}=1",
        )
    return name, text


def read_value(text: str, annotation: Any) -> Any:
    """The value that a text stands for: JSON when it is JSON, else the text.

    A number stays text where the annotation wants one, so that `-p version=1.10` is not 1.1.

    Example:
        >>> read_value("[1, 2]", list[int]), read_value("007", str), read_value("1.10", str)
        ([1, 2], '007', '1.10')
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text
    members = _members(annotation)
    wanted = [member for member in members if member is not type(None)]
    if isinstance(value, str) or not wanted or not all(map(_is_read_from_text, wanted)):
        return value
    return None if value is None and type(None) in members else text


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _members(annotation: Any) -> list[Any]:
    """The types that an annotation allows."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [member for part in typing.get_args(annotation) for member in _members(part)]
    return [annotation]


def _is_read_from_text(kind: Any) -> bool:
    if not isinstance(kind, type):
        return False
    if issubclass(kind, enum.Enum):
        return all(isinstance(member.value, str) for member in kind)
    return issubclass(kind, _READ_FROM_TEXT)


def read_document(source: str) -> dict[str, Any]:
    """The values of a JSON object, of the file `@path`, or of stdin (`-`).

    Raises:
        CliError: It cannot be read, or is no object.
    """
    text, place = _text_of(source)
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CliError(
            Code.BAD_PARAMETER,
            f"{place} is no JSON",
            str(error),
            """expected an object, such as --params '{"year": 2013}'""",
        ) from None
    if not isinstance(values, dict):
        raise CliError(
            Code.BAD_PARAMETER,
            f"{place} is a JSON {_kind(values)}",
            "expected an object with a value for each parameter",
            """for example: --params '{"year": 2013}'""",
        )
    return values


def _kind(value: Any) -> str:
    names = {list: "list", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _text_of(source: str) -> tuple[str, str]:
    if source == "-":
        return sys.stdin.read(), "what came on stdin"
    if not source.startswith("@"):
        return source, "--params"
    path = source[1:]
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(), path
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(
            Code.NO_SUCH_FILE if isinstance(error, FileNotFoundError) else Code.BAD_PARAMETER,
            f"cannot read the parameters in {path}",
            error.strerror if isinstance(error, OSError) and error.strerror else str(error),
            "check the path, or give the JSON itself: --params '{...}'",
        ) from None


def _check_names(spec: ParameterSpec, values: Mapping[str, Any]) -> None:
    known = [n for n in spec.names if n not in (spec.var_positional, spec.var_keyword)]
    missing = [name for name in spec.required if name not in values]
    unknown = [] if spec.has_var_keyword else [name for name in values if name not in known]
    name = getattr(spec.fn, "__name__", "the flow")
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    if unknown:
        hint = did_you_mean(unknown[0], known)
        raise CliError(
            Code.BAD_PARAMETER,
            f"{name} has no parameter {', '.join(unknown)}",
            hint or takes,
            takes if hint else "",
        )
    if missing:
        raise CliError(
            Code.BAD_PARAMETER,
            f"{name} needs {', '.join(missing)}",
            takes,
            f"give {'it' if len(missing) == 1 else 'them'}: "
            + " ".join(f"-p {missed}=..." for missed in missing),
        )
