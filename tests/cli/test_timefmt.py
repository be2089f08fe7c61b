"""Times as people and programs read them."""

import time

import pytest

from noria.cli import timefmt
from tests.cli.rows import SECOND, START

HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (0, "now"),
        (SECOND, "1s ago"),
        (59 * SECOND, "59s ago"),
        (60 * SECOND, "1m ago"),
        (HOUR - 1, "59m ago"),
        (47 * HOUR, "47h ago"),
        (49 * HOUR, "2d ago"),
        (-90 * SECOND, "in 1m"),
    ],
)
def test_how_long_ago_in_one_unit(before, text):
    assert timefmt.ago(START - before, START) == text


def test_iso_times_end_in_z_and_keep_the_microseconds():
    assert timefmt.iso(START + 1) == "2026-11-18T11:06:40.000001Z"


@pytest.fixture
def in_shanghai(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
def test_a_moment_names_its_offset():
    assert timefmt.moment(START, utc=True) == "2026-11-18 11:06:40 UTC"
    assert timefmt.moment(START, utc=False) == "2026-11-18 19:06:40 +08:00"


@pytest.mark.usefixtures("in_shanghai")
def test_a_date_without_offset_is_local():
    assert timefmt.parse_since("2026-11-18T19:06:40", START, utc=False) == START


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", START - 2 * HOUR),
        ("1d12h", START - 36 * HOUR),
        ("90 s", START - 90 * SECOND),
        ("1.5h", START - HOUR - HOUR // 2),
        ("2026-11-18T11:06:40", START),
        ("2026-11-18 19:06:40+08:00", START),
        ("2026-11-18", START - (11 * 3600 + 6 * 60 + 40) * SECOND),
    ],
)
def test_since_takes_spans_and_dates(text, expected):
    assert timefmt.parse_since(text, START, utc=True) == expected


@pytest.mark.parametrize("text", ["", "soon", "2x", "h", "2026-13-01", "-2h"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        timefmt.parse_since(text, START, utc=True)


def test_the_date_stands_before_a_time_of_another_day():
    assert timefmt.stamp(START, START + SECOND, utc=True) == "11:06:40.000"
    assert timefmt.stamp(START, START + 24 * HOUR, utc=True) == "2026-11-18 11:06:40.000"
