"""Digests of content: equal for equal content and for nothing else, in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.values.digest import content_digest, digest_arguments, digest_named
from tests.values.zoo import zoo

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=8)
    | st.binary(max_size=8)
)
hashables = st.recursive(scalars, lambda inner: st.tuples(inner, inner), max_leaves=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(hashables, inner, max_size=4)
        | st.sets(hashables, max_size=4)
    ),
    max_leaves=12,
)


def copied(value: Any) -> Any:
    """An equal value that shares no container, filled in the opposite order."""
    match value:
        case dict():
            return {copied(key): copied(part) for key, part in reversed(value.items())}
        case set():
            return {copied(part) for part in reversed(list(value))}
        case list():
            return [copied(part) for part in value]
        case tuple():
            return tuple([copied(part) for part in value])
        case str():
            return "".join(list(value))
    return value


def telling(value: Any) -> str:
    """A text that differs whenever two plain values differ in type, content or order."""
    match value:
        case dict():
            return f"dict{sorted((telling(k), telling(v)) for k, v in value.items())}"
        case set():
            return f"set{sorted(telling(part) for part in value)}"
        case list() | tuple():
            return f"{type(value).__name__}{[telling(part) for part in value]}"
    return f"{type(value).__name__} {value!r}"


@given(values)
def test_equal_values_have_equal_digests(value: Any) -> None:
    assert content_digest(copied(value)) == content_digest(value)


@given(values, values)
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    same = telling(one) == telling(other)
    assert (content_digest(one) == content_digest(other)) is same


@given(st.permutations(["a", "b", "c", 1, None, (2, "d")]))
def test_order_does_not_matter_where_there_is_none(order: list[Any]) -> None:
    expected = ["a", "b", "c", 1, None, (2, "d")]
    assert content_digest(dict.fromkeys(order, 0)) == content_digest(dict.fromkeys(expected, 0))
    assert content_digest(frozenset(order)) == content_digest(frozenset(expected))


def test_a_digest_has_16_bytes() -> None:
    several: list[Any] = [1, "x" * 1000, [[]]]
    assert [len(content_digest(value)) for value in several] == [16, 16, 16]


def test_no_two_kinds_of_value_share_a_digest() -> None:
    digests = {name: content_digest(value, name) for name, value in zoo().items()}
    same = [pair for pair in combinations(digests, 2) if digests[pair[0]] == digests[pair[1]]]
    assert same == []


def test_a_value_made_twice_has_one_digest() -> None:
    first, second = zoo(), zoo()
    differing = [
        name for name in first if content_digest(first[name]) != content_digest(second[name])
    ]
    assert differing == []


def test_digests_do_not_depend_on_the_process_or_its_hash_seed() -> None:
    script = Path(__file__).with_name("zoo.py")
    processes = [
        subprocess.Popen(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    one, other = (json.loads(process.communicate()[0]) for process in processes)
    assert one == other
    assert len(one) == len(zoo())


@pytest.mark.parametrize("types", list(combinations([1, 1.0, True, "1", b"1"], 2)), ids=repr)
def test_type_counts(types: tuple[Any, Any]) -> None:
    one, other = types
    assert content_digest(one) != content_digest(other)
    assert content_digest([one, []]) != content_digest([other, []])


def test_containers_that_are_one_object_are_as_good_as_equal_ones() -> None:
    shared = [{"a": [1]}]
    assert content_digest([shared, shared]) == content_digest([[{"a": [1]}], [{"a": [1]}]])


def test_sharing_does_not_multiply_the_work() -> None:
    value: list[Any] = [object]
    for _ in range(100):
        value = [value, value]
    assert len(content_digest(value)) == 16


def test_a_ring_is_told_from_its_first_round() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    assert content_digest(ring) != content_digest([1, [1, []]])


def test_a_dense_net_of_objects_is_walked_once() -> None:
    def net() -> list[Any]:
        nodes: list[dict[str, Any]] = [{"number": number} for number in range(40)]
        for each in nodes:
            each["others"] = nodes
            each["next"] = nodes[each["number"] - 7]
            each["far"] = [nodes[each["number"] - 11], nodes]
        return nodes

    assert content_digest(net()) == content_digest(net())
    assert content_digest([net(), net()[3]]) != content_digest([net(), net()[4]])


def test_a_ring_is_the_same_wherever_it_stands() -> None:
    def ring() -> list[Any]:
        root: list[Any] = []
        left: list[Any] = [root]
        root.extend([left, [left, root]])
        return root

    assert content_digest([ring(), ring()]) == content_digest([shared := ring(), shared])


def test_a_shared_part_that_refers_back_is_not_taken_for_a_closed_one() -> None:
    def made() -> list[Any]:
        root: list[Any] = []
        inner = [root]
        root.extend([inner, [inner]])
        return root

    assert content_digest(made()) == content_digest(made())


def test_what_is_nested_a_hundred_deep_has_a_digest() -> None:
    one: list[Any] = []
    other: list[Any] = [1]
    for _ in range(100):
        one, other = [one], [other]
    assert content_digest(one) != content_digest(other)


def test_arguments_that_are_scalars_have_a_digest_of_their_own() -> None:
    assert digest_arguments((1, "a")) == content_digest((1, "a"))
    assert digest_arguments(()) == content_digest(())
    assert digest_arguments((1, [2])) is None


@given(st.dictionaries(st.text(max_size=3), values, max_size=4))
def test_parameters_may_come_in_any_order(parameters: dict[str, Any]) -> None:
    turned = dict(reversed(parameters.items()))
    assert digest_named(turned) == digest_named(parameters)


def test_a_parameters_name_counts() -> None:
    assert digest_named({"x": 1}) != digest_named({"y": 1})
