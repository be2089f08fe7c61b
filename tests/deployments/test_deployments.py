"""Deployments as code makes them, and runs that are asked for."""

from __future__ import annotations

import asyncio
import datetime
import os
import uuid

import pytest

import noria
from noria import flow
from noria.client.schemas.objects import ConcurrencyLimitConfig
from noria.client.schemas.schedules import CronSchedule
from noria.core import clock
from noria.core.errors import DeploymentError, ObjectNotFound, ParameterTypeError
from noria.core.jsontext import from_json
from noria.core.states import StateType
from noria.deployments import (
    Deployment,
    DeploymentTemplate,
    RunnerDeployment,
    deploy,
    run_deployment,
    serve,
)
from noria.engine.session import open_session
from noria.runs import resume
from noria.schedules import Cron, Interval, RRule
from tests.conformance.rows import batch
from tests.deployments.flows import asking, counting, strict, telling


def stored(reference):
    (row,) = open_session().backend.find_deployments(reference)
    return row


class TestToDeployment:
    def test_what_it_takes_from_the_flow(self):
        found = counting.to_deployment("夜间")
        assert (found.full_name, found.description, found.version) == (
            "counting/夜间",
            "Counts.",
            "7",
        )
        assert found.path == os.getcwd()
        assert found.entrypoint == "tests/deployments/flows.py:counting"
        assert found.parameter_openapi_schema["properties"]["count"]["type"] == "integer"

    @pytest.mark.parametrize(
        ("given", "count"),
        [
            ({"cron": "0 2 * * *"}, 1),
            ({"cron": ["0 2 * * *", "0 14 * * *"]}, 2),
            ({"interval": 60}, 1),
            ({"interval": datetime.timedelta(hours=1)}, 1),
            ({"rrule": "FREQ=DAILY"}, 1),
            ({"schedule": Cron("0 2 * * *", timezone="Asia/Shanghai")}, 1),
            ({"schedules": [Interval(60), RRule("FREQ=DAILY"), {"cron": "@daily"}]}, 3),
            ({}, 0),
        ],
        ids=["cron", "crons", "seconds", "timedelta", "rrule", "schedule", "schedules", "none"],
    )
    def test_ways_to_say_when(self, given, count):
        assert len(counting.to_deployment("x", **given).schedules) == count

    def test_one_way_at_a_time(self):
        with pytest.raises(ValueError, match="Only one of interval, cron, rrule"):
            counting.to_deployment("x", cron="@daily", interval=5)

    def test_two_schedules_of_one_name(self):
        with pytest.raises(ValueError, match="two schedules"):
            counting.to_deployment("x", cron=["@daily", "@daily"])

    def test_a_wrong_expression_is_refused_at_once(self):
        with pytest.raises(ValueError, match="Invalid cron string"):
            counting.to_deployment("x", cron="0 25 * * *")

    def test_parameters_that_the_flow_does_not_take(self):
        with pytest.raises(ValueError, match=r"does not take: rows\. It takes: count, label"):
            counting.to_deployment("x", parameters={"rows": 1})

    def test_parameters_that_json_cannot_say(self):
        with pytest.raises(ValueError, match="cannot be written as JSON"):
            counting.to_deployment("x", parameters={"label": object()})

    def test_a_flow_of_no_file(self):
        namespace = {"flow": flow}
        exec("@flow\ndef made():\n    pass", namespace)
        with pytest.raises(DeploymentError, match="was not written in a file"):
            namespace["made"].to_deployment("x")

    def test_a_name_of_a_file_means_the_file(self):
        assert counting.to_deployment("/srv/nightly.py").name == "nightly"

    @pytest.mark.parametrize("name", ["", "a/b", "a%b"])
    def test_names_that_cannot_be_used(self, name):
        with pytest.raises(ValueError, match=r"\w"):
            counting.to_deployment(name)

    @pytest.mark.parametrize("name", ["", "a/b", "a\nb", "serve x\x7f"])
    def test_names_of_pools_and_queues_that_cannot_be_used(self, name):
        with pytest.raises(ValueError, match="work_pool_name of deployment 'counting/x'"):
            counting.to_deployment("x", work_pool_name=name)
        with pytest.raises(ValueError, match="work_queue_name of deployment 'counting/x'"):
            counting.to_deployment("x", work_queue_name=name)

    @pytest.mark.parametrize("option", ["overlap", "catchup", "on_crash"])
    def test_choices_that_there_are_not(self, option):
        said = rf"The {option} of deployment 'counting/x' is 'never'; expected one of \w+, \w+"
        with pytest.raises(ValueError, match=said):
            counting.to_deployment("x", **{option: "never"})

    def test_a_choice_that_is_near_is_offered(self):
        with pytest.raises(ValueError, match=r"cancel_running\. Did you mean 'skip'\?"):
            counting.to_deployment("x", overlap="skipp")

    @pytest.mark.parametrize("priority", ["high", 1.5, True])
    def test_a_priority_is_a_whole_number(self, priority):
        with pytest.raises(ValueError, match="priority of deployment 'counting/x'"):
            counting.to_deployment("x", priority=priority)

    @pytest.mark.parametrize("jitter", ["60", -1, float("inf"), float("nan")])
    def test_a_jitter_is_a_number_of_seconds(self, jitter):
        with pytest.raises(ValueError, match="jitter of deployment 'counting/x'"):
            counting.to_deployment("x", jitter=jitter)

    @pytest.mark.parametrize("name", [5, ["etl"]])
    def test_names_that_are_no_text(self, name):
        with pytest.raises(TypeError, match="deployment's name"):
            counting.to_deployment(name)
        with pytest.raises(ValueError, match="it is no text"):
            counting.to_deployment("x", work_pool_name=name)

    def test_an_interval_that_is_a_text(self):
        with pytest.raises(ValueError, match="Invalid interval '1h': expected a positive number"):
            counting.to_deployment("x", interval="1h")

    def test_a_limit_that_cancels_what_is_new(self):
        limit = ConcurrencyLimitConfig(1, "CANCEL_NEW")
        found = counting.to_deployment("x", concurrency_limit=limit)
        assert (found.concurrency_limit, found.overlap) == (1, "skip")

    def test_a_limit_that_lets_wait_what_is_new(self):
        limit = {"limit": 2, "collision_strategy": "ENQUEUE"}
        found = counting.to_deployment("x", concurrency_limit=limit)
        assert (found.concurrency_limit, found.overlap) == (2, "queue")

    def test_a_keyword_that_there_is_not(self):
        with pytest.raises(TypeError, match=r"keyword 'chron'\. Did you mean 'cron'\?"):
            counting.to_deployment("x", chron="@daily")

    def test_a_zone_belongs_to_a_schedule(self):
        with pytest.raises(TypeError, match=r"'timezone'\. Give it to the schedule: schedule=Cron"):
            counting.to_deployment("x", cron="@daily", timezone="Asia/Shanghai")

    @pytest.mark.parametrize(
        ("env", "fault"),
        [
            (["A=1"], r"job_variables\[\"env\"\] is \['A=1'\]; expected names and values"),
            ({"A=B": "1"}, "variable 'A=B' of value '1'; expected a name without '='"),
            ({"": "1"}, "variable '' of value '1'"),
            ({"A": "\0"}, "no character of code 0"),
        ],
    )
    def test_variables_that_no_process_can_have(self, env, fault):
        with pytest.raises(ValueError, match=fault):
            counting.to_deployment("x", job_variables={"env": env})
        counting.to_deployment("x").apply()
        with pytest.raises(ValueError, match=fault):
            run_deployment("counting/x", job_variables={"env": env}, timeout=0)

    @pytest.mark.parametrize("limit", ["2", 1.5, -1, True])
    def test_a_limit_that_is_none(self, limit):
        with pytest.raises(ValueError, match="concurrency_limit"):
            counting.to_deployment("x", concurrency_limit=limit)


class TestApply:
    def test_again_it_is_the_same(self):
        made = counting.to_deployment("x", tags=["生产"], cron="0 2 * * *")
        first = made.apply()
        assert isinstance(first, uuid.UUID)
        assert counting.to_deployment("x", tags=["其他"]).apply() == first
        assert from_json(stored("counting/x").spec)["tags"] == ["其他"]
        assert open_session().backend.schedules(first.bytes) == []

    def test_paused_or_not(self):
        counting.to_deployment("x", cron="@daily", paused=True).apply()
        assert stored("counting/x").paused
        counting.to_deployment("x", cron="@daily").apply()
        assert stored("counting/x").paused
        counting.to_deployment("x", cron="@daily", paused=False).apply()
        assert not stored("counting/x").paused

    def test_the_spelling_of_prefect_2(self):
        deployment = Deployment.build_from_flow(
            flow=counting,
            name="数据处理-生产",
            schedule=CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai"),
            tags=["生产", "关键业务"],
            parameters={"count": 3},
            description="每天",
        )
        assert deployment.full_name == "counting/数据处理-生产"
        deployment.apply()
        row = stored("数据处理-生产")
        (schedule,) = open_session().backend.schedules(row.id)
        assert clock.to_datetime(schedule.due).hour == 18
        assert from_json(row.spec)["parameters"] == {"count": 3}

    def test_what_the_flow_does_not_take_is_left_out_and_told(self, caplog):
        given = {"timeout_seconds": 3600, "retry_count": 3, "count": 2}
        deployment = Deployment.build_from_flow(flow=counting, name="x", parameters=given)
        assert deployment.parameters == given
        assert "does not take retry_count, timeout_seconds; runs are not given them" in caplog.text
        deployment.apply()
        assert from_json(stored("counting/x").spec)["parameters"] == {"count": 2}
        assert run_deployment("counting/x", timeout=0).parameters == {"count": 2}

    def test_after_a_template(self):
        template = DeploymentTemplate(
            tags=["automated"],
            parameters={"count": 7, "label": "二"},
            description="标准化部署: {name}",
            checks=[lambda found: None if "生产" in found.tags else "it has no tag 生产"],
            options={"priority": 3},
        )
        made = template.build(counting, "x", tags=["生产"], parameters={"count": 1})
        assert (made.tags, made.parameters) == (["automated", "生产"], {"count": 1, "label": "二"})
        assert (made.description, made.priority) == ("标准化部署: x", 3)
        with pytest.raises(ValueError, match="'counting/x': it has no tag 生产"):
            template.build(counting, "x")

    def test_without_a_schedule(self):
        deployment = Deployment.build_from_flow(counting, "开发", schedule=None, apply=True)
        assert stored("开发").name == deployment.name
        assert deployment.tags == []

    def test_for_the_workers_of_a_pool(self, capsys):
        found = counting.deploy("x", work_pool_name="gpu", cron="@daily")
        assert stored("counting/x").pool == "gpu"
        assert ids_of("counting/x") == found
        assert "noria worker start --pool 'gpu'" in capsys.readouterr().err
        deploy(strict.to_deployment("y"), work_pool_name="gpu", print_next_steps_message=False)
        assert stored("strict/y").pool == "gpu"
        assert capsys.readouterr().err == ""


def ids_of(reference):
    return uuid.UUID(bytes=stored(reference).id)


class TestServing:
    def test_it_needs_deployments_of_different_names(self):
        with pytest.raises(ValueError, match="at least one deployment"):
            serve()
        with pytest.raises(ValueError, match="two deployments 'counting/x'"):
            noria.serve(counting.to_deployment("x"), counting.to_deployment("x"))


class TestAsking:
    def test_for_a_run(self):
        counting.to_deployment("x", parameters={"count": 2}, tags=["a"]).apply()
        run = run_deployment("counting/x", timeout=0, tags=["b"], flow_run_name="一次")
        assert (run.name, run.state.type, run.tags) == ("一次", StateType.SCHEDULED, ["a", "b"])
        assert run.parameters == {"count": 2}
        assert run.deployment_id == ids_of("counting/x")
        assert run.expected_start_time == run.created

    def test_by_the_id_of_its_deployment(self):
        found = counting.to_deployment("x").apply()
        assert run_deployment(found, timeout=0).deployment_id == found
        assert run_deployment(str(found), timeout=0).deployment_id == found

    def test_for_later(self):
        counting.to_deployment("x").apply()
        later = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
        assert (
            run_deployment("counting/x", scheduled_time=later, timeout=0).expected_start_time
            == later
        )

    def test_twice_with_one_key(self):
        counting.to_deployment("x").apply()
        first = run_deployment("counting/x", idempotency_key="2026-11-22", timeout=0)
        again = run_deployment("counting/x", idempotency_key="2026-11-22", timeout=0)
        assert first.id == again.id

    def test_it_is_given_as_it_is_when_the_time_is_up(self):
        counting.to_deployment("x").apply()
        assert not run_deployment("counting/x", timeout=0.01).state.is_final()

    def test_within_a_flow_it_is_below_it(self):
        counting.to_deployment("x").apply()

        @flow
        def parent():
            below = run_deployment("counting/x", timeout=0)
            beside = run_deployment("counting/x", timeout=0, as_subflow=False)
            return below.id, beside.id

        state = parent(return_state=True)
        backend = open_session().backend
        below, beside = (backend.flow_run(each.bytes) for each in state.result())
        assert below.parent_run == state.state_details.flow_run_id.bytes
        assert beside.parent_run is None

    def test_a_resumed_flow_gets_the_runs_that_it_has_asked_for(self):
        counting.to_deployment("x").apply()
        state = asking(return_state=True)
        backend = open_session().backend
        (row,) = backend.find_deployments("counting/x")
        first = [run.id for run in backend.deployment_runs(row.id)]
        assert len(first) == 2
        run = state.state_details.flow_run_id
        assert resume(run, flow=asking).is_failed()
        assert [run.id for run in backend.deployment_runs(row.id)] == first
        asked = backend.flow_run(first[0])
        backend.append(batch(asked._replace(state=StateType.FAILED, end=asked.created)))
        resume(run, flow=asking)
        again = [run.id for run in backend.deployment_runs(row.id)]
        assert len(again) == 3, "one that has failed is asked for once more"

    def test_in_async_code(self):
        counting.to_deployment("x").apply()

        async def ask():
            first = await run_deployment("counting/x", timeout=0)
            second = await noria.deployments.arun_deployment("counting/x", timeout=0.01)
            return first.state.name, second.state.name

        assert asyncio.run(ask()) == ("Scheduled", "Scheduled")

    def test_parameters_that_do_not_fit(self):
        strict.to_deployment("x").apply()
        with pytest.raises(ParameterTypeError, match="parameter 'day' is missing"):
            run_deployment("strict/x", timeout=0)
        with pytest.raises(ParameterTypeError, match="'day': 5 is not of type 'string'"):
            run_deployment("strict/x", parameters={"day": 5}, timeout=0)
        with pytest.raises(ParameterTypeError, match="there is no parameter 'date'"):
            run_deployment("strict/x", parameters={"day": "x", "date": "y"}, timeout=0)
        assert open_session().backend.deployment_runs(stored("strict/x").id) == []

    def test_unless_nobody_is_to_look(self):
        strict.to_deployment("x", enforce_parameter_schema=False).apply()
        assert run_deployment("strict/x", parameters={"date": 1}, timeout=0).parameters == {
            "date": 1
        }

    def test_values_are_written_as_pydantic_does(self):
        strict.to_deployment("x").apply()
        day = datetime.date(2026, 11, 22)
        run = run_deployment("strict/x", parameters={"day": day}, timeout=0)
        assert run.parameters == {"day": "2026-11-22"}

    def test_of_what_is_not_deployed(self):
        counting.to_deployment("nightly").apply()
        with pytest.raises(ObjectNotFound, match="Did you mean 'counting/nightly'"):
            run_deployment("counting/nightli", timeout=0)

    def test_of_a_name_that_several_bear(self):
        counting.to_deployment("x").apply()
        strict.to_deployment("x").apply()
        with pytest.raises(ObjectNotFound, match="may be any of counting/x, strict/x"):
            run_deployment("x", timeout=0)


def test_what_a_runner_deployment_is():
    made = RunnerDeployment(name="x", flow_name="etl", entrypoint="etl.py:etl", jitter=1.5)
    assert made.spec().jitter == 1_500_000


class TestRuntime:
    def test_what_a_run_is_told_of_its_deployment(self):
        telling.to_deployment("x", parameters={"rows": 2}).apply()
        asked = run_deployment(
            "telling/x", parameters={"day": "monday"}, job_variables={"env.A": "1"}, timeout=0
        )
        session = open_session()
        row = session.backend.begin_execution(asked.id.bytes, session.process, clock.now())
        state = telling.execute({"day": "monday", "rows": 2, "size": 5}, row)
        assert state.result() == [
            "x",
            {"day": "monday", "rows": 2},
            {"env": {"A": "1"}},
            {"day": "monday", "rows": 2, "size": 5},
        ]

    def test_a_run_that_was_simply_called(self):
        name, parameters, variables, _ = telling(rows=3)
        assert (name, parameters, variables) == (None, {"day": "today", "rows": 3, "size": 5}, {})
