"""What a flow's parameters become, and what is said of those that do not fit."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import (  # noqa: UP035 - users write it
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    Protocol,
    Tuple,
    TypeVar,
    Union,
)

import numpy as np
import pandas as pd
import pydantic
import pytest
from pydantic import Field

from noria.core.errors import ParameterTypeError, SignatureMismatchError
from noria.core.parameters import ParameterSpec
from noria.core.validation import conforms, describe, validate_parameters


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


class Row(pydantic.BaseModel):
    id: int


class Checked(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(revalidate_instances="always")
    id: int


@dataclasses.dataclass
class Point:
    x: int


class Pair(NamedTuple):
    a: int
    b: str


class Plain: ...


class Runs(Protocol):
    def run(self) -> None: ...


class Text(str):
    __slots__ = ()


UserId = NewType("UserId", int)
Anything = TypeVar("Anything")
Number = TypeVar("Number", int, float)
Small = TypeVar("Small", bound=int)


def validated(annotation, value):
    def load(x): ...

    load.__annotations__ = {"x": annotation}
    return validate_parameters("etl", ParameterSpec.of(load), {"x": value})["x"]


FITTING = [
    (int, 7),
    (float, 1.5),
    (float, np.float64(1.5)),
    (str, "航班"),
    (bytes, b"x"),
    (bool, True),
    (None, None),
    (object, Plain()),
    (Any, Plain()),
    (list, [1, "a"]),
    (list[int], [1, 2]),
    (list[Row], [Row(id=1)]),
    (list[pd.DataFrame], [pd.DataFrame()]),
    (set[str], {"a"}),
    (collections.deque[int], collections.deque([1])),
    (tuple, (1, "a")),
    (Tuple, (1, "a")),  # noqa: UP006
    (tuple[int, ...], (1, 2, 3)),
    (tuple[int, str], (1, "a")),
    (dict, collections.OrderedDict(a=1)),
    (dict[str, list[int]], {"a": [1]}),
    (Mapping[str, int], {"a": 1}),
    (Sequence[int], (1, 2)),
    (Iterable[int], iter([1, 2])),
    (Iterator[int], iter([1, 2])),
    (Callable[[int], int], len),
    (type, int),
    (Optional[int], None),  # noqa: UP045
    (Union[int, str], "1"),  # noqa: UP007
    (int | None, 3),
    (Literal["a", 1], "a"),
    (Annotated[int, "for people"], 3),
    (datetime.datetime, pd.Timestamp("2013-01-01")),
    (datetime.date, datetime.date(2013, 1, 1)),
    (datetime.timedelta, datetime.timedelta(1)),
    (decimal.Decimal, decimal.Decimal("1.5")),
    (uuid.UUID, uuid.UUID(int=1)),
    (pathlib.PurePath, pathlib.Path("a")),
    (Colour, Colour.RED),
    (Row, Row(id=1)),
    (Point, Point("not checked")),  # type: ignore[arg-type]
    (Pair, Pair(1, "a")),
    (Plain, Plain()),
    (pd.DataFrame, pd.DataFrame({"a": [1]})),
    (np.ndarray, np.zeros(3)),
    (np.ndarray[Any, np.dtype[np.float64]], np.zeros(3)),
    (UserId, 3),
    (Anything, Plain()),
    (Number, 1.5),
    (Small, 1),
    (Runs, 3),
]


@pytest.mark.parametrize("place", range(len(FITTING)))
def test_what_fits_stays_the_same_object(place):
    annotation, value = FITTING[place]
    assert conforms(value, annotation)
    assert validated(annotation, value) is value


def test_what_fits_needs_no_pydantic():
    script = (
        "import sys\n"
        "from noria.core.parameters import ParameterSpec\n"
        "from noria.core.validation import validate_parameters\n"
        "def etl(x: int, rows: 'list[dict[str, int]]', y: str | None = None): ...\n"
        "spec = ParameterSpec.of(etl)\n"
        "validate_parameters('etl', spec, spec.bind((1, [{'a': 1}]), {}))\n"
        "sys.stdout.write(str('pydantic' in sys.modules))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout == "False"


CONVERTED = [
    (int, "5", 5),
    (int, True, 1),
    (int, 1.0, 1),
    (float, 1, 1.0),
    (float, "1.5", 1.5),
    (str, b"x", "x"),
    (str, Text("a"), "a"),
    (bool, "yes", True),
    (bool, 1, True),
    (bytes, "a", b"a"),
    (list[int], ("1", 2), [1, 2]),
    (list[int], range(3), [0, 1, 2]),
    (list, (1,), [1]),
    (tuple, [1], (1,)),
    (tuple[int, ...], ["1"], (1,)),
    (set[int], [1, 1], {1}),
    (dict[str, int], {"a": "1"}, {"a": 1}),
    (Sequence[int], ["1"], [1]),
    (Optional[int], "1", 1),  # noqa: UP045
    (str | int, True, 1),
    (Literal["a", 1], True, 1),
    (datetime.datetime, "2013-01-01T00:00:00", datetime.datetime(2013, 1, 1)),  # noqa: DTZ001
    (datetime.date, "2013-01-01", datetime.date(2013, 1, 1)),
    (datetime.date, datetime.datetime(2013, 1, 1), datetime.date(2013, 1, 1)),  # noqa: DTZ001
    (datetime.timedelta, 5, datetime.timedelta(seconds=5)),
    (decimal.Decimal, "1.5", decimal.Decimal("1.5")),
    (uuid.UUID, "00000000-0000-0000-0000-000000000001", uuid.UUID(int=1)),
    (pathlib.Path, "a/b", pathlib.Path("a/b")),
    (Colour, "r", Colour.RED),
    (Row, {"id": "1"}, Row(id=1)),
    (list[Row], [{"id": 1}], [Row(id=1)]),
    (Optional[Row], {"id": 1}, Row(id=1)),  # noqa: UP045
    (Checked, {"id": 1}, Checked(id=1)),
    (Point, {"x": "1"}, Point(1)),
    (Pair, (1, "a"), Pair(1, "a")),
    (UserId, "3", 3),
]


@pytest.mark.parametrize("place", range(len(CONVERTED)))
def test_what_does_not_fit_is_converted(place):
    annotation, value, expected = CONVERTED[place]
    converted = validated(annotation, value)
    assert converted == expected
    assert type(converted) is type(expected)


REFUSED = [
    (int, "abc", "x: Input should be a valid integer, unable to parse string as an integer"),
    (int, None, "x: Input should be a valid integer"),
    (int, 1.5, "x: Input should be a valid integer, got a number with a fractional part"),
    (str, 1, "x: Input should be a valid string"),
    (Row, {"id": "z"}, "x.id: Input should be a valid integer, unable to parse string"),
    (Colour, "q", "x: Input should be 'r' or 'g'"),
    (Plain, 1, "x: Input should be an instance of Plain"),
    (pd.DataFrame, [1], "x: Input should be an instance of DataFrame"),
    (int | str, 1.5, "x.int: Input should be a valid integer, got a number"),
    (dict[str, int], {1: 1}, "x.1.[key]: Input should be a valid string"),
    (Sequence[str], "ab", "x: 'str' instances are not allowed as a Sequence value"),
    (Annotated[int, Field(gt=3)], 2, "x: Input should be greater than 3"),
    (Checked, Checked.model_construct(id="z"), "x.id: Input should be a valid integer"),
]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("place", range(len(REFUSED)))
def test_what_cannot_be_converted_is_refused(place):
    annotation, value, line = REFUSED[place]
    with pytest.raises(ParameterTypeError) as caught:
        validated(annotation, value)
    assert str(caught.value).startswith(f"Flow run received invalid parameters:\n - {line}")


def test_the_message_names_flow_parameter_value_and_type():
    def etl(x: int, y: list[Row], z: str): ...

    spec = ParameterSpec.of(etl)
    with pytest.raises(ParameterTypeError) as caught:
        validate_parameters("清洗", spec, {"x": "abc", "y": 3, "z": "fine"})
    assert str(caught.value).splitlines() == [
        "Flow run received invalid parameters:",
        " - x: Input should be a valid integer, unable to parse string as an integer",
        " - y: Input should be a valid list",
        "Flow '清洗' parameter 'x': expected int, found 'abc' (str).",
        "Flow '清洗' parameter 'y': expected list[Row], found 3 (int).",
    ]


def test_the_message_does_not_show_all_of_a_large_value():
    with pytest.raises(ParameterTypeError) as caught:
        validated(int, pd.DataFrame({"a": range(1000)}))
    assert "found DataFrame 1000×1 (DataFrame)." in str(caught.value)


def test_a_missing_parameter_is_said_to_be_missing():
    def etl(x: int, y): ...

    with pytest.raises(ParameterTypeError) as caught:
        validate_parameters("etl", ParameterSpec.of(etl), {})
    assert str(caught.value).splitlines() == [
        "Flow run received invalid parameters:",
        " - x: Field required",
        " - y: Field required",
        "Flow 'etl' parameter 'x': expected int, found nothing.",
        "Flow 'etl' parameter 'y': expected a value, found nothing.",
    ]


def test_an_unknown_parameter_does_not_match_the_signature():
    def etl(x: int): ...

    with pytest.raises(SignatureMismatchError, match=r"\['x'\].*\['x', 'y'\]"):
        validate_parameters("etl", ParameterSpec.of(etl), {"x": 1, "y": 2})


def test_missing_parameters_get_their_defaults_in_the_order_of_the_signature():
    def etl(x: int, y: int = 3, *more, **options): ...

    valid = validate_parameters("etl", ParameterSpec.of(etl), {"x": 1})
    assert list(valid.items()) == [("x", 1), ("y", 3), ("more", ()), ("options", {})]


def test_the_given_parameters_are_not_changed():
    def etl(x: int): ...

    given = {"x": "1"}
    assert validate_parameters("etl", ParameterSpec.of(etl), given) == {"x": 1}
    assert given == {"x": "1"}


def test_var_arguments_are_left_alone():
    def etl(*numbers: int, **options: int): ...

    given = {"numbers": ("a",), "options": {"z": "b"}}
    valid = validate_parameters("etl", ParameterSpec.of(etl), given)
    assert valid["numbers"] is given["numbers"]
    assert valid["options"] is given["options"]


def test_a_default_is_converted_and_a_default_of_none_is_not_checked():
    def etl(folder: pathlib.Path = "data", rows: int = None): ...  # type: ignore[assignment]  # noqa: RUF013

    spec = ParameterSpec.of(etl)
    valid = validate_parameters("etl", spec, spec.bind((), {}))
    assert valid == {"folder": pathlib.Path("data"), "rows": None}


def test_a_field_as_default_brings_its_constraints():
    def etl(rows: int = Field(default=5, gt=3)): ...

    spec = ParameterSpec.of(etl)
    assert validate_parameters("etl", spec, spec.bind((), {})) == {"rows": 5}
    assert validate_parameters("etl", spec, {"rows": "4"}) == {"rows": 4}
    with pytest.raises(ParameterTypeError, match="rows: Input should be greater than 3"):
        validate_parameters("etl", spec, {"rows": 2})


def test_a_constraint_that_holds_keeps_the_object():
    value = 10**20
    assert validated(Annotated[int, Field(gt=3)], value) is value


def test_what_cannot_be_resolved_is_left_alone():
    def etl(x: Missing, y: int): ...  # type: ignore[name-defined]  # noqa: F821

    assert validate_parameters("etl", ParameterSpec.of(etl), {"x": "1", "y": "2"}) == {
        "x": "1",
        "y": 2,
    }


def test_what_pydantic_cannot_judge_is_left_alone():
    class Odd:
        @classmethod
        def __get_pydantic_core_schema__(cls, *_):
            raise RuntimeError("no schema")

    assert validated(Odd, 3) == 3


def test_self_is_left_alone():
    class Flows:
        def etl(self, x: int): ...

    flows = Flows()
    valid = validate_parameters("etl", ParameterSpec.of(Flows.etl), {"self": flows, "x": "1"})
    assert valid == {"self": flows, "x": 1}


def test_names_that_a_model_could_not_have_are_fine():
    def etl(_x: int, copy: int, model_config: int, schema: int): ...

    given = {"_x": "1", "copy": "2", "model_config": "3", "schema": "4"}
    valid = validate_parameters("etl", ParameterSpec.of(etl), given)
    assert list(valid.values()) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (None, "None"),
        (Optional[list[int]], "list[int] | None"),  # noqa: UP045
        (tuple[int, ...], "tuple[int, ...]"),
        (dict[str, Row], "dict[str, Row]"),
        (Literal["a", 1], "'a' | 1"),
        (Annotated[int, Field(gt=3)], "int"),
        (Callable[[int], int], "Callable"),
        (UserId, "UserId"),
    ],
)
def test_types_are_described_as_people_write_them(annotation, text):
    assert describe(annotation) == text


@pytest.mark.parametrize("name", ["int", "bool", "float", "Colour", "Row", "datetime"])
def test_none_does_not_conform_unless_it_is_allowed(name):
    kinds = {"int": int, "bool": bool, "float": float, "Colour": Colour, "Row": Row}
    annotation = kinds.get(name, datetime.datetime)
    assert not conforms(None, annotation)
    assert conforms(None, Optional[annotation])  # noqa: UP045
