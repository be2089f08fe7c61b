"""Cron rules beside a slow reading of every minute, and around leaps as worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import InvalidSchedule
from noria.core.schedules.cron import parse_cron
from noria.core.schedules.zones import local, moment, resolve, zone

ZONES = (
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "America/Sao_Paulo",  # leapt at midnight, until 2019
    "Africa/Casablanca",
    "Asia/Kathmandu",
)
MINUTE = timedelta(minutes=1)


def at(text, name="UTC"):
    return moment(datetime.fromisoformat(text).replace(tzinfo=zone(name)))


def due(cron, name, start, count, **options):
    rule = parse_cron(cron, name, **options)
    found, now = [], at(start, name)
    for _ in range(count):
        now = rule.next_after(now)
        found.append(local(now, name).isoformat(timespec="minutes"))
    return found


class TestAroundLeaps:
    def test_a_fixed_time_in_the_skipped_hour_is_due_once_right_after_it(self):
        assert due("30 2 * * *", "America/New_York", "2026-03-07T00:00", 3) == [
            "2026-03-07T02:30-05:00",
            "2026-03-08T03:00-04:00",
            "2026-03-09T02:30-04:00",
        ]

    def test_so_are_several(self):
        assert due("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00", 3) == [
            "2026-03-29T03:00+02:00",
            "2026-03-29T03:30+02:00",
            "2026-03-30T02:00+02:00",
        ]

    def test_a_fixed_time_in_the_repeated_hour_is_due_once(self):
        assert due("30 1 * * *", "America/New_York", "2026-10-31T12:00", 2) == [
            "2026-11-01T01:30-04:00",
            "2026-11-02T01:30-05:00",
        ]

    def test_also_asked_between_the_two(self):
        rule = parse_cron("30 1 * * *", "America/New_York")
        second = at("2026-11-01T06:15")  # 01:15, for the second time
        assert local(rule.next_after(second), "America/New_York").day == 2

    def test_every_so_often_goes_on_through_both_hours(self):
        assert due("*/30 * * * *", "America/New_York", "2026-11-01T00:45", 5) == [
            "2026-11-01T01:00-04:00",
            "2026-11-01T01:30-04:00",
            "2026-11-01T01:00-05:00",
            "2026-11-01T01:30-05:00",
            "2026-11-01T02:00-05:00",
        ]

    def test_and_does_not_pile_up_after_the_skipped_one(self):
        assert due("0 * * * *", "Europe/Berlin", "2026-03-29T00:30", 3) == [
            "2026-03-29T01:00+01:00",
            "2026-03-29T03:00+02:00",
            "2026-03-29T04:00+02:00",
        ]

    def test_a_leap_at_midnight(self):
        assert due("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", 2) == [
            "2018-11-04T01:00-02:00",
            "2018-11-05T00:00-02:00",
        ]

    def test_shanghai_has_none(self):
        assert due("0 2 * * *", "Asia/Shanghai", "2026-11-22T00:00", 2) == [
            "2026-11-22T02:00+08:00",
            "2026-11-23T02:00+08:00",
        ]


class TestExpressions:
    def test_day_or_weekday(self):
        assert due("0 9 13 * 5", "UTC", "2026-02-01T00:00", 3) == [
            "2026-02-06T09:00+00:00",
            "2026-02-13T09:00+00:00",
            "2026-02-20T09:00+00:00",
        ]

    def test_day_and_weekday(self):
        assert due("0 9 13 * 5", "UTC", "2026-01-01T00:00", 3, day_or=False) == [
            "2026-02-13T09:00+00:00",
            "2026-03-13T09:00+00:00",
            "2026-11-13T09:00+00:00",
        ]

    @pytest.mark.parametrize(
        ("cron", "first"),
        [
            ("@daily", "2026-01-02T00:00"),
            ("@Hourly", "2026-01-01T01:00"),
            ("0 0 L * *", "2026-01-31T00:00"),
            ("0 0 * * 5L", "2026-01-30T00:00"),
            ("0 0 ? * MON#2", "2026-01-12T00:00"),
            ("0 0 LW * *", "2026-01-30T00:00"),
            ("0 0 29 2 *", "2028-02-29T00:00"),
            ("0 12 * JAN-MAR MON-FRI", "2026-01-01T12:00"),
            ("  5   4 * * sun ", "2026-01-04T04:05"),
        ],
    )
    def test_forms(self, cron, first):
        assert due(cron, "UTC", "2026-01-01T00:00", 1) == [first + "+00:00"]

    def test_seconds_stand_last(self):
        rule = parse_cron("* * * * * */20")
        start = at("2026-01-01T00:00")
        assert rule.next_after(start) - start == 20_000_000

    def test_a_fixed_second_keeps_the_rules_for_leaps(self):
        rule = parse_cron("30 2 * * * 15", "America/New_York")
        found = local(rule.next_after(at("2026-03-08T00:00")), "America/New_York")
        assert found.isoformat() == "2026-03-08T03:00:15-04:00"

    @pytest.mark.parametrize(
        ("cron", "said"),
        [
            ("61 * * * *", "the field minute may be 0-59"),
            ("0 24 * * *", "the field hour may be 0-23"),
            ("0 2 * *", "Wrong number of fields"),
            (5, "it is no text"),
            ("", "Wrong number of fields"),
            ("0 0 31 2 *", "day-of-month"),
            ("0 0 31 4 *", "day-of-month"),
            ("0 0 31 2 1", None),
            ("@reboot", "Wrong number of fields"),
            ("H H * * *", "the field minute"),
            ("每天两点", "Wrong number of fields"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, cron, said):
        if said is None:
            parse_cron(cron)  # the Mondays of February
            return
        with pytest.raises(InvalidSchedule, match=said) as caught:
            parse_cron(cron)
        assert "Invalid cron string" in str(caught.value)

    def test_a_day_that_never_comes(self):
        with pytest.raises(InvalidSchedule, match="no such day"):
            parse_cron("0 0 30 2 1", day_or=False)

    def test_an_unknown_zone_names_the_near_one(self):
        with pytest.raises(InvalidSchedule, match="Did you mean 'Asia/Shanghai'"):
            parse_cron("0 2 * * *", "Asia/Shangai")


numbers = st.integers(0, 59).map(str)
hours = st.one_of(
    st.integers(0, 23).map(str),
    st.lists(st.integers(0, 23), min_size=2, max_size=3, unique=True).map(
        lambda many: ",".join(map(str, sorted(many)))
    ),
)
fixed = st.tuples(numbers, hours)
wild = st.sampled_from([("*/15", "*"), ("0", "*/2"), ("*", "2"), ("*/20", "1-3"), ("7", "*")])


def by_reading_every_minute(minute, hour, name, start, end):
    """All that is due after start up to end, one minute after the other."""
    rule_minutes = expand(minute, 60)
    rule_hours = expand(hour, 24)
    found = set()
    if minute.startswith("*") or hour.startswith("*"):
        time = start.replace(second=0)
        while time <= end:
            wall = time.astimezone(zone(name))
            if wall.minute in rule_minutes and wall.hour in rule_hours:
                found.add(moment(time))
            time += MINUTE
    else:
        day = start.astimezone(zone(name)).replace(tzinfo=None, hour=0, minute=0, second=0)
        day -= timedelta(days=1)
        while day <= end.replace(tzinfo=None) + timedelta(days=2):
            for each in rule_hours:
                for every in rule_minutes:
                    found.add(resolve(day.replace(hour=each, minute=every), name))
            day += timedelta(days=1)
    return sorted(each for each in found if moment(start) < each <= moment(end))


def expand(field, size):
    base, _, step = field.partition("/")
    found = []
    for part in base.split(","):
        first, _, last = part.partition("-")
        numbers = range(size) if part == "*" else range(int(first), int(last or first) + 1)
        found.extend(numbers)
    return set(sorted(found)[:: int(step or 1)])


LEAPS = {
    name: [
        day
        for day in (datetime(2017, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(3650))
        if day.astimezone(zone(name)).utcoffset()
        != (day + timedelta(days=1)).astimezone(zone(name)).utcoffset()
    ]
    or [datetime(2026, 6, 1, tzinfo=UTC)]
    for name in ZONES
}


def fires(rule, after, end):
    found = []
    while (after := rule.next_after(after)) <= end:
        found.append(after)
    return found


@given(st.data(), st.sampled_from(ZONES), st.one_of(fixed, wild), st.integers(-2000, 2000))
def test_as_a_reading_of_every_minute_has_it_around_ten_years_of_leaps(data, name, fields, shift):
    leap = data.draw(st.sampled_from(LEAPS[name]))
    start, end = leap + shift * MINUTE, leap + timedelta(days=2)
    rule = parse_cron(f"{fields[0]} {fields[1]} * * *", name)
    assert fires(rule, moment(start), moment(end)) == by_reading_every_minute(
        *fields, name, start, end
    )
