"""Parameters given as text."""

import enum
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from noria.cli.errors import CliError
from noria.cli.parameters import read_parameters, read_value
from noria.core.parameters import ParameterSpec


class Color(enum.Enum):
    RED = "1"


class Level(enum.Enum):
    LOW = 1


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("5", int, 5),
        ("5", Any, 5),
        ("[1, 2]", list[int], [1, 2]),
        ('{"a": null}', dict, {"a": None}),
        ("true", bool, True),
        ("yes", bool, "yes"),
        ("two words", Any, "two words"),
        ("城市", str, "城市"),
        ("5", str, "5"),
        ("1.10", str, "1.10"),
        ("true", str, "true"),
        ("[1]", str, "[1]"),
        ('"5"', str, "5"),
        ("null", str, "null"),
        ("null", str | None, None),
        ("5", str | None, "5"),
        ("5", int | str, 5),
        ("20261122", date, "20261122"),
        ("0.10", Decimal, "0.10"),
        ("2013", Path, "2013"),
        ("5", Annotated[str, "a note"], "5"),
        ("1", Color, "1"),
        ("1", Level, 1),
        ("5", Literal[5], 5),
        ("NaN", float, "NaN"),
        ("", str, ""),
    ],
)
def test_a_text_is_json_unless_the_parameter_is_a_text(text, annotation, value):
    assert read_value(text, annotation) == value
    assert type(read_value(text, annotation)) is type(value)


def flow(year: int, months: list[int] | None = None, *, city: str = "上海") -> None:
    pass


SPEC = ParameterSpec.of(flow)


def refused(document, *assignments):
    with pytest.raises(CliError) as caught:
        read_parameters(SPEC, document, assignments)
    return caught.value.lines()


def test_assignments_win_over_the_document():
    found = read_parameters(SPEC, '{"year": 2013, "city": "北京"}', ["year=2014", "city=a=b"])
    assert found == {"year": 2014, "city": "a=b"}


def test_a_document_may_be_a_file_or_stdin(tmp_path, monkeypatch):
    file = tmp_path / "参数.json"
    file.write_text('{"year": 1}', encoding="utf-8")
    assert read_parameters(SPEC, f"@{file}", []) == {"year": 1}
    monkeypatch.setattr("sys.stdin", io.StringIO('{"year": 2}'))
    assert read_parameters(SPEC, "-", []) == {"year": 2}


def test_a_misspelt_name_is_answered_with_the_near_one():
    assert refused(None, "yaer=1") == [
        "error[N003]: flow has no parameter yaer",
        "  did you mean year?",
        "  it takes year, months, city",
    ]


def test_a_missing_parameter_is_named():
    assert refused(None) == [
        "error[N003]: flow needs year",
        "  it takes year, months, city",
        "  give it: -p year=...",
    ]


def test_what_is_no_assignment_is_shown():
    assert refused(None, "year") == [
        "error[N003]: -p year is no parameter",
        "  expected name=value",
        "  for example: -p year=1",
    ]


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ("{year: 1}", "error[N003]: --params is no JSON"),
        ("[1]", "error[N003]: --params is a JSON list"),
        ("3", "error[N003]: --params is a JSON number"),
        ("@/no/such/file.json", "error[N013]: cannot read the parameters in /no/such/file.json"),
    ],
)
def test_a_document_that_cannot_be_read_is_named(document, what):
    assert refused(document)[0] == what


def test_a_flow_with_keyword_arguments_takes_any_name():
    def open_flow(**anything):
        pass

    assert read_parameters(ParameterSpec.of(open_flow), None, ["a=1"]) == {"a": 1}
