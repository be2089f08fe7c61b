"""Values against the schemas that pydantic writes: the same verdict as pydantic's, in sentences."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from noria.core.jsonschema import described, problems


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")
    城市: str
    zip: Annotated[str, Field(pattern=r"^\d{6}$")]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Order(BaseModel):
    count: Annotated[int, Field(ge=1, lt=10)]
    price: float | None = None
    tags: list[str] = []
    day: date | None = None
    id: UUID | None = None
    colour: Colour = Colour.RED
    address: Address | None = None
    pair: tuple[int, str] | None = None
    more: dict[str, int] = {}
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = []
    children: list[Order] = []


SCHEMA = Order.model_json_schema()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"price": None},
        {"price": 3},
        {"tags": ["甲", "b"]},
        {"day": "2026-11-22"},
        {"id": "0190a0a0-0000-7000-8000-000000000000"},
        {"colour": "blue"},
        {"address": {"城市": "上海", "zip": "200000"}},
        {"pair": [1, "x"]},
        {"more": {"a": 1}},
        {"pets": [{"kind": "cat", "lives": 9}, {"kind": "dog", "name": "b"}]},
        {"children": [{"count": 2, "children": [{"count": 3}]}]},
        {"unknown": 1},
    ],
)
def test_what_pydantic_takes_is_well(fields: dict[str, Any]) -> None:
    value = {"count": 1, **fields}
    Order.model_validate(value)
    assert problems(value, SCHEMA) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"count": 0}, "count: expected at least 1, found 0"),
        ({"count": 10}, "count: expected less than 10, found 10"),
        ({"count": 1.5}, "count: expected an integer, found 1.5"),
        ({"count": None}, "count: expected an integer, found null"),
        ({"price": "dear"}, "price: expected a number or null, found 'dear'"),
        ({"tags": "a"}, "tags: expected a list of texts, found 'a'"),
        ({"tags": ["a", 1]}, "tags[1]: expected a text, found 1"),
        ({"colour": "green"}, "colour: expected 'red' or 'blue', found 'green'"),
        ({"address": {"城市": "x", "zip": "1"}}, "address.zip: expected a text that matches "),
        ({"address": {"zip": "200000"}}, "address.城市: expected a text, found nothing"),
        (
            {"address": {"城市": "x", "zip": "200000", "区": 1}},
            "address.区: expected no such field (there are: 城市, zip), found 1",
        ),
        ({"pair": [1]}, "pair: expected 2 items, found 1"),
        ({"pair": ["a", "b"]}, "pair[0]: expected an integer, found 'a'"),
        ({"more": {"a": "b"}}, "more.a: expected an integer, found 'b'"),
        ({"pets": [{"kind": "cow"}]}, "pets[0]"),
        ({"children": [{"count": 0}]}, "children[0].count: expected at least 1, found 0"),
    ],
)
def test_what_pydantic_refuses_is_told(fields: dict[str, Any], sentence: str) -> None:
    value = {"count": 1, **fields}
    with pytest.raises(ValueError, match="validation error"):
        Order.model_validate(value)
    found = [str(each) for each in problems(value, SCHEMA)]
    assert any(each.startswith(sentence) for each in found), found


def test_truth_is_no_number() -> None:
    assert problems(True, {"type": "integer"})
    assert problems(1, {"type": "boolean"})
    assert problems(1, {"enum": [True]})
    assert problems(True, {"enum": [True]}) == []


def test_a_date_is_one() -> None:
    assert str(problems({"day": "soon"}, {"properties": {"day": {"format": "date"}}})[0]) == (
        "day: expected a date such as 2026-11-22, found 'soon'"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "an integer"),
        (list[int], "a list of integers"),
        (bool | None, "true or false or null"),
        (Literal["a", "b"], "'a' or 'b'"),
        (dict[str, int], "an object"),
        (Any, "anything"),
    ],
)
def test_a_schema_is_told_in_a_few_words(kind: Any, words: str) -> None:
    schema = TypeAdapter(kind).json_schema()
    assert described(schema, schema) == words


def test_a_schema_that_leads_in_a_circle_ends() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert problems(1, schema) == []


def test_a_long_value_is_cut() -> None:
    assert len(str(problems("x" * 1000, {"type": "integer"})[0])) < 100
