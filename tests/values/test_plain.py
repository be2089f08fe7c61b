"""Any value as JSON that people can read."""

from __future__ import annotations

import datetime
import enum
import json
import math
import uuid
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from noria.values.plain import DEPTH, plain, plain_json


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Model(BaseModel):
    name: str
    password: SecretStr


@dataclass
class Point:
    x: int
    y: Decimal


class Rude:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        pytest.param(np.float64("nan"), None, id="numpy nan"),
        (np.float32(1.5), 1.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2026-01-02T03:04:05.123456789"), "2026-01-02T03:04:05.123456789"),
        (np.datetime64("NaT"), None),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(["2026-01-02", "NaT"], dtype="datetime64[D]"), ["2026-01-02", None]),
        (np.array(2.5), 2.5),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2026-01-02", tz="UTC"), "2026-01-02T00:00:00+00:00"),
        (pd.Timedelta("1h"), "0 days 01:00:00"),
        (pd.Series([1, 2]), [1, 2]),
        (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), "2026-01-02T03:00:00+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.time(3, 4), "03:04:00"),
        (datetime.timedelta(hours=1), "1:00:00"),
        (Decimal("1.10"), "1.10"),
        (Decimal("NaN"), None),
        (Fraction(1, 3), "1/3"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (PurePosixPath("/a/b"), "/a/b"),
        (b"caf\xc3\xa9 \xff", "café \\xff"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
        ({(1, "x"): "c", Colour.RED: "d"}, {"1 / x": "c", "red": "d"}),
        ({3, 1, 2}, [1, 2, 3]),
        ((1, (2,)), [1, [2]]),
        (OrderedDict(a=math.nan), {"a": None}),
        (Pair(1, 2), [1, 2]),
        (Point(1, Decimal("2.0")), {"x": 1, "y": "2.0"}),
        (Model(name="n", password=SecretStr("hidden")), {"name": "n", "password": "**********"}),
        (ValueError("bad"), "ValueError('bad')"),
        (2**80, 2**80),
        (True, True),
    ],
)
def test_each_becomes_what_json_knows(value, expected):
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)
    assert json.loads(plain_json(value)) == expected


def test_nothing_is_refused():
    assert plain([Rude()]) == ["<Rude>"]
    assert plain(object()) == "<object>"


def test_what_has_no_end_has_one():
    endless: list = []
    endless.append(endless)
    assert plain_json(endless).count("[") > DEPTH


def test_a_long_text_of_an_object_is_cut():
    class Long:
        def __str__(self):
            return "x" * 5000

    assert plain(Long()) == "x" * 1000


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.binary(),
        st.decimals(),
        st.datetimes(),
        st.timedeltas(),
        st.complex_numbers(),
    ),
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner), st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_all_of_it_is_valid_json(value):
    json.loads(plain_json(value), parse_constant=pytest.fail)
