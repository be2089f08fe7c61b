"""`backfill`: missed runs, made by code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from noria.backend.processes import this_process
from noria.core import clock
from noria.core.errors import (
    DeploymentError,
    InvalidSchedule,
    ObjectNotFound,
    ParameterTypeError,
)
from noria.core.jsontext import from_json
from noria.core.states import StateType
from noria.deployments import RunnerDeployment, backfill
from noria.deployments.backfilling import TooManyTimesError
from noria.engine.session import open_session
from noria.schedules import Cron, Interval
from tests.conformance.rows import batch

BERLIN = ZoneInfo("Europe/Berlin")
at = datetime.fromisoformat
SCHEMA = {"properties": {"day": {"type": "string"}}}


@pytest.fixture
def deployed():
    def deploy(*schedules, **options):
        runner = RunnerDeployment("夜间", "etl", "etl.py:etl", schedules=list(schedules), **options)
        runner.parameter_openapi_schema = SCHEMA
        return runner.apply()

    return deploy


def times(made):
    backend = open_session().backend
    rows = [backend.flow_run(each.bytes) for each in made.flow_run_ids]
    return [clock.to_datetime(from_json(row.settings)["scheduled"]) for row in rows]


def test_both_ends_are_included(deployed):
    deployed(Cron("0 2 * * *"))
    made = backfill("夜间", at("2026-03-01T02:00"), at("2026-03-03T02:00"))
    assert times(made) == [datetime(2026, 3, day, 2, tzinfo=UTC) for day in (1, 2, 3)]
    just_inside = at("2026-04-01T02:00:00.000001"), at("2026-04-03T01:59")
    assert [time.day for time in times(backfill("夜间", *just_inside))] == [2]


def test_around_a_leap_of_the_clock(deployed):
    deployed(Cron("30 2 * * *", timezone="Europe/Berlin"))
    made = backfill("夜间", date(2026, 3, 28), date(2026, 3, 30))
    shown = [str(time.astimezone(BERLIN)) for time in times(made)]
    assert shown == [
        "2026-03-28 02:30:00+01:00",
        "2026-03-29 03:00:00+02:00",
        "2026-03-30 02:30:00+02:00",
    ]
    made = backfill("夜间", date(2026, 10, 25), date(2026, 10, 25))
    assert [str(time.astimezone(BERLIN)) for time in times(made)] == ["2026-10-25 02:30:00+02:00"]


def test_a_naive_time_is_local_to_each_schedule(deployed):
    deployed(
        Cron("0 0 * * *", timezone="Asia/Shanghai", slug="east"),
        Cron("0 0 * * *", timezone="America/New_York", slug="west"),
    )
    made = backfill("夜间", at("2026-03-01T00:00"), at("2026-03-01T00:00"))
    assert times(made) == [
        datetime(2026, 2, 28, 16, tzinfo=UTC),
        datetime(2026, 3, 1, 5, tzinfo=UTC),
    ]


def test_an_aware_time_is_what_it_is(deployed):
    deployed(Cron("0 * * * *"))
    start = datetime(2026, 3, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert times(backfill("夜间", start, start)) == [datetime(2026, 3, 1, tzinfo=UTC)]


def test_what_it_makes_is_missed_no_more(deployed):
    number = deployed(Interval(3600, anchor_date=datetime(2026, 1, 1, tzinfo=UTC), slug="hourly"))
    day = date(2026, 3, 1), date(2026, 3, 1)
    assert backfill(number, *day, parallel=4, newest_first=True, limit=20).made == 20
    again = backfill("etl/夜间", *day)
    assert (again.made, [time.hour for time in times(again)]) == (4, [0, 1, 2, 3])
    nothing = backfill("etl/夜间", *day)
    assert (nothing.id, nothing.made, nothing.flow_run_ids, nothing.counts()) == (None, 0, [], {})
    assert (nothing.wait(), nothing.cancel()) == (True, 0)
    assert backfill("etl/夜间", *day, rerun=True).made == 24


def test_an_interval_begins_at_the_start(deployed):
    deployed()
    made = backfill(
        "夜间",
        at("2026-03-01T07:00"),
        at("2026-03-01T12:00"),
        every=timedelta(hours=2),
        timezone="Asia/Shanghai",
    )
    assert [time.hour for time in times(made)] == [23, 1, 3]


def test_waiting_and_cancelling(deployed):
    deployed(Cron("0 2 * * *"))
    made = backfill("夜间", date(2026, 3, 1), date(2026, 3, 3))
    backend = open_session().backend
    worker = this_process(clock.now(), 10**9)
    backend.register_process(worker)
    (claim,) = backend.claim(["default"], worker.id, 9, clock.now())
    assert not made.wait(timeout=0)
    assert made.counts() == {"PENDING": 1, "SCHEDULED": 2}
    assert made.cancel() == 2
    assert not made.wait(timeout=0)
    done = claim.run._replace(state=StateType.COMPLETED, end=clock.now())
    backend.append(batch(done))
    assert made.wait(timeout=0)
    assert made.counts() == {"COMPLETED": 1, "CANCELLED": 2}
    assert f"Backfill(id={made.id}, deployment_name='etl/夜间', made=3)" == repr(made)


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"end": date(2026, 2, 1)}, DeploymentError, "2026-03-01 is after 2026-02-01"),
        ({"start": date(9000, 1, 1), "end": None}, DeploymentError, "lies ahead"),
        ({"schedules": "hurly"}, ObjectNotFound, "Did you mean 'hourly'"),
        ({"schedules": ["x"]}, ObjectNotFound, "It has hourly"),
        ({"cron": "61 * * * *"}, InvalidSchedule, "the field minute"),
        ({"every": 0}, InvalidSchedule, "expected a positive number"),
        ({"every": 60, "timezone": "Mars"}, InvalidSchedule, "no time zone 'Mars'"),
        ({"every": 60, "cron": "0 2 * * *"}, DeploymentError, "give one of them"),
        ({"timezone": "UTC"}, DeploymentError, "a schedule has its own"),
        ({"parameters": {"day": 1}}, ParameterTypeError, "1 is not of type 'string'"),
        ({"parallel": 0}, DeploymentError, "parallel is 0; expected 1 or more"),
        ({"limit": 0}, DeploymentError, "limit is 0; expected 1 or more"),
        ({"most": 5}, TooManyTimesError, "more than 5 times between 2026-03-01 and 2026-03-02"),
    ],
)
def test_what_cannot_be_makes_nothing(deployed, options, kind, said):
    deployed(Cron("0 * * * *", slug="hourly"))
    wanted = {"start": date(2026, 3, 1), "end": date(2026, 3, 2), **options}
    with pytest.raises(kind, match=said):
        backfill("夜间", **wanted)
    assert open_session().backend.backfills() == []


def test_an_unknown_deployment():
    with pytest.raises(ObjectNotFound, match="no deployment 'none'"):
        backfill("none", date(2026, 3, 1))
