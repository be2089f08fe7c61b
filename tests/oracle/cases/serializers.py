"""Result serializers."""

import datetime
import uuid
from typing import Any

import pydantic
from prefect.serializers import (
    CompressedJSONSerializer,
    CompressedPickleSerializer,
    CompressedSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
)

from tests.oracle.harness import caught_as, outcome, refused

VALUES: list[Any] = [None, True, 3, 2.5, "text 中文", [1, [2]], {"a": {"b": 1}}]


class Model(pydantic.BaseModel):
    n: int


def round_trip(serializer: Any, value: Any) -> Any:
    return serializer.loads(serializer.dumps(value))


def case_type_names() -> Any:
    return [
        PickleSerializer().type,
        JSONSerializer().type,
        CompressedPickleSerializer().type,
        CompressedJSONSerializer().type,
        CompressedSerializer(serializer="json").type,
    ]


def case_round_trips_of_plain_values() -> Any:
    kinds = (PickleSerializer, JSONSerializer, CompressedPickleSerializer, CompressedJSONSerializer)
    return {
        kind.__name__: [round_trip(kind(), value) for value in VALUES] == VALUES for kind in kinds
    }


def case_pickle_keeps_types() -> Any:
    values = [(1, 2), {1, 2}, b"raw", datetime.date(2024, 1, 2), Model(n=1)]
    return [round_trip(PickleSerializer(), value) == value for value in values]


def case_pickle_keeps_local_functions() -> Any:
    factor = 3
    return round_trip(PickleSerializer(), lambda x: factor * x)(5)


def case_json_of_plain_values_is_plain_json() -> Any:
    return [JSONSerializer().dumps(value).decode() for value in VALUES]


def case_json_turns_tuples_into_lists() -> Any:
    return round_trip(JSONSerializer(), (1, 2))


def case_json_restores_models_dates_and_ids() -> Any:
    values: list[Any] = [
        Model(n=1),
        datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
        uuid.UUID(int=1),
    ]
    return [outcome(lambda v=v: round_trip(JSONSerializer(), v) == v) for v in values]


def case_json_restores_exceptions() -> Any:
    return round_trip(JSONSerializer(), ValueError("v"))


def case_json_refuses_what_it_cannot_encode() -> Any:
    return refused(lambda: JSONSerializer().dumps(lambda: 1))


def case_json_options() -> Any:
    plain = JSONSerializer(dumps_kwargs={"indent": 1})
    bare = JSONSerializer(object_encoder=None, object_decoder=None)
    return [
        plain.dumps({"a": 1}).decode(),
        bare.dumps([1]).decode(),
        caught_as(lambda: JSONSerializer(dumps_kwargs={"default": 1}), ValueError),
        caught_as(lambda: JSONSerializer(loads_kwargs={"object_hook": 1}), ValueError),
    ]


def case_serializer_by_type_name() -> Any:
    return [
        type(Serializer(type="pickle")).__name__,
        type(Serializer(type="json")).__name__,
        type(Serializer(type="compressed/json")).__name__,
        type(Serializer(type="compressed/pickle")).__name__,
        caught_as(lambda: Serializer(type="yaml"), ValueError),
    ]


def case_compressed_wraps_another() -> Any:
    wrapped = CompressedSerializer(serializer="json", compressionlib="bz2")
    return [
        type(wrapped.serializer).__name__,
        wrapped.compressionlib,
        round_trip(wrapped, {"a": [1]}),
        len(wrapped.dumps("a" * 1000)) < 1000,
    ]


def case_default_compression() -> Any:
    return [
        CompressedJSONSerializer().compressionlib,
        type(CompressedPickleSerializer().serializer).__name__,
    ]


def case_unknown_libraries_are_refused() -> Any:
    return [
        caught_as(lambda: PickleSerializer(picklelib="no_such_library"), ValueError),
        caught_as(
            lambda: CompressedSerializer(serializer="json", compressionlib="no_such_library"),
            ValueError,
        ),
    ]


def case_pickle_library() -> Any:
    return [PickleSerializer().picklelib, round_trip(PickleSerializer(picklelib="pickle"), [1])]


def case_equality_of_serializers() -> Any:
    return [JSONSerializer() == JSONSerializer(), JSONSerializer() == PickleSerializer()]


def case_unknown_options_are_refused() -> Any:
    return refused(lambda: JSONSerializer(colour=1))


def case_a_serializer_of_ones_own() -> Any:
    class Shout(Serializer):  # type: ignore[misc]
        type: str = "shout-test"

        def dumps(self, obj: Any) -> bytes:
            return str(obj).upper().encode()

        def loads(self, blob: bytes) -> Any:
            return blob.decode()

    return [round_trip(Shout(), "hello"), type(Serializer(type="shout-test")).__name__]


def case_dumps_returns_bytes() -> Any:
    kinds = (PickleSerializer, JSONSerializer, CompressedPickleSerializer, CompressedJSONSerializer)
    return [isinstance(kind().dumps([1]), bytes) for kind in kinds]
