"""`noria schedule next`."""

from __future__ import annotations

import json

import pytest


def times(result):
    return [row["time"] for row in json.loads(result.stdout)]


def test_a_cron_rule_around_a_leap(noria):
    result = noria(
        *("schedule", "next", "30 2 * * *", "--tz", "America/New_York"),
        *("--from", "2026-03-07", "-n", "2", "-o", "json"),
    )
    assert json.loads(result.stdout) == [
        {
            "time": "2026-03-07T02:30:00-05:00",
            "timezone": "America/New_York",
            "leap_seconds": 0,
        },
        {
            "time": "2026-03-08T03:00:00-04:00",
            "timezone": "America/New_York",
            "leap_seconds": 3600,
        },
    ]


def test_an_interval_and_a_recurrence_rule(noria):
    interval = noria(
        *("schedule", "next", "1d12h", "--anchor", "2026-01-01", "--from", "2026-01-01"),
        *("-n", "2", "--json"),
    )
    assert times(interval) == ["2026-01-02T12:00:00+00:00", "2026-01-04T00:00:00+00:00"]
    rule = noria(
        *("schedule", "next", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
        *("--tz", "Asia/Shanghai", "--from", "2026-11-22", "-n", "1", "--json"),
    )
    assert times(rule) == ["2026-11-23T09:00:00+08:00"]


def test_one_that_ends_says_so(noria):
    result = noria("schedule", "next", "DTSTART:20260101T000000\nRRULE:FREQ=DAILY;COUNT=1")
    assert result.exit_code == 0
    assert "never due again" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["61 * * * *"], "the field minute may be 0-59"),
        (["0 0 30 2 *"], "day-of-month"),
        (["0 2 * * *", "--tz", "Asia/Shangai"], "Did you mean 'Asia/Shanghai'"),
        (["0m"], "expected a positive number"),
        (["0 2 * * *", "--from", "gestern"], "--from gestern is no time"),
        (["FREQ=DAYLY"], "Invalid RRule"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(noria, arguments, said):
    result = noria("schedule", "next", *arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
