"""Deployments in the spelling of Prefect 2, under Noria's name and under Prefect's."""

from __future__ import annotations

import copy
import datetime
import enum
import importlib

import pytest

import noria.compat.prefect
from noria.client.schemas.actions import DeploymentScheduleCreate
from noria.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule
from noria.core.errors import ParameterTypeError
from noria.core.jsontext import from_json
from noria.deployments import Deployment, RunnerDeployment
from noria.engine.session import open_session
from noria.schedules import Cron, Interval
from tests.deployments.flows import counting, strict

SHANGHAI = "Asia/Shanghai"


def spec_of(reference):
    (row,) = open_session().backend.find_deployments(reference)
    return from_json(row.spec)


class Environment(enum.StrEnum):
    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


@pytest.mark.parametrize("root", ["noria", "prefect"])
@pytest.mark.parametrize(
    ("environment", "cron"),
    [
        (Environment.PRODUCTION, "0 2 * * *"),
        (Environment.STAGING, "0 */2 * * *"),
        (Environment.DEVELOPMENT, None),
    ],
)
def test_deployments_of_an_environment(root, environment, cron):
    build = importlib.import_module(f"{root}.deployments").Deployment.build_from_flow
    rule = importlib.import_module(f"{root}.client.schemas.schedules").CronSchedule
    schedule = None if cron is None else rule(cron=cron, timezone=SHANGHAI)
    name = f"数据处理-{environment.value}"

    build(
        flow=counting, name=name, schedule=schedule, tags=["生产"], parameters={"count": 2}
    ).apply()

    found = spec_of(f"counting/{name}")
    assert [each["rule"]["cron"] for each in found["schedules"]] == ([cron] if cron else [])
    assert (found["tags"], found["parameters"]) == (["生产"], {"count": 2})


@pytest.mark.parametrize("path", ["server", "orion", "client"])
def test_the_modules_that_have_had_schedules(path):
    module = importlib.import_module(f"prefect.{path}.schemas.schedules")
    assert module.CronSchedule is CronSchedule


def test_what_build_from_flow_took():
    made = Deployment.build_from_flow(
        counting,
        "old",
        version="1",
        work_pool_name="p",
        work_queue_name="q",
        infra_overrides={"env.LEVEL": "DEBUG", "env": {"A": "1"}},
        is_schedule_active=False,
        schedules=[
            IntervalSchedule(interval=datetime.timedelta(hours=1)),
            {"schedule": RRuleSchedule(rrule="FREQ=DAILY"), "active": False},
        ],
        path="/srv/etl",
        entrypoint="etl.py:counting",
        skip_upload=True,
        ignore_file=".prefectignore",
        load_existing=False,
        manifest_path=None,
    )
    assert made.job_variables == {"env": {"A": "1", "LEVEL": "DEBUG"}}
    assert (made.path, made.entrypoint, made.paused) == ("/srv/etl", "etl.py:counting", True)
    assert [each.active for each in made.schedules] == [True, False]


def test_a_deployment_that_is_changed_before_it_is_applied():
    made = Deployment.build_from_flow(counting, "changed", schedule=Cron("@daily"))
    made.schedule = CronSchedule(cron="@hourly")
    made.tags = ["later"]
    made.parameters = {"count": 3}
    made.apply()
    found = spec_of("counting/changed")
    assert found["schedules"][0]["rule"]["cron"] == "@hourly"
    assert (found["tags"], found["parameters"], made.schedule.cron) == (
        ["later"],
        {"count": 3},
        "@hourly",
    )


def test_a_schedule_that_is_taken_away():
    made = Deployment.build_from_flow(counting, "without", schedule=Cron("@daily"))
    made.schedule = None
    assert (made.schedule, made.schedules) == (None, [])


def test_a_field_that_there_is_not():
    made = Deployment.build_from_flow(counting, "x")
    with pytest.raises(AttributeError, match="no field 'cron'"):
        made.cron = "@daily"


def test_a_copy():
    made = Deployment.build_from_flow(counting, "x")
    assert copy.copy(made).full_name == "counting/x"


class TestIntervals:
    def test_deploying_again_changes_nothing(self):
        backend = open_session().backend
        counting.to_deployment("often", interval=3600).apply()
        again = counting.to_deployment("often", interval=3600).spec()
        assert [step.action for step in backend.plan_deployments([again])] == ["keep"]

    def test_another_interval_is_a_change(self):
        backend = open_session().backend
        counting.to_deployment("often", schedule=Interval(3600, slug="s")).apply()
        other = counting.to_deployment("often", schedule=Interval(60, slug="s")).spec()
        assert [step.action for step in backend.plan_deployments([other])] == ["change"]

    def test_an_anchor_that_is_given_is_kept(self):
        anchor = datetime.datetime(2026, 1, 1, 3, tzinfo=datetime.UTC)
        counting.to_deployment("often", schedule=Interval(3600, anchor_date=anchor)).apply()
        (schedule,) = spec_of("counting/often")["schedules"]
        assert schedule["rule"]["anchor"] == int(anchor.timestamp()) * 1_000_000


class TestParametersOfSchedules:
    def test_one_that_leaves_a_parameter_out(self):
        with pytest.raises(ParameterTypeError, match=r"Schedule 'night' .*'day' is missing"):
            strict.to_deployment("x", schedule=Cron("@daily", slug="night"))

    def test_one_that_gives_it(self):
        given = strict.to_deployment("x", schedule=Cron("@daily", parameters={"day": "monday"}))
        assert given.spec().schedules[0].parameters == {"day": "monday"}

    def test_one_that_rests(self):
        assert strict.to_deployment("x", schedule=Cron("@daily", active=False)).schedules

    def test_one_of_a_wrong_type(self):
        with pytest.raises(ParameterTypeError, match="'count'"):
            counting.to_deployment("x", schedule=Cron("@daily", parameters={"count": "many"}))


def test_an_import_of_the_alias_is_noria_itself():
    assert (
        importlib.import_module("prefect.deployments.runner").RunnerDeployment is RunnerDeployment
    )
    assert noria.compat.prefect.MODULES[".types.entrypoint"] == ".types.entrypoint"


def test_a_schedule_of_a_deployment_has_what_it_was_given():
    made = DeploymentScheduleCreate(Cron("@daily"), max_scheduled_runs=3, replaces="old")
    assert (made.max_scheduled_runs, made.replaces) == (3, "old")
