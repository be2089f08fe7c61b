"""Log lines are found by their fields, compared by type."""

from __future__ import annotations

import json

import pytest

from noria.core.conditions import parse
from tests.conformance.rows import batch, flow_run, log

FIELDS = {
    "int": {"x": 42},
    "real": {"x": 42.5},
    "text": {"x": "42"},
    "word": {"x": "Login", "y": 1},
    "date": {"x": "2026-11-22T08:00:00"},
    "true": {"x": True},
    "false": {"x": False},
    "null": {"x": None},
    "list": {"x": [1, 2]},
    "nested": {"x": {"y": 7}},
    "dotted": {"x.y": 7},
    "中文": {"用户": "张三"},
    "none": {},
}


@pytest.fixture
def run(backend):
    row = flow_run()
    lines = [
        log(row, name, extra=json.dumps(extra, ensure_ascii=False) if extra else None)
        for name, extra in FIELDS.items()
    ]
    backend.append(
        batch(row, *lines, log(row, "broken", extra='{"x": NaN'), log(row, "bare", extra="1"))
    )
    return row.id


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("x=42", "int text"),
        ("x=42.0", "int"),
        ('x="42"', "text"),
        ("x=Login", "word"),
        ("x=login", ""),
        ("x=true", "true"),
        ("x=false", "false"),
        ("x=null", "null"),
        ("x=[1,2]", "list"),
        ("x!=42", "real word date true false null list nested"),
        ("x>42", "real"),
        ("x>=42", "int real"),
        ("x<43", "int real"),
        ("x<=42", "int"),
        ("x>2026-01-01", "text word date"),
        ('x<"43"', "text date"),
        ("x~LOG", "word"),
        ("x~2", "int real text date list"),
        ("x~rue", "true"),
        ("x.y=7", "nested dotted"),
        ("x.y!=8", "nested dotted"),
        ("用户=张三", "中文"),
        ("z=1", ""),
        ("z!=1", ""),
        ("x='; drop table log; --", ""),
        (f"x<{2**64}", "int real"),
    ],
)
def test_comparisons(backend, run, where, expected):
    found = backend.logs(run, where=[parse(where)])
    assert [row.message for _, row in found] == expected.split()


def test_all_conditions_are_met(backend, run):
    where = [parse("x=Login"), parse("y<2")]
    assert [row.message for _, row in backend.logs(run, where=where)] == ["word"]
    assert backend.logs(run, level=30, where=where) == []
    assert [row.message for _, row in backend.logs(run, where=where, text="login")] == ["word"]
