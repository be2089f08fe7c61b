"""`noria.schedules`, as deployments are given them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from noria.client.schemas.schedules import (
    CronSchedule,
    IntervalSchedule,
    RRuleSchedule,
    construct_schedule,
)
from noria.core import clock
from noria.schedules import Cron, Interval, RRule, Schedule


class At(clock.Clock):
    def now(self):
        return 1_800_000_000_000_000


@pytest.fixture
def now():
    with clock.use(At()):
        yield clock.to_datetime(clock.now())


def test_from_now_on(now):
    assert Interval(60).upcoming(2) == [now + timedelta(minutes=n) for n in (1, 2)]
    assert Cron("* * * * *").upcoming(1)[0] > now


def test_up_to_an_end():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    schedule = Cron("0 0 * * *")
    assert len(schedule.upcoming(100, start=start, end=start + timedelta(days=3))) == 3


def test_naive_times_are_local_to_the_schedule():
    schedule = Interval(
        timedelta(days=1),
        anchor_date=datetime.fromisoformat("2026-01-01T09:00"),
        timezone="Asia/Tokyo",
    )
    (due,) = schedule.upcoming(1, start=datetime.fromisoformat("2026-03-01T08:59"))
    assert due.isoformat() == "2026-03-01T09:00:00+09:00"


def test_what_it_is_made_of():
    schedule = Cron(
        "0 2 * * *", timezone="Asia/Shanghai", active=False, parameters={"城市": "上海"}, slug="夜"
    )
    assert (schedule.cron, schedule.timezone, schedule.active) == (
        "0 2 * * *",
        "Asia/Shanghai",
        False,
    )
    assert (schedule.parameters, schedule.slug, schedule.day_or) == ({"城市": "上海"}, "夜", True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.cron = "0 3 * * *"


def test_one_kind_only():
    with pytest.raises(ValueError, match="Only one schedule type can be defined"):
        Schedule(cron="0 2 * * *", rrule="FREQ=DAILY")
    with pytest.raises(ValueError, match="needs one of"):
        Schedule().upcoming()


@pytest.mark.parametrize(
    ("_kind", "make"),
    {
        "word": lambda: Cron("daily"),
        "nothing": lambda: Interval(0),
        "rule": lambda: RRule("FREQ=NEVER"),
        "zone": lambda: Cron("0 2 * * *", timezone="Mars/Olympus"),
        "zone alone": lambda: Schedule(timezone="Mars/Olympus"),
        "field": lambda: Schedule(cron="61 * * * *"),
    }.items(),
)
def test_wrong_ones_are_refused_at_once(_kind, make):
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_the_spellings_of_prefect_2():
    assert CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai").timezone == "Asia/Shanghai"
    assert IntervalSchedule(interval=timedelta(hours=1)).interval == timedelta(hours=1)
    assert RRuleSchedule(rrule="FREQ=DAILY").rrule == "FREQ=DAILY"
    assert construct_schedule(interval=5).interval == timedelta(seconds=5)
    assert construct_schedule(cron="@daily").cron == "@daily"
    assert construct_schedule(rrule="FREQ=DAILY").rrule == "FREQ=DAILY"
    with pytest.raises(ValueError, match="must be provided"):
        construct_schedule()
    with pytest.raises(ValueError, match="anchor"):
        construct_schedule(cron="@daily", anchor_date=datetime(2026, 1, 1, tzinfo=UTC))
