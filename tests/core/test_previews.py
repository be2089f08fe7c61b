"""Previews are short, honest about size, and never fail."""

import collections
import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noria.core.previews import preview, previews

checked = settings(derandomize=True, deadline=None, max_examples=60)


class Plain: ...


class Forbidden:
    """Its repr must not be asked for."""

    def __init__(self, *items):
        self.items = list(items)

    def __len__(self):
        return 10**9

    def __repr__(self):
        raise AssertionError("repr of something large")


class Broken:
    def __repr__(self):
        raise RuntimeError("no repr")


class Lines:
    def __repr__(self):
        return "Lines(\n  1,\n  2\n)"


class Surrogate:
    def __repr__(self):
        return "\ud800"


@dataclasses.dataclass
class Login:
    name: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass
class Holder:
    frame: pd.DataFrame


class Rows(list[Any]): ...


SHOWN: dict[str, tuple[Any, str]] = {
    "None": (None, "None"),
    "bool": (True, "True"),
    "int": (7, "7"),
    "large int": (1 << 20_000, "<int of 20001 bits>"),
    "float": (1.5, "1.5"),
    "text": ("航班", "'航班'"),
    "bytes": (b"x", "b'x'"),
    "list": ([1, "a", None], "[1, 'a', None]"),
    "long list": (list(range(1000)), "[0, 1, 2, 3, 4, … 1000 in all]"),
    "tuple of one": ((1,), "(1,)"),
    "empty set": (set(), "set()"),
    "dict": ({"a": [1]}, "{'a': [1]}"),
    "long dict": (
        dict.fromkeys(range(9), 0),
        "{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, … 9 in all}",
    ),
    "deep list": ([[[[[1]]]]], "[[[<list of 1>]]]"),
    "range": (range(10**9), "range(0, 1000000000)"),
    "class": (Plain, "Plain"),
    "object": (Plain(), "<Plain>"),
    "large object": (Forbidden(), "<Forbidden>"),
    "broken object": (Broken(), "<Broken>"),
    "broken object in a list": ([1, Broken()], "[1, <Broken>]"),
    "several lines": (Lines(), "Lines( 1, 2 )"),
    "surrogate in a repr": (Surrogate(), "\\ud800"),
    "dataclass": (Login("ada", "secret"), "Login(name='ada')"),
    "dataclass of a frame": (Holder(pd.DataFrame()), "<Holder>"),
    "list of a class of its own": (Rows([1]), "[1]"),
    "long list of a class of its own": (Rows(range(1000)), "<Rows>"),
    "ordered dict of a large thing": (collections.OrderedDict(a=Forbidden()), "<OrderedDict>"),
    "exception": (ValueError("no"), "ValueError('no')"),
    "exception of a frame": (ValueError(pd.DataFrame()), "<ValueError>"),
    "frame": (pd.DataFrame({"a": [1, 2], "b": [3, 4]}), "DataFrame 2×2"),
    "frame in a dict": ({"a": pd.DataFrame()}, "{'a': DataFrame 0×0}"),
    "series": (pd.Series([1.5, 2]), "Series 2 float64"),
    "index": (pd.RangeIndex(7), "RangeIndex 7 int64"),
    "array": (np.zeros((3, 4)), "ndarray 3×4 float64"),
    "scalar of numpy": (np.float64(1.5), "np.float64(1.5)"),
    "polars frame": (pl.DataFrame({"a": [1]}), "DataFrame 1×1"),
    "polars lazy frame": (pl.DataFrame({"a": [1]}).lazy(), "LazyFrame"),
    "polars series": (pl.Series([1, 2]), "Series 2 Int64"),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_values_are_shown_shortly(kind):
    value, text = SHOWN[kind]
    assert preview(value) == text


def test_a_long_text_is_cut():
    assert preview("x" * 1000, 10) == "'xxxxxxxx…"


def test_a_long_repr_is_cut():
    assert preview([("x" * 40, n) for n in range(3)], 20) == "[('xxxxxxxxxxxxxxxx…"
    assert preview(Login("x" * 40, ""), 20) == "Login(name='xxxxxxx…"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.sets(st.text())
    ),
    max_leaves=20,
)


@checked
@given(values, st.integers(16, 200))
def test_a_preview_is_never_longer_than_asked_for(value, limit):
    assert len(preview(value, limit)) <= max(limit, 25)


@checked
@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), values))
def test_previews_are_json(parameters):
    found = json.loads(previews(parameters))
    assert found == {name: preview(value) for name, value in parameters.items()}


def test_previews_keep_text_readable():
    assert previews({"x": 1, "名": "航班"}) == '{"x": "1", "名": "\'航班\'"}'


def test_previews_of_hostile_values_do_not_fail():
    class Hostile:
        def __getattr__(self, name):
            raise RuntimeError("no attributes")

        def __len__(self):
            raise RuntimeError("no length")

        def __repr__(self):
            return "hostile"

    found = json.loads(previews({"x": Hostile(), "y": [Hostile()]}))
    assert set(found) == {"x", "y"}
