"""Schedules as values, and when they are due."""

import asyncio
import dataclasses
import datetime
from datetime import UTC, timedelta
from typing import Any

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import (
    CronSchedule,
    IntervalSchedule,
    RRuleSchedule,
    construct_schedule,
)
from prefect.schedules import Cron, Interval, RRule, Schedule
from prefect.server.schemas import schedules as server

from tests.oracle.harness import caught_as, error_kind

ANCHOR = datetime.datetime(2026, 1, 1, tzinfo=UTC)


def fields(schedule: Any) -> dict[str, Any]:
    found = {
        name: getattr(schedule, name)
        for name in (
            "interval",
            "cron",
            "rrule",
            "timezone",
            "day_or",
            "active",
            "parameters",
            "slug",
        )
    }
    return {**found, "anchored": schedule.anchor_date == ANCHOR}


def case_cron() -> Any:
    return [
        fields(Cron("0 2 * * *")),
        fields(
            Cron(
                "0 2 1 * 5",
                timezone="Asia/Shanghai",
                day_or=False,
                active=False,
                parameters={"a": 1},
                slug="s",
            )
        ),
        fields(Cron("0 2 * * *", "Asia/Shanghai", True, False)),
    ]


def case_interval() -> Any:
    return [
        fields(Interval(60, anchor_date=ANCHOR)),
        fields(Interval(1.5)),
        fields(Interval(timedelta(hours=6), anchor_date=ANCHOR, timezone="Asia/Shanghai")),
        Interval(60).anchor_date.tzinfo is not None,
    ]


def case_rrule() -> Any:
    return [
        fields(RRule("FREQ=DAILY")),
        fields(RRule("RRULE:FREQ=DAILY;INTERVAL=1", timezone="Asia/Shanghai", slug="s")),
    ]


def case_what_is_given_by_position_only() -> Any:
    return [
        error_kind(lambda: Cron(cron="0 2 * * *")),
        error_kind(lambda: Interval(interval=60)),
        error_kind(lambda: RRule(rrule="FREQ=DAILY")),
    ]


def case_a_schedule_of_two_kinds() -> Any:
    return [
        error_kind(
            lambda: Schedule(cron="0 2 * * *", interval=timedelta(60)),
            mentions=("Only one schedule type can be defined at a time", "interval, cron"),
        )["mentions"],
        caught_as(lambda: Schedule(cron="0 2 * * *", interval=timedelta(60)), ValueError),
    ]


def case_schedules_that_cannot_be_read() -> Any:
    return [
        caught_as(make, ValueError)
        for make in (
            lambda: Cron("every night"),
            lambda: Cron(""),
            lambda: Cron("60 * * * *"),
            lambda: Cron("0 24 * * *"),
            lambda: Cron("0 2 * *"),
            lambda: RRule("FREQ=SOMETIMES"),
            lambda: RRule("every day"),
        )
    ]


def case_intervals_that_cannot_be() -> Any:
    return [
        caught_as(lambda: Interval(0), ValueError),
        caught_as(lambda: IntervalSchedule(interval=timedelta(0)), ValueError),
        caught_as(lambda: IntervalSchedule(interval=timedelta(seconds=-1)), ValueError),
    ]


def case_a_dataclass_that_is_frozen() -> Any:
    schedule = Cron("0 2 * * *")
    changed = dataclasses.replace(schedule, active=False, slug="s")
    return [
        error_kind(lambda: setattr(schedule, "active", False)),
        [field.name for field in dataclasses.fields(Schedule)],
        changed.active,
        changed.cron,
    ]


def case_cron_keywords_and_forms() -> Any:
    forms = (
        "@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually", "@midnight",
        "*/15 * * * *", "0 2 * * MON-FRI", "0 0 L * *", "0 0 * * 5#2", "0 0 * * L5", "0 0 ? * 7",
        "0 0 1,15 * 1", "0 0 * JAN-MAR SUN", "0-30/10 8-18 * * *",
    )  # fmt: skip
    return [not caught_as(lambda form=form: Cron(form), ValueError) for form in forms]


def case_classes_of_schedules() -> Any:
    cron = CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai")
    interval = IntervalSchedule(interval=timedelta(minutes=5), anchor_date=ANCHOR)
    rrule = RRuleSchedule(rrule="FREQ=DAILY")
    return [
        [isinstance(each, type) for each in (CronSchedule, IntervalSchedule, RRuleSchedule)],
        [cron.cron, cron.timezone, cron.day_or, isinstance(cron, CronSchedule)],
        [interval.interval, interval.anchor_date == ANCHOR, isinstance(interval, CronSchedule)],
        [rrule.rrule, rrule.timezone],
        [cron == CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai"), cron == rrule],
    ]


def case_classes_in_annotations() -> Any:
    def f(schedule: CronSchedule | IntervalSchedule | None = None) -> bool:
        return schedule is None

    return f()


def case_intervals_in_numbers_and_anchors_in_text() -> Any:
    found = IntervalSchedule(interval=90, anchor_date="2026-01-01T00:00:00Z")
    return [found.interval, found.anchor_date == ANCHOR]


def case_classes_refuse() -> Any:
    return [
        caught_as(make, ValueError)
        for make in (
            lambda: CronSchedule(cron="every night"),
            lambda: CronSchedule(cron="0 2 * * *", timezone="Mars/Olympus"),
            lambda: IntervalSchedule(interval=60, timezone="Mars/Olympus"),
            lambda: RRuleSchedule(rrule="FREQ=DAILY", timezone="Mars/Olympus"),
            lambda: RRuleSchedule(rrule="FREQ=SOMETIMES"),
            lambda: RRuleSchedule(rrule="FREQ=DAILY;" + "X" * 7000),
        )
    ]


def case_classes_want_their_field() -> Any:
    return [
        caught_as(make, Exception)
        for make in (
            CronSchedule,
            IntervalSchedule,
            RRuleSchedule,
            lambda: CronSchedule(cron="0 2 * * *", chron=1),
            lambda: CronSchedule("0 2 * * *"),
        )
    ]


def case_constructing() -> Any:
    cron = construct_schedule(cron="0 2 * * *", timezone="Asia/Shanghai")
    interval = construct_schedule(interval=90, anchor_date=ANCHOR)
    rrule = construct_schedule(rrule="FREQ=DAILY")
    return [
        [type(each).__name__ for each in (cron, interval, rrule)],
        [cron.cron, cron.timezone],
        [interval.interval, interval.anchor_date == ANCHOR],
        rrule.rrule,
        construct_schedule(interval=timedelta(hours=1)).interval,
    ]


def case_constructing_what_cannot_be() -> Any:
    return [
        caught_as(lambda given=given: construct_schedule(**given), ValueError)
        for given in (
            {},
            {"interval": 60, "cron": "@daily"},
            {"cron": "@daily", "anchor_date": ANCHOR},
            {"timezone": "Asia/Shanghai"},
            {"interval": 0},
            {"cron": ""},
        )
    ]


def case_a_schedule_of_a_deployment() -> Any:
    made = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 2 * * *"))
    full = DeploymentScheduleCreate(
        schedule=CronSchedule(cron="0 3 * * *", timezone="Asia/Shanghai"),
        active=False,
        parameters={"a": 1},
        slug="s",
        max_scheduled_runs=3,
    )
    return [
        [made.schedule.cron, made.active, made.parameters, made.slug],
        [full.schedule.cron, full.schedule.timezone, full.active, full.parameters, full.slug],
    ]


def case_a_schedule_of_a_deployment_from_another() -> Any:
    made = DeploymentScheduleCreate.from_schedule(
        Cron("0 2 * * *", timezone="Asia/Shanghai", active=False, slug="s", parameters={"a": 1})
    )
    return [made.schedule.cron, made.schedule.timezone, made.active, made.slug, made.parameters]


def case_a_schedule_of_a_deployment_that_cannot_be() -> Any:
    return [
        caught_as(lambda given=given: DeploymentScheduleCreate(**given), Exception)
        for given in ({}, {"schedule": 3}, {"schedule": CronSchedule(cron="@daily"), "other": 1})
    ]


def case_the_module_of_the_server() -> Any:
    found = server.CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai")
    return [found.cron, found.timezone, isinstance(server.IntervalSchedule, type)]


def dates(schedule: Any, start: str, count: int = 3) -> list[str]:
    """When a schedule is due after a time, in its own zone and in UTC."""
    begin = datetime.datetime.fromisoformat(start)
    if hasattr(schedule, "get_dates"):
        found = asyncio.run(schedule.get_dates(count, start=begin))
    else:
        found = schedule.upcoming(count, start=begin)
    return [
        f"{each.replace(tzinfo=None).isoformat(' ')} "
        f"{each.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}"
        for each in found
    ]


def cron(expression: str, zone: str = "UTC", day_or: bool = True) -> Any:
    return server.CronSchedule(cron=expression, timezone=zone, day_or=day_or)


SUMMER = "2026-06-10T12:00:30+00:00"


def case_fire_times_of_cron() -> Any:
    expressions = (
        "*/15 * * * *", "5 * * * *", "0 2 * * *", "0 2,14 * * *", "30 9 * * MON-FRI", "0 0 1 * *",
        "0 0 L * *", "0 0 31 * *", "0 0 29 2 *", "0 12 * * 0", "0 12 * * 7", "0 12 * * SUN",
        "0 9 * * 5#2", "0 9 * * 1#1", "0 0 1 */3 *", "0 0 1,15 * 1", "10-20/5 4 * * *",
        "0 22-23,0-2 * * *", "0 0 * * 1-5", "0 0 * * 6,0", "@hourly", "@daily", "@weekly",
        "@monthly", "@yearly", "7/20 * * * *", "0 */6 * JUL *", "59 23 31 12 *", "0 0 ? * 3",
    )  # fmt: skip
    return {each: dates(cron(each), SUMMER) for each in expressions}


def case_fire_times_of_days_and_weekdays_together() -> Any:
    return [
        dates(cron("0 0 13 * 5"), SUMMER, 5),
        dates(cron("0 0 13 * 5", day_or=False), SUMMER, 3),
        dates(cron("0 0 1-7 * 1", day_or=False), SUMMER, 3),
    ]


def case_fire_times_in_zones() -> Any:
    return [
        dates(cron("0 2 * * *", zone), SUMMER)
        for zone in ("Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
    ]


def case_fire_times_of_the_last_friday() -> Any:
    return dates(cron("0 9 * * L5"), SUMMER)


def case_fire_times_in_seconds() -> Any:
    return dates(cron("0 2 * * * 15"), SUMMER)


def case_a_fixed_time_that_the_clock_leaps_over() -> Any:
    return [
        dates(cron("30 2 * * *", "America/New_York"), "2026-03-07T12:00:00-05:00"),
        dates(cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00:00+01:00"),
        dates(cron("15 2 * * *", "Australia/Lord_Howe"), "2026-10-03T12:00:00+10:30"),
    ]


def case_a_fixed_time_that_comes_twice() -> Any:
    return [
        dates(cron("30 1 * * *", "America/New_York"), "2026-10-31T12:00:00-04:00"),
        dates(cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00+02:00"),
        dates(cron("45 1 * * *", "Australia/Lord_Howe"), "2026-04-04T12:00:00+11:00"),
    ]


def case_every_so_often_over_a_gap() -> Any:
    return [
        dates(cron("0 * * * *", "America/New_York"), "2026-03-08T00:30:00-05:00", 4),
        dates(cron("*/30 * * * *", "Europe/Berlin"), "2026-03-29T01:10:00+01:00", 4),
    ]


def case_every_so_often_over_an_overlap() -> Any:
    return [
        dates(cron("0 * * * *", "America/New_York"), "2026-11-01T00:30:00-04:00", 5),
        dates(cron("*/30 * * * *", "Europe/Berlin"), "2026-10-25T01:40:00+02:00", 6),
    ]


def interval(step: timedelta, anchor: str, zone: str = "UTC") -> Any:
    return server.IntervalSchedule(
        interval=step, anchor_date=datetime.datetime.fromisoformat(anchor), timezone=zone
    )


def case_fire_times_of_intervals() -> Any:
    return [
        dates(interval(timedelta(minutes=15), "2026-01-01T00:05:00+00:00"), SUMMER),
        dates(interval(timedelta(hours=7), "2030-01-01T00:00:00+00:00"), SUMMER),
        dates(interval(timedelta(days=1), "2026-01-01T09:00:00+00:00"), SUMMER),
        dates(interval(timedelta(days=7), "2026-01-05T09:00:00+08:00", "Asia/Shanghai"), SUMMER),
        dates(interval(timedelta(seconds=90), "2026-06-10T12:00:10+00:00"), SUMMER),
    ]


def case_intervals_of_days_over_changes_of_the_clock() -> Any:
    day, anchor = timedelta(days=1), "2026-01-01T09:00:00-05:00"
    return [
        dates(interval(day, anchor, "America/New_York"), "2026-03-06T12:00:00-05:00", 4),
        dates(interval(day, anchor, "America/New_York"), "2026-10-30T12:00:00-04:00", 4),
        dates(
            interval(day, "2026-01-01T09:00:00+10:30", "Australia/Lord_Howe"),
            "2026-04-03T12:00:00+11:00",
        ),
    ]


def case_intervals_of_hours_over_changes_of_the_clock() -> Any:
    hours, anchor = timedelta(hours=1), "2026-01-01T00:00:00-05:00"
    return [
        dates(interval(hours, anchor, "America/New_York"), "2026-03-08T00:30:00-05:00", 4),
        dates(interval(hours, anchor, "America/New_York"), "2026-11-01T00:30:00-04:00", 4),
    ]


def rrule(text: str, zone: str = "UTC") -> Any:
    return server.RRuleSchedule(rrule=text, timezone=zone)


def case_fire_times_of_recurrence_rules() -> Any:
    rules = (
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9;BYMINUTE=30;BYSECOND=0",
        "FREQ=MONTHLY;BYDAY=2FR",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=18;BYMINUTE=0;BYSECOND=0",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4",
        "FREQ=HOURLY;INTERVAL=5",
        "FREQ=MINUTELY;INTERVAL=7",
        "DTSTART:20260601T080000\nRRULE:FREQ=DAILY;INTERVAL=3",
        "DTSTART:20260608T080000\nRRULE:FREQ=DAILY;COUNT=5",
        "DTSTART:20260601T080000\nRRULE:FREQ=DAILY;UNTIL=20260612T080000",
        "DTSTART:20260601T080000\nRRULE:FREQ=DAILY;COUNT=3",
        "DTSTART:20260601T080000\nRRULE:FREQ=DAILY\nEXDATE:20260611T080000,20260613T080000",
        "DTSTART:20260601T080000\nRRULE:FREQ=WEEKLY\nRDATE:20260612T100000",
        "DTSTART:20260601T080000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU",
    )
    return {each: dates(rrule(each), SUMMER) for each in rules}


def case_recurrence_rules_in_zones() -> Any:
    text = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    return [
        dates(rrule(text, zone), SUMMER)
        for zone in ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe")
    ]


def case_a_recurrence_rule_without_a_time_of_day() -> Any:
    return [dates(rrule("FREQ=DAILY", zone), SUMMER) for zone in ("Asia/Shanghai", "UTC")]


def case_recurrence_rules_over_changes_of_the_clock() -> Any:
    text = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    return [
        dates(rrule(text, "America/New_York"), "2026-03-07T12:00:00-05:00"),
        dates(rrule(text, "America/New_York"), "2026-10-31T12:00:00-04:00"),
    ]


def case_a_recurrence_rule_that_the_clock_leaps_over() -> Any:
    text = "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0"
    return dates(rrule(text, "America/New_York"), "2026-03-07T12:00:00-05:00")


def case_a_recurrence_rule_whose_time_comes_twice() -> Any:
    text = "FREQ=DAILY;BYHOUR=1;BYMINUTE=30;BYSECOND=0"
    return dates(rrule(text, "America/New_York"), "2026-10-31T12:00:00-04:00")


def case_an_anchor_without_a_zone() -> Any:
    naive = server.IntervalSchedule(
        interval=timedelta(hours=6),
        anchor_date=datetime.datetime(2026, 1, 1, 3),  # noqa: DTZ001 - that is what is asked
        timezone="Asia/Shanghai",
    )
    return dates(naive, SUMMER)
