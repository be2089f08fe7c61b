"""Anchored intervals and recurrence rules, around leaps and far from their starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import InvalidSchedule
from noria.core.schedules.calendar import parse_rrule
from noria.core.schedules.interval import parse_interval
from noria.core.schedules.zones import local, moment, resolve, zone

NEW_YORK = "America/New_York"
WALL_TIMES = st.integers(0, 3650 * 24 * 60).map(
    lambda minutes: datetime.fromisoformat("2017-01-01") + timedelta(minutes=minutes)
)


def at(text, name="UTC"):
    return moment(datetime.fromisoformat(text).replace(tzinfo=zone(name)))


def due(rule, start, count, name="UTC"):
    found, now = [], at(start, name)
    for _ in range(count):
        now = rule.next_after(now)
        if now is None:
            break
        found.append(local(now, name).isoformat(timespec="minutes"))
    return found


class TestInterval:
    def test_counted_from_the_anchor_both_ways(self):
        rule = parse_interval(900, at("2026-01-01T00:07"))
        assert due(rule, "2026-01-01T10:00", 2) == [
            "2026-01-01T10:07+00:00",
            "2026-01-01T10:22+00:00",
        ]
        assert due(rule, "2025-06-01T00:00", 1) == ["2025-06-01T00:07+00:00"]

    def test_what_is_due_now_is_due_later_only(self):
        rule = parse_interval(timedelta(hours=1), at("2026-01-01T00:00"))
        assert due(rule, "2026-01-01T01:00", 1) == ["2026-01-01T02:00+00:00"]

    def test_days_are_counted_on_the_wall_clock(self):
        rule = parse_interval(timedelta(days=1), at("2026-01-01T09:00", NEW_YORK), NEW_YORK)
        assert due(rule, "2026-03-07T00:00", 2, NEW_YORK) == [
            "2026-03-07T09:00-05:00",
            "2026-03-08T09:00-04:00",
        ]

    def test_hours_are_counted_in_elapsed_time(self):
        rule = parse_interval(timedelta(hours=12), at("2026-01-01T09:00", NEW_YORK), NEW_YORK)
        assert due(rule, "2026-03-07T20:00", 2, NEW_YORK) == [
            "2026-03-07T21:00-05:00",
            "2026-03-08T10:00-04:00",
        ]

    def test_a_day_whose_time_is_skipped(self):
        rule = parse_interval(timedelta(days=1), at("2026-01-01T02:30", NEW_YORK), NEW_YORK)
        assert due(rule, "2026-03-08T00:00", 2, NEW_YORK) == [
            "2026-03-08T03:00-04:00",
            "2026-03-09T02:30-04:00",
        ]

    @pytest.mark.parametrize("interval", [0, -5, timedelta(0), "ten", float("nan"), 1e-9])
    def test_it_must_be_positive(self, interval):
        with pytest.raises(InvalidSchedule, match="expected a positive number"):
            parse_interval(interval, 0)

    @given(
        st.integers(1, 9),
        WALL_TIMES,
        WALL_TIMES,
        st.sampled_from([NEW_YORK, "Australia/Lord_Howe", "Asia/Shanghai", "America/Sao_Paulo"]),
    )
    def test_days_as_counting_them_one_by_one_has_it(self, days, anchor, start, name):
        rule = parse_interval(timedelta(days=days), resolve(anchor, name), name)
        anchor = local(resolve(anchor, name), name).replace(tzinfo=None)
        after = resolve(start, name)
        # Two days early, then one step after the other.
        turn = (start - anchor) // timedelta(days=days) - 2
        while resolve(anchor + turn * timedelta(days=days), name) <= after:
            turn += 1
        assert rule.next_after(after) == resolve(anchor + turn * timedelta(days=days), name)


class TestCalendar:
    def test_weekdays_at_nine(self):
        rule = parse_rrule(
            "FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "Asia/Shanghai"
        )
        assert due(rule, "2026-11-22T00:00", 2, "Asia/Shanghai") == [
            "2026-11-23T09:00+08:00",
            "2026-11-27T09:00+08:00",
        ]

    def test_without_a_start_it_is_counted_from_2020(self):
        assert due(parse_rrule("FREQ=DAILY;INTERVAL=2"), "2020-01-01T00:00", 1) == [
            "2020-01-03T00:00+00:00"
        ]

    def test_the_zone_of_its_start_is_its_zone(self):
        rule = parse_rrule(f"DTSTART;TZID={NEW_YORK}:20260101T090000\nRRULE:FREQ=DAILY")
        assert rule.timezone == NEW_YORK
        assert due(rule, "2026-03-07T12:00", 1, NEW_YORK) == ["2026-03-08T09:00-04:00"]

    def test_times_in_utc_are_times_in_utc(self):
        rule = parse_rrule("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;COUNT=2", "Asia/Shanghai")
        assert due(rule, "2025-12-01T00:00", 5, "Asia/Shanghai") == [
            "2026-01-01T08:00+08:00",
            "2026-01-02T08:00+08:00",
        ]

    def test_an_end_and_exceptions(self):
        rule = parse_rrule(
            "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260104T090000\n"
            "EXDATE:20260102T090000\nRDATE:20260110T120000"
        )
        assert due(rule, "2025-12-01T00:00", 9) == [
            "2026-01-01T09:00+00:00",
            "2026-01-03T09:00+00:00",
            "2026-01-04T09:00+00:00",
            "2026-01-10T12:00+00:00",
        ]

    def test_a_skipped_time_is_due_right_after_and_a_repeated_one_once(self):
        rule = parse_rrule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0", NEW_YORK)
        assert due(rule, "2026-03-08T00:00", 1, NEW_YORK) == ["2026-03-08T03:00-04:00"]
        rule = parse_rrule("FREQ=DAILY;BYHOUR=1;BYMINUTE=30;BYSECOND=0", NEW_YORK)
        assert due(rule, "2026-11-01T00:00", 2, NEW_YORK) == [
            "2026-11-01T01:30-04:00",
            "2026-11-02T01:30-05:00",
        ]

    def test_every_hour_goes_on_through_both_hours(self):
        rule = parse_rrule("FREQ=HOURLY;BYMINUTE=15;BYSECOND=0", NEW_YORK)
        assert due(rule, "2026-11-01T00:30", 3, NEW_YORK) == [
            "2026-11-01T01:15-04:00",
            "2026-11-01T01:15-05:00",
            "2026-11-01T02:15-05:00",
        ]

    def test_a_rule_of_seconds_is_not_counted_from_its_start(self):
        rule = parse_rrule("DTSTART:20200101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=7")
        start = moment(datetime(2020, 1, 1, tzinfo=UTC))
        found = rule.next_after(at("2026-11-22T00:00"))
        assert (found - start) % 7_000_000 == 0
        assert 0 < found - at("2026-11-22T00:00") <= 7_000_000

    def test_asking_for_a_later_day_first_changes_nothing(self):
        text = "DTSTART:20260101T090000\nRRULE:FREQ=DAILY\nEXDATE:20260102T090000"
        rule = parse_rrule(text)
        assert due(rule, "2026-06-01T00:00", 1) == ["2026-06-01T09:00+00:00"]
        assert due(rule, "2026-01-01T12:00", 1) == ["2026-01-03T09:00+00:00"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("FREQ=FORTNIGHTLY", "FORTNIGHTLY|invalid"),
            ("每周一", "Invalid RRule string"),
            ("", "Invalid RRule string"),
            ("DTSTART:20260231T000000\nRRULE:FREQ=DAILY", "Invalid RRule string"),
            ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no date meets it"),
            ("FREQ=DAILY;" * 700, "at most 6500"),
        ],
    )
    def test_what_cannot_be_read_is_said(self, text, said):
        with pytest.raises(InvalidSchedule, match=said):
            parse_rrule(text)
