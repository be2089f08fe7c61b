"""Masking of tables and records by rules for their columns."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd
import polars as pl
import pytest

from noria import flow, task
from noria.core.errors import ConfigurationError
from noria.privacy import Masker, hash_id

MASK = Masker({"email": "email", "*phone": "phone", "user_id": "hash", "note": "hide"}, key="k")
PEOPLE = {
    "user_id": [1, 2, 1],
    "Email": ["zhangsan@x.cn", None, "a@x.cn"],
    "work_phone": [13812345678.0, math.nan, 13912345678.0],
    "note": ["secret", "secret", "secret"],
    "amount": [1.5, 2.5, 3.5],
}
IDS = [hash_id(1, "k"), hash_id(2, "k"), hash_id(1, "k")]


class Person(NamedTuple):
    email: str


class TestPandas:
    def test_columns_are_masked_in_a_copy(self):
        frame = pd.DataFrame(PEOPLE, index=[7, 7, 9])
        before = frame.copy()
        masked = MASK(frame)
        pd.testing.assert_frame_equal(frame, before)
        assert list(masked.columns) == list(frame.columns)
        assert list(masked.index) == [7, 7, 9]
        assert list(masked["user_id"]) == IDS
        assert masked["Email"].tolist()[0::2] == ["zh****@x.cn", "****@x.cn"]
        assert pd.isna(masked["Email"].iloc[1])
        assert masked["work_phone"].tolist()[0::2] == ["138****5678", "139****5678"]
        assert pd.isna(masked["work_phone"].iloc[1])
        assert list(masked["amount"]) == PEOPLE["amount"]
        assert masked["amount"].dtype == frame["amount"].dtype

    @pytest.mark.parametrize("dtype", ["Int64", "string", "category", "object"])
    def test_kinds_of_columns(self, dtype):
        column = pd.Series([13812345678, None, 13812345678], dtype="Int64").astype(dtype)
        masked = Masker({"phone": "phone"})(pd.DataFrame({"phone": column}))["phone"]
        assert masked.tolist()[0::2] == ["138****5678"] * 2
        assert pd.isna(masked.iloc[1])
        if dtype in ("string", "category"):
            assert masked.dtype.name == column.dtype.name

    def test_lists_in_cells_are_masked_within(self):
        frame = pd.DataFrame({"email": [["zhangsan@x.cn"], {"work": "lisi@x.cn"}, None]})
        masked = Masker({"email": "email"})(frame)["email"]
        assert masked.tolist() == [["zh****@x.cn"], {"work": "l****@x.cn"}, None]

    def test_columns_of_one_name_are_all_masked(self):
        frame = pd.DataFrame([["abc@x.cn", "def@x.cn"]], columns=["email", "email"])
        assert Masker({"email": "email"})(frame).iloc[0].tolist() == ["a****@x.cn", "d****@x.cn"]

    def test_the_index_counts(self):
        frame = pd.DataFrame({"email": ["abc@x.cn"], "x": [1], "n": [2]})
        masked = Masker({"email": "email"})
        assert masked(frame.set_index("email")).index.tolist() == ["a****@x.cn"]
        assert masked(frame.set_index(["email", "x"])).index.tolist() == [("a****@x.cn", 1)]

    def test_names_of_several_levels_count(self):
        frame = pd.DataFrame(
            [["abc@x.cn", 1]], columns=pd.MultiIndex.from_tuples([("a", "email"), ("a", "n")])
        )
        assert Masker({"email": "email"})(frame).iloc[0].tolist() == ["a****@x.cn", 1]

    def test_a_series_and_empty_frames(self):
        mask = Masker({"email": "email"})
        assert mask(pd.Series(["abc@x.cn"], name="email")).tolist() == ["a****@x.cn"]
        assert mask(pd.DataFrame({"email": []})).empty
        assert mask(pd.DataFrame()).empty

    def test_each_value_is_masked_once(self):
        seen = []

        def rule(value):
            seen.append(value)
            return "x"

        Masker({"a": rule})(pd.DataFrame({"a": ["v", "w", None] * 100}))
        assert sorted(seen) == ["v", "w"]


class TestPolars:
    def test_columns_are_masked_in_a_copy(self):
        frame = pl.DataFrame(PEOPLE)
        masked = MASK(frame)
        assert masked.columns == frame.columns
        assert masked["user_id"].to_list() == IDS
        assert masked["Email"].to_list() == ["zh****@x.cn", None, "****@x.cn"]
        assert masked["work_phone"].to_list() == ["138****5678", None, "139****5678"]
        assert masked["note"].to_list() == ["****"] * 3
        assert masked["amount"].to_list() == PEOPLE["amount"]
        assert frame["note"].to_list() == PEOPLE["note"]

    def test_lazy_frames_and_series(self):
        mask = Masker({"email": "email"})
        frame = pl.DataFrame({"email": ["abc@x.cn"]})
        assert mask(frame.lazy()).collect().to_dicts() == [{"email": "a****@x.cn"}]
        assert mask(frame["email"]).to_list() == ["a****@x.cn"]

    @pytest.mark.parametrize("dtype", [pl.Categorical, pl.Binary, pl.String])
    def test_kinds_of_columns(self, dtype):
        column = pl.Series("email", ["abc@x.cn", None]).cast(dtype)
        assert Masker({"email": "email"})(column).to_list() == ["a****@x.cn", None]

    def test_lists_in_cells_are_masked_within(self):
        frame = pl.DataFrame({"email": [["abc@x.cn", None], None], "a": [{"phone": "1"}, None]})
        masked = Masker({"email": "email"})(frame)
        assert masked["email"].to_list() == [["a****@x.cn", None], None]

    def test_a_function_may_give_anything(self):
        frame = pl.DataFrame({"age": [31, 38, None]})
        assert Masker({"age": lambda age: age // 10 * 10})(frame)["age"].to_list() == [30, 30, None]


class TestRecords:
    def test_fields_are_found_at_any_depth(self):
        data = {
            "user": {"EMAIL": "abc@x.cn", "phone": ["13812345678", None]},
            "n": [1, {"phone": 1}],
        }
        masked = Masker({"email": "email", "phone": "phone"})(data)
        assert masked == {
            "user": {"EMAIL": "a****@x.cn", "phone": ["138****5678", None]},
            "n": [1, {"phone": "****"}],
        }
        assert data["user"]["EMAIL"] == "abc@x.cn"

    def test_lists_of_dicts(self):
        rows = [{"email": "abc@x.cn"}, {"email": {"a": ("def@x.cn",)}}, {"other": Person("x")}]
        masked: Any = Masker({"email": "email"})(rows)
        assert masked == [
            {"email": "a****@x.cn"},
            {"email": {"a": ("d****@x.cn",)}},
            {"other": Person("x")},
        ]
        assert type(masked[2]["other"]) is Person

    def test_an_exact_name_goes_before_a_pattern(self):
        masked = Masker({"*": "hide", "city": "name"})({"city": "上海", "a": 1})
        assert masked == {"city": "上****", "a": "****"}


class TestMistakes:
    @pytest.mark.parametrize(
        "data",
        [
            {"emial": "a"},
            [{"emial": "a"}],
            pd.DataFrame({"emial": ["a"]}),
            pl.DataFrame({"emial": ["a"]}),
        ],
        ids=["dict", "list", "pandas", "polars"],
    )
    def test_a_rule_for_no_column_is_refused(self, data):
        with pytest.raises(ValueError, match=r"no column 'email'.*Did you mean 'emial'"):
            Masker({"email": "email"})(data)
        Masker({"email": "email"}, strict=False)(data)

    def test_an_unknown_rule_names_the_nearest(self):
        with pytest.raises(ValueError, match=r"column 'a' is 'emial'.*Did you mean 'email'"):
            Masker({"a": "emial"})

    def test_hashing_needs_a_key_from_the_start(self):
        with pytest.raises(ConfigurationError, match="NORIA_PRIVACY_KEY"):
            Masker({"a": "hash"})

    @pytest.mark.parametrize("data", [1, "a@x.cn", pd.Index([1]), pl.String()])
    def test_other_data_is_refused(self, data):
        with pytest.raises(TypeError, match="A Masker was given"):
            Masker({"a": "hide"})(data)


def test_it_works_in_a_task():
    @task
    def anonymise(frame):
        return Masker({"email": "email"})(frame)

    @flow
    def f():
        return anonymise(pd.DataFrame({"email": ["abc@x.cn"]}))

    assert f()["email"].tolist() == ["a****@x.cn"]
