"""Serializers: by name, with options, and what goes there and back."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import re
import threading
import uuid
from typing import Any, Generic, TypeVar

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import SerializationError
from noria.serializers import (
    CompressedJSONSerializer,
    CompressedPickleSerializer,
    CompressedSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
    json_object_decoder,
    json_object_encoder,
    prefect_json_object_decoder,
    prefect_json_object_encoder,
)

T = TypeVar("T")

ALL = [
    PickleSerializer(),
    JSONSerializer(),
    CompressedSerializer(serializer="pickle"),
    CompressedSerializer(serializer=JSONSerializer(), compressionlib="zlib"),
    CompressedPickleSerializer(),
    CompressedJSONSerializer(compressionlib="bz2"),
]


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Point:
    x: int
    tags: list[str]


class Model(pydantic.BaseModel):
    at: datetime.datetime
    points: list[Point] = []

    class Inner(pydantic.BaseModel):
        number: int


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("serializer", ALL, ids=range(len(ALL)))
@given(value=plain)
def test_plain_data_come_back(serializer: Serializer[Any], value: Any) -> None:
    blob = serializer.dumps(value)
    assert isinstance(blob, bytes)
    assert serializer.loads(blob) == value


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("pickle", PickleSerializer),
        ("json", JSONSerializer),
        ("compressed/pickle", CompressedPickleSerializer),
        ("compressed/json", CompressedJSONSerializer),
    ],
)
def test_a_serializer_is_chosen_by_type(name: str, cls: Any) -> None:
    chosen = Serializer(type=name)
    assert type(chosen) is cls
    assert chosen.type == name
    assert chosen == cls() == cls(type=name)


def test_options_go_with_the_type() -> None:
    chosen = Serializer(type="compressed", serializer="json", compressionlib="bz2")
    assert chosen == CompressedSerializer(serializer=JSONSerializer(), compressionlib="bz2")
    assert Serializer(type="json", jsonlib="json").dumps({"a": 1}) == b'{"a": 1}'


def test_an_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'yaml'; known are compressed, .*pickle"):
        Serializer(type="yaml")


def test_a_class_does_not_take_the_type_of_another() -> None:
    with pytest.raises(ValueError, match="JSONSerializer is of type 'json', not 'pickle'"):
        JSONSerializer(type="pickle")


def test_the_base_class_serializes_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Serializer().dumps(1)
    with pytest.raises(NotImplementedError):
        Serializer().loads(b"")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (PickleSerializer(), PickleSerializer(), True),
        (PickleSerializer(), PickleSerializer(picklelib="pickle"), False),
        (PickleSerializer(), JSONSerializer(), False),
        (CompressedPickleSerializer(), CompressedPickleSerializer(), True),
        (CompressedPickleSerializer(), CompressedSerializer(serializer="pickle"), False),
        (CompressedSerializer(serializer="json"), CompressedSerializer(serializer="pickle"), False),
    ],
)
def test_serializers_are_equal_by_class_and_options(one: Any, other: Any, equal: bool) -> None:
    assert (one == other) is equal


def test_a_serializer_shows_its_options() -> None:
    assert repr(PickleSerializer()) == (
        "PickleSerializer(type='pickle', picklelib='cloudpickle', picklelib_version=None)"
    )


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: JSONSerializer(dumps_kwargs={"default": str}), "'object_encoder'"),
        (lambda: JSONSerializer(loads_kwargs={"object_hook": str}), "'object_decoder'"),
        (lambda: PickleSerializer(picklelib="no.such"), "'no.such', which cannot be imported"),
        (lambda: PickleSerializer(picklelib="re"), "no function 'dumps'"),
        (lambda: CompressedSerializer(serializer="json", compressionlib="json"), "'compress'"),
        (lambda: CompressedSerializer(serializer="json", compressionlib="no"), "imported"),
        (lambda: CompressedSerializer(), "needs the option 'serializer'"),
        (lambda: CompressedSerializer(serializer="yaml"), "no serializer of type 'yaml'"),
    ],
    ids=["default", "hook", "no pickle", "not pickle", "not lzma", "no lzma", "none", "unknown"],
)
def test_wrong_options_are_named(make: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make()


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="level"):
        Serializer(type="json", level=3)


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2020, 1, 1, 12, 30, tzinfo=datetime.UTC),
        datetime.date(2020, 1, 1),
        datetime.time(1, 2),
        datetime.timedelta(seconds=3.5),
        decimal.Decimal("1.10"),
        uuid.UUID(int=5),
        pathlib.Path("/a/文件"),
        {1, 2},
        frozenset({"a"}),
        collections.deque([1, 2]),
        b"raw",
        1 + 2j,
        re.compile("a+"),
        Colour.RED,
        Point(1, ["a"]),
        Model(at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), points=[Point(1, [])]),
        Model.Inner(number=1),
        Page[int](items=[1]),
    ],
    ids=lambda value: type(value).__qualname__,
)
@pytest.mark.parametrize(
    "around", [lambda value: value, lambda value: {"a": [value]}], ids=["", "in"]
)
def test_objects_come_back_from_json(value: Any, around: Any) -> None:
    serializer = JSONSerializer()
    back = serializer.loads(serializer.dumps(around(value)))
    if isinstance(value, Page):
        # The class is found by name, and that is the one without its parameter.
        back, value = json_object_encoder(back), json_object_encoder(around(value))
        assert str(back) == str(value)
        return
    assert back == around(value)
    assert type(back) is type(around(value))


def test_the_form_of_an_object_in_json() -> None:
    blob = JSONSerializer().dumps({"p": Point(1, [])})
    assert json.loads(blob) == {
        "p": {"__class__": f"{__name__}.Point", "data": {"x": 1, "tags": []}}
    }


def test_exceptions_come_back_from_json() -> None:
    serializer = JSONSerializer()
    assert json.loads(serializer.dumps(KeyError("k"))) == {
        "__exc_type__": "builtins.KeyError",
        "message": "'k'",
    }
    back = serializer.loads(serializer.dumps(ValueError("no")))
    assert type(back) is ValueError
    assert str(back) == "no"


@pytest.mark.parametrize("name", ["json.dumps", "builtins.int", "no.such.Error"])
def test_what_is_no_exception_is_not_raised_as_one(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is not an exception type"):
        json_object_decoder({"__exc_type__": name, "message": ""})


@pytest.mark.parametrize(
    "value", [{"__class__": "no.such", "data": 1}, {"__class__": "x"}, {"__class__": 1, "data": 2}]
)
def test_a_dict_that_only_looks_like_an_object_stays_one(value: Any) -> None:
    assert JSONSerializer().loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "value", [object(), int, range(3), b"\xff", threading.Lock()], ids=lambda v: type(v).__name__
)
def test_what_has_no_form_in_json_is_named(value: Any) -> None:
    with pytest.raises(SerializationError, match=f"{type(value).__name__}.*has no form in JSON"):
        JSONSerializer().dumps([value])


def test_encoder_and_decoder_can_be_chosen() -> None:
    assert JSONSerializer(object_encoder="builtins.repr").dumps({1}) == b'"{1}"'
    with pytest.raises(TypeError, match="not JSON serializable"):
        JSONSerializer(object_encoder=None).dumps({1})
    blob = JSONSerializer().dumps({1})
    assert JSONSerializer(object_decoder=None).loads(blob) == {
        "__class__": "builtins.set",
        "data": [1],
    }
    assert JSONSerializer(object_decoder="builtins.len").loads(b'{"a": 1}') == 1


def test_the_spelling_of_others_works_as_well() -> None:
    assert prefect_json_object_encoder is json_object_encoder
    assert prefect_json_object_decoder is json_object_decoder
    name = "noria.serializers.prefect_json_object_encoder"
    assert JSONSerializer(object_encoder=name).dumps({1}) == JSONSerializer().dumps({1})


def test_keywords_for_the_library() -> None:
    serializer = JSONSerializer(
        dumps_kwargs={"sort_keys": True, "ensure_ascii": False}, loads_kwargs={"parse_int": str}
    )
    assert serializer.dumps({"b": 1, "水": 2}) == '{"b": 1, "水": 2}'.encode()
    assert serializer.loads(b"[1]") == ["1"]


def test_another_pickle_library_is_used_as_it_is() -> None:
    with pytest.raises(AttributeError, match="lambda"):
        PickleSerializer(picklelib="pickle").dumps(lambda: 1)
    assert str(PickleSerializer(picklelib="json").dumps([1])) == "[1]"
    assert PickleSerializer().loads(PickleSerializer().dumps(lambda: 3))() == 3


def test_compression_compresses() -> None:
    assert len(CompressedPickleSerializer().dumps("x" * 10_000)) < 300
    assert CompressedJSONSerializer(serializer="pickle").serializer == PickleSerializer()


def test_a_serializer_of_the_users() -> None:
    class Lines(Serializer[list[str]]):
        type: str = "lines"
        end: str = "\n"
        width: int

        def dumps(self, obj: list[str]) -> bytes:
            return self.end.join(line[: self.width] for line in obj).encode()

        def loads(self, blob: bytes) -> list[str]:
            return blob.decode().split(self.end)

    serializer = Serializer(type="lines", width=3)
    assert type(serializer) is Lines
    assert serializer.loads(serializer.dumps(["abcd", "水车"])) == ["abc", "水车"]
    assert serializer == Lines(width=3)
    assert serializer != Lines(width=3, end=";")
    with pytest.raises(ValueError, match="needs the option 'width'"):
        Lines()


def test_a_users_serializer_may_describe_its_options_with_pydantic() -> None:
    class Levelled(Serializer[Any]):
        type: str = pydantic.Field(default="levelled", frozen=True)
        level: int = pydantic.Field(default=3)
        parts: list[int] = pydantic.Field(default_factory=list)

    serializer: Any = Serializer(type="levelled", level=5)
    assert (serializer.type, serializer.level, serializer.parts) == ("levelled", 5, [])


def test_a_users_serializer_may_have_a_constructor_of_its_own() -> None:
    class Shifted(Serializer[int]):
        type = "shifted"

        def __init__(self, by: int = 1, **options: Any) -> None:
            super().__init__(**options)
            self.by = by

        def dumps(self, obj: int) -> bytes:
            return b"%d" % (obj + self.by)

    assert Shifted(2).dumps(1) == b"3"
    assert type(Serializer(type="shifted")) is Shifted
