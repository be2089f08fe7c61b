"""Conditions on fields, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.conditions import OPERATORS, Condition, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user_id=42", Condition("user_id", "=", "42", 42)),
        (" user_id != 42 ", Condition("user_id", "!=", "42", 42)),
        ("took>=1.5", Condition("took", ">=", "1.5", 1.5)),
        ("took<=1e3", Condition("took", "<=", "1e3", 1000.0)),
        ("took<-1", Condition("took", "<", "-1", -1)),
        ("http.path~/a=b", Condition("http.path", "~", "/a=b")),
        ("a=b!=c", Condition("a", "=", "b!=c")),
        ("ok=true", Condition("ok", "=", "true", constant="true")),
        ("x=nan", Condition("x", "=", "nan")),
        ("x=", Condition("x", "=", "")),
        ('x="42"', Condition("x", "=", "42", literal=True)),
        ("x='null'", Condition("x", "=", "null", literal=True)),
        ('x="', Condition("x", "=", '"')),
        ("用户=张三", Condition("用户", "=", "张三")),
        (f"x={2**64}", Condition("x", "=", str(2**64), float(2**64))),
    ],
)
def test_conditions(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["", "user_id", "=42", " >1", 'a"b=1'])
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        parse(text)


@given(st.text(), st.sampled_from(OPERATORS), st.text())
def test_nothing_else_is_raised(field, operator, value):
    try:
        found = parse(field + operator + value)
    except ValueError:
        return
    assert found.operator in OPERATORS
