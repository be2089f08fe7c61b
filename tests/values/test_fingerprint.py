"""The fingerprint of a call: by content up to a size, by origin where that is known."""

from __future__ import annotations

import threading
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.values.digest import fingerprint

LIMIT = 10_000


def nothing(value: object) -> bytes | None:
    return None


def results_of(**calls: Any) -> Any:
    """A `known` that recognises these very objects."""
    by_id = {id(value): name.encode() for name, value in calls.items()}
    return lambda value: by_id.get(id(value))


def test_names_and_content_count_order_does_not() -> None:
    base = fingerprint({"x": 1, "y": [2]}, LIMIT, nothing)
    assert fingerprint({"y": [2], "x": 1}, LIMIT, nothing) == base
    assert base[1] == []
    for other in ({"x": 1, "y": [3]}, {"x": 1, "z": [2]}, {"x": 1}, {"x": 1.0, "y": [2]}):
        assert fingerprint(other, LIMIT, nothing)[0] != base[0]


def test_a_known_result_stands_for_its_call() -> None:
    frame, lock = numpy.arange(10_000_000), threading.Lock()
    known = results_of(extract=frame, connect=lock)
    digest, left_out = fingerprint({"frame": frame, "lock": lock}, LIMIT, known)
    assert left_out == []
    frame[0] = 7
    assert fingerprint({"frame": frame, "lock": lock}, LIMIT, known)[0] == digest
    swapped = results_of(connect=frame, extract=lock)
    assert fingerprint({"frame": frame, "lock": lock}, LIMIT, swapped)[0] != digest


@pytest.mark.parametrize(
    "around",
    [
        lambda part: [part],
        lambda part: (1, part),
        lambda part: {"a": part},
        lambda part: {1: part, "b": 2},
        lambda part: [[0, part]],
        lambda part: {"a": [part]},
        lambda part: [{"a": part}],
    ],
    ids=["list", "tuple", "dict", "odd keys", "list in list", "list in dict", "dict in list"],
)
def test_known_results_are_found_two_containers_deep(around: Any) -> None:
    lock = threading.Lock()
    one = fingerprint({"x": around(lock)}, LIMIT, results_of(a=lock))
    other = fingerprint({"x": around(lock)}, LIMIT, results_of(b=lock))
    assert one[1] == other[1] == []
    assert one[0] != other[0]


def test_known_results_deeper_down_are_not_looked_for() -> None:
    lock = threading.Lock()
    assert fingerprint({"x": [[[lock]]]}, LIMIT, results_of(a=lock))[1] == ["x"]


def test_numbers_and_short_texts_always_count_by_content() -> None:
    def everything(value: object) -> bytes:
        raise AssertionError(f"asked about {value!r}")

    fingerprint({"a": 1, "b": "text", "c": None, "d": 1.5, "e": b"raw"}, LIMIT, everything)
    text = "long" * 100
    assert fingerprint({"a": text}, 10, results_of(read=text))[1] == []


@pytest.mark.parametrize(
    "large",
    [
        "x" * 20_000,
        b"x" * 20_000,
        bytearray(20_000),
        list(range(3_000)),
        [["x" * 1_000] for _ in range(20)],
        {str(number): [number] for number in range(1_000)},
        {"a": {"b": "x" * 20_000}},
        numpy.zeros(20_000),
        [PurePath(str(number)) for number in range(1_000)],
        [[]] * 20_000,
    ],
    ids=[
        *("text", "bytes", "bytearray", "flat list", "list of lists", "dict", "text in dicts"),
        *("array", "objects", "one object many times"),
    ],
)
def test_what_is_too_large_is_left_out_by_name(large: Any) -> None:
    digest, left_out = fingerprint({"a": 1, "large": large, "z": 2}, LIMIT, nothing)
    assert left_out == ["large"]
    assert digest == fingerprint({"a": 1, "large": threading.Lock(), "z": 2}, LIMIT, nothing)[0]
    assert digest != fingerprint({"a": 1, "z": 2}, LIMIT, nothing)[0]
    assert fingerprint({"large": large}, 100_000_000, nothing)[1] == []


def test_each_argument_has_the_limit_for_itself() -> None:
    arguments = dict.fromkeys("abc", "x" * 8000)
    assert fingerprint(arguments, LIMIT, nothing)[1] == []


def test_a_path_counts_by_name_whatever_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "output"
    before = fingerprint({"file": file}, LIMIT, nothing)
    file.write_bytes(b"x" * 20_000)
    assert fingerprint({"file": file}, LIMIT, nothing) == before
    assert fingerprint({"file": tmp_path / "other"}, LIMIT, nothing) != before


def test_names_left_out_come_in_the_order_of_the_call() -> None:
    lock = threading.Lock()
    assert fingerprint({"z": lock, "m": 1, "a": lock}, LIMIT, nothing)[1] == ["z", "a"]


class Odd(PurePosixPath):
    def __str__(self) -> str:
        raise OSError("gone")


def test_no_object_makes_it_fail() -> None:
    assert fingerprint({"odd": {"a": Odd()}}, LIMIT, nothing)[1] == ["odd"]


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers() | st.text()), max_size=4))
def test_equal_arguments_have_equal_fingerprints(arguments: dict[str, Any]) -> None:
    again = {name: list(value) for name, value in reversed(arguments.items())}
    assert fingerprint(again, LIMIT, nothing) == fingerprint(arguments, LIMIT, nothing)
