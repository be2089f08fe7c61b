"""Tables in all the shapes that people have them in."""

from __future__ import annotations

import datetime
import json
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pydantic import BaseModel

from noria.values import tables
from noria.values.tables import MOST_BYTES, MOST_ROWS, check_table, keep_table

Pair = namedtuple("Pair", "a b")


@dataclass
class Point:
    x: int


class Model(BaseModel):
    y: int


def kept(table):
    check_table(table)
    return json.loads(keep_table(table).text)


@pytest.mark.parametrize(
    ("table", "expected", "summary"),
    [
        ([{"a": 1}, {"b": 2}], [{"a": 1}, {"b": 2}], "2 rows, 1 column"),
        ([[1, "x"], (2, None)], [[1, "x"], [2, None]], "2 rows, 2 columns"),
        ({"a": [1, 2], "b": ("x",)}, {"a": [1, 2], "b": ["x"]}, "2 rows, 2 columns"),
        ([], [], "0 rows, 0 columns"),
        ({}, {}, "0 rows, 0 columns"),
        ([Pair(1, 2)], [{"a": 1, "b": 2}], "1 row, 2 columns"),
        ([Point(1)], [{"x": 1}], "1 row, 1 column"),
        ([Model(y=1)], [{"y": 1}], "1 row, 1 column"),
        (np.array([[1, 2]]), [[1, 2]], "1 row, 2 columns"),
        ({"a": np.array([1]), "b": pd.Series([3])}, {"a": [1], "b": [3]}, "1 row, 2 columns"),
    ],
)
def test_plain_tables(table, expected, summary):
    assert kept(table) == expected
    assert keep_table(table).summary == summary
    assert keep_table(table).note is None


class TestPandas:
    def test_values_of_every_kind(self):
        frame = pd.DataFrame(
            {
                "城市": ["北京", None],
                "n": pd.array([1, None], dtype="Int64"),
                "x": [1.5, np.nan],
                "t": [pd.Timestamp("2026-01-02"), pd.NaT],
                "d": [Decimal("1.10"), None],
                "c": pd.Categorical(["u", "v"]),
            }
        )
        assert kept(frame) == [
            {"城市": "北京", "n": 1, "x": 1.5, "t": "2026-01-02T00:00:00", "d": "1.10", "c": "u"},
            {"城市": None, "n": None, "x": None, "t": None, "d": None, "c": "v"},
        ]

    def test_an_index_that_says_something_comes_first(self):
        frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="city"))
        assert kept(frame) == [{"city": "a", "n": 1}, {"city": "b", "n": 2}]
        frame.index.name = None
        assert list(kept(frame)[0]) == ["index", "n"]
        assert kept(frame.reset_index(drop=True)) == [{"n": 1}, {"n": 2}]

    def test_levels_of_index_and_columns(self):
        frame = pd.DataFrame({"g": ["a", "a"], "h": [1, 2], "v": [3, 4]})
        wide = frame.pivot_table(index=["g", "h"], values=["v"], aggfunc=["sum", "max"])
        assert kept(wide) == [
            {"g": "a", "h": 1, "sum / v": 3, "max / v": 3},
            {"g": "a", "h": 2, "sum / v": 4, "max / v": 4},
        ]

    def test_columns_of_one_name_stay_apart(self):
        frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", 0])
        assert kept(frame) == [{"a": 1, "a.1": 2, "0": 3}]

    def test_a_series_is_a_column(self):
        assert kept(pd.Series([1, 2], name="n")) == [{"n": 1}, {"n": 2}]

    def test_without_columns_there_are_no_rows(self):
        assert keep_table(pd.DataFrame(index=[1, 2]).reset_index(drop=True)).rows == 0


class TestPolars:
    def test_values_of_every_kind(self):
        frame = pl.DataFrame(
            {
                "城市": ["北京", None],
                "d": [datetime.date(2026, 1, 2), None],
                "l": [[1, 2], []],
                "s": [{"a": 1}, {"a": None}],
                "x": [float("nan"), 0.5],
            }
        )
        assert kept(frame) == [
            {"城市": "北京", "d": "2026-01-02", "l": [1, 2], "s": {"a": 1}, "x": None},
            {"城市": None, "d": None, "l": [], "s": {"a": None}, "x": 0.5},
        ]

    def test_a_series_is_a_column(self):
        assert kept(pl.Series("n", [1])) == [{"n": 1}]

    def test_a_lazy_frame_says_what_to_do(self):
        with pytest.raises(ValueError, match=r"a LazyFrame \(call \.collect\(\) first\)"):
            check_table(pl.DataFrame({"a": [1]}).lazy())


class TestLarge:
    @pytest.mark.parametrize(
        "table",
        [
            [{"n": n} for n in range(MOST_ROWS + 1)],
            {"n": list(range(MOST_ROWS + 1))},
            pd.DataFrame({"n": range(MOST_ROWS + 1)}),
            pl.DataFrame({"n": range(MOST_ROWS + 1)}),
        ],
        ids=["dicts", "columns", "pandas", "polars"],
    )
    def test_the_first_rows_are_kept(self, table):
        found = keep_table(table)
        assert (found.rows, found.total) == (MOST_ROWS, MOST_ROWS + 1)
        assert found.summary == "10,000 of 10,001 rows, 1 column"
        assert found.note is not None
        assert "first 10,000 of 10,001 rows" in found.note

    @pytest.mark.parametrize("shape", [list, dict])
    def test_no_more_than_fits(self, shape, monkeypatch):
        monkeypatch.setattr(tables, "MOST_BYTES", 1000)
        column = ["表" * 10] * 100
        table = [{"a": text} for text in column] if shape is list else {"a": column}
        found = keep_table(table)
        assert 0 < found.rows < 100
        assert len(found.text.encode()) <= 1000
        assert len(kept(table) if shape is list else kept(table)["a"]) == found.rows

    def test_one_row_that_does_not_fit(self):
        found = keep_table([["x" * MOST_BYTES]])
        assert (found.rows, found.text) == (0, "[]")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("text", "no table but a str"),
        (3, "no table but an int"),
        (None, "no table but a NoneType"),
        ({"a": 1}, "column 'a' is an int"),
        ([1, 2], "Row 0 of the table is an int"),
        ([{"a": 1}, "x"], "Row 1 of the table is a str"),
        ([[1], [2], {"a": 1}], r"row 2 and row 0"),
    ],
)
def test_what_is_no_table_is_named(table, said):
    with pytest.raises(ValueError, match=said):
        check_table(table)
