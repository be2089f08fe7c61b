"""What is due after a look, and what is made up for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noria.core.errors import InvalidSchedule
from noria.core.schedules.calendar import parse_rrule
from noria.core.schedules.cron import CronRule, parse_cron
from noria.core.schedules.interval import IntervalRule, parse_interval
from noria.core.schedules.rules import Catchup, from_record, look, to_record, words

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
hourly = IntervalRule(HOUR, 0)


class TestLook:
    def test_nothing_is_due(self):
        assert look(hourly, 0, HOUR - 1, Catchup.ALL) == ([], HOUR - 1, HOUR)

    @pytest.mark.parametrize(
        ("catchup", "due"),
        [
            (Catchup.ALL, [HOUR, 2 * HOUR, 3 * HOUR]),
            (Catchup.LAST, [3 * HOUR]),
            (Catchup.NONE, []),
        ],
    )
    def test_what_was_missed(self, catchup, due):
        now = 3 * HOUR + 5 * 60 * SECOND
        assert look(hourly, 0, now, catchup) == (due, now, 4 * HOUR)

    @pytest.mark.parametrize("catchup", list(Catchup))
    def test_what_is_due_just_now_is_no_catching_up(self, catchup):
        assert look(hourly, HOUR, 2 * HOUR + SECOND, catchup).due == [2 * HOUR]

    def test_a_clock_that_has_stepped_back_decides_nothing(self):
        assert look(hourly, 3 * HOUR, HOUR, Catchup.ALL) == ([], 3 * HOUR, 4 * HOUR)

    def test_a_year_of_seconds_is_not_gone_through(self):
        rule = IntervalRule(SECOND, 0)
        assert look(rule, 0, 365 * DAY, Catchup.LAST).due == [365 * DAY]

    def test_a_year_of_seconds_is_made_up_for_in_portions(self):
        rule = IntervalRule(SECOND, 0)
        found = look(rule, 0, 365 * DAY, Catchup.ALL)
        assert (len(found.due), found.since, found.next) == (1000, 1000 * SECOND, 1001 * SECOND)

    def test_the_last_of_a_rare_rule_is_found_far_back(self):
        yearly = parse_cron("0 0 1 1 *")
        assert look(yearly, 0, 700 * DAY, Catchup.LAST).due == [365 * DAY]

    @given(
        st.lists(st.integers(1, 100 * HOUR), min_size=1, max_size=30),
        st.integers(HOUR // 10, 5 * HOUR),
    )
    def test_each_moment_is_decided_once_however_often_one_looks(self, times, every):
        rule, since, due = IntervalRule(every, 0), 0, []
        for now in sorted(times):
            found = look(rule, since, now, Catchup.ALL)
            while found.due and found.since < now:
                due += found.due
                found = look(rule, found.since, now, Catchup.ALL)
            due += found.due
            since = found.since
        assert due == list(range(every, max(times) + 1, every))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (parse_cron("0 2 * * *", "Asia/Shanghai"), "0 2 * * * (Asia/Shanghai)"),
        (parse_interval(93_784.5, 0), "every 1d2h3m4s500ms"),
        (parse_rrule("DTSTART:20260101T000000\nRRULE:FREQ=DAILY"), None),
    ],
    ids=["cron", "interval", "rrule"],
)
def test_as_json_and_as_words(rule, text):
    assert from_record(json.loads(json.dumps(to_record(rule)))) == rule
    assert words(rule) == (text or "DTSTART:20260101T000000 RRULE:FREQ=DAILY")


def test_a_kind_of_a_later_noria():
    with pytest.raises(InvalidSchedule, match="upgrade Noria"):
        from_record({"kind": "solar", "sun": "rise"})
    with pytest.raises(InvalidSchedule, match="upgrade Noria"):
        from_record({"kind": "cron", "cron": "@daily", "moon": "full"})
    assert from_record({"kind": "cron", "cron": "@daily"}) == CronRule("@daily")
