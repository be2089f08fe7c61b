"""`noria schedule`."""

from __future__ import annotations

import json

import pytest

from noria.core import clock
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.core.states import StateType

HOUR = 3600 * 1_000_000
NIGHTLY = {"kind": "cron", "cron": "0 2 * * *", "timezone": "Asia/Shanghai", "day_or": True}
HOURLY = {"kind": "cron", "cron": "0 * * * *", "timezone": "UTC", "day_or": True}
SPEC = DeploymentSpec(
    "etl",
    "夜间",
    "etl.py:etl",
    path="/srv/etl",
    schedules=(ScheduleSpec("每晚", NIGHTLY), ScheduleSpec("hourly", HOURLY)),
)
OTHER = SPEC._replace(name="other", schedules=(ScheduleSpec("rests", HOURLY, active=False),))


@pytest.fixture
def deployed(store):
    store.apply_deployments([SPEC, OTHER], clock.now())
    (row,) = store.find_deployments("etl/夜间")
    return row


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


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


def test_ls(noria, store, deployed, stopped):
    stopped.time += HOUR
    store.make_due_runs(stopped.time)
    found = document(noria("schedule", "ls", "--json"))
    assert [each["id"] for each in found] == ["etl/other:rests", "etl/夜间:hourly", "etl/夜间:每晚"]
    rests, hourly, nightly = found
    assert (rests["active"], rests["next_due"]) == (False, None)
    assert (hourly["last_due"], hourly["next_due"]) == (
        "2026-11-18T12:00:00.000000Z",
        "2026-11-18T13:00:00.000000Z",
    )
    assert (nightly["last_due"], nightly["timezone"]) == (None, "Asia/Shanghai")
    assert nightly["rule"]["cron"] == "0 2 * * *"
    assert len(document(noria("schedule", "ls", "夜间", "--json"))) == 2


def test_ls_on_a_terminal(noria, deployed):
    shown = noria("schedule", "ls", "--utc", tty=True).stdout
    assert "0 2 * * * (Asia/Shanghai)  2026-11-18 18:00:00 UTC" in shown
    assert "0 * * * *                  paused" in shown


def test_ls_of_none(noria, store):
    assert document(noria("schedule", "ls", "--json")) == []
    assert "No schedules" in noria("schedule", "ls", tty=True).output


def test_one_schedule_rests_and_goes_on(noria, store, deployed, stopped):
    stopped.time += HOUR
    (made,) = store.make_due_runs(stopped.time)
    found = document(noria("schedule", "pause", "夜间", "hourly", "--json"))
    assert {each["slug"]: each["active"] for each in found} == {"hourly": False, "每晚": True}
    assert store.flow_run(made.id).state is StateType.CANCELLED
    found = document(noria("schedule", "resume", "夜间", "hourly", "--json"))
    assert all(each["active"] for each in found)


def test_all_of_a_deployment_rest_and_go_on(noria, store, deployed):
    found = document(noria("schedule", "pause", "夜间", "--json"))
    assert [each["next_due"] for each in found] == [None, None]
    assert store.deployment(deployed.id).paused
    assert "deployment paused" in noria("schedule", "ls", tty=True).stdout
    document(noria("schedule", "resume", "夜间", "--json"))
    assert not store.deployment(deployed.id).paused


def test_what_rests_by_itself_is_told_of(noria, deployed):
    noria("schedule", "pause", "夜间", "hourly")
    result = noria("schedule", "resume", "夜间")
    assert "hourly was paused by itself, and still is" in result.stderr
    noria("schedule", "pause", "夜间")
    result = noria("schedule", "resume", "夜间", "hourly")
    assert "The deployment itself is paused: noria schedule resume" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ls", "夜"), "did you mean 夜间?"),
        (("pause", "夜间", "hurly"), "did you mean hourly?"),
        (("resume", "夜间", "x"), "it has hourly, 每晚"),
        (("pause", "none"), "there is no deployment none"),
    ],
)
def test_a_schedule_that_is_not_there(noria, deployed, arguments, said):
    result = noria("schedule", *arguments)
    assert result.exit_code == 3
    assert said in result.output
