"""Variables as users set and read them."""

from __future__ import annotations

import asyncio
import math

import pytest

from noria import flow, task
from noria.core.errors import InvalidNameError
from noria.engine.session import open_session
from noria.variables import LONGEST_VALUE, Variable


@pytest.mark.parametrize(
    "value",
    ["text", "", 3, 1.5, True, None, [1, [2, {"a": None}]], {"城市": ["北京"]}, 2**70, "a\u2028b"],
)
def test_a_value_comes_back_as_it_was(value):
    assert Variable.set("v", value).value == value
    found = Variable.get("v", default="other")
    assert found == value
    assert type(found) is type(value)


def test_a_variable_that_is_there_is_replaced_only_when_that_is_wanted():
    Variable.set("v", 1, tags=["a"])
    with pytest.raises(ValueError, match="'v' already exists; overwrite=True replaces it"):
        Variable.set("v", 2)
    assert Variable.set("v", 2, overwrite=True) == Variable(name="v", value=2, tags=[])


@pytest.mark.parametrize("name", ["My Var", "", "é", "a\n", "a.b", 3])
def test_a_name_that_cannot_be_is_named(name):
    with pytest.raises(InvalidNameError) as caught:
        Variable.set(name, 1)
    assert repr(name) in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_name_may_have_255_characters():
    assert Variable.set("x" * 255, 1).name == "x" * 255
    with pytest.raises(ValueError, match="256 characters; it may have 255"):
        Variable.set("x" * 256, 1)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object, "type"),
        ({1, 2}, "set"),
        ({"a": [0, {"b": b"x"}]}, r"b'x' \(bytes\) at \['a'\]\[1\]\['b'\]"),
        ({"a": {1: 2}}, r"the key 1 at \['a'\]"),
        (math.nan, "nan"),
        ([math.inf], r"inf at \[0\]"),
    ],
)
def test_a_value_that_json_does_not_know_says_where(value, said):
    with pytest.raises(ValueError, match=rf"Variable 'v' cannot hold .*{said}"):
        Variable.set("v", value)


def test_a_value_within_itself_is_refused():
    endless: list = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested so deep"):
        Variable.set("v", endless)


def test_a_large_value_is_refused():
    Variable.set("v", "x" * (LONGEST_VALUE - 2))
    with pytest.raises(ValueError, match="65,537 bytes as JSON; it may have 65,536"):
        Variable.set("w", "x" * (LONGEST_VALUE - 1))


def test_get_of_what_is_not_there_gives_the_default():
    assert Variable.get("nothing") is None
    assert Variable.get("Not A Name!", default=7) == 7


def test_unset_says_whether_there_was_one():
    Variable.set("v", 1)
    assert Variable.unset("v") is True
    assert Variable.unset("v") is False


def test_async_code_awaits_the_same_names():
    async def main():
        await Variable.set("v", {"a": 1})
        await Variable.aset("v", 2, overwrite=True)
        return [await Variable.get("v"), await Variable.aget("v"), await Variable.unset("v")]

    assert asyncio.run(main()) == [2, 2, True]


def test_sync_can_be_asked_for_on_an_event_loop():
    async def main():
        Variable.set("v", 1, _sync=True)  # type: ignore[call-arg]
        return Variable.get("v", _sync=True)  # type: ignore[call-arg]

    assert asyncio.run(main()) == 1


def test_async_and_sync_runs_read_them():
    @task
    def sync_task():
        return Variable.get("v")

    @flow
    async def async_flow():
        await Variable.set("v", "here")
        return await Variable.get("v"), sync_task()

    assert asyncio.run(async_flow()) == ("here", "here")


def test_a_type_may_be_named():
    Variable.set("v", "x")
    assert Variable[str].get("v") == "x"


def test_a_half_surrogate_pair_does_no_harm():
    Variable.set("v", "a\udc80b")
    assert Variable.get("v") == "a\udc80b"


def test_tags_are_kept():
    Variable.set("v", 1, tags=["生产", "etl"])
    row = open_session().backend.variable("v")
    assert row is not None
    assert row.tags == '["生产", "etl"]'
