"""Runs of deployments that are asked for."""

import asyncio
import datetime
import inspect
import uuid
from datetime import UTC
from typing import Any

from prefect import flow, tags, task
from prefect.deployments import arun_deployment, run_deployment
from prefect.exceptions import FlowRunWaitTimeout, ObjectNotFound
from prefect.flow_runs import wait_for_flow_run
from prefect.runtime import deployment as runtime
from prefect.runtime import flow_run as runtime_run

from tests.oracle.harness import aoutcome, caught_as, error_kind, refused

LATER = datetime.datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)


@flow(version="1")
def loading(day: str = "today", rows: int = 100) -> str:
    return f"{day} {rows}"


@flow(version="1")
def strict(day: datetime.date, rows: int) -> None: ...


def asked(name: str, **options: Any) -> Any:
    return run_deployment(name, timeout=0, **options)


def case_what_is_returned() -> Any:
    made = loading.to_deployment("returned", parameters={"rows": 5}, tags=["of the deployment"])
    identity = made.apply()
    run = asked("loading/returned", parameters={"day": "monday"})
    return {
        "state": [run.state.type, run.state.name, run.state_type, run.state_name],
        "parameters": run.parameters,
        "deployment_id": run.deployment_id == identity,
        "tags": sorted(run.tags),
        "named": isinstance(run.name, str) and bool(run.name),
        "key": run.idempotency_key,
        "parent": run.parent_task_run_id,
        "id": type(run.id).__name__,
        "times": [run.start_time, run.end_time, run.run_count],
        "pool": [run.work_pool_name, run.work_queue_name],
        "job_variables": run.job_variables,
        "version": run.deployment_version is None,
        "auto": run.auto_scheduled,
    }


def case_options_of_the_run() -> Any:
    loading.to_deployment("options", tags=["a"]).apply()
    run = asked(
        "loading/options",
        flow_run_name="mine",
        tags=["b", "c"],
        scheduled_time=LATER,
        idempotency_key="k",
    )
    return [
        run.name,
        sorted(run.tags),
        run.auto_scheduled,
        run.expected_start_time == LATER,
        run.state.state_details.scheduled_time == LATER,
        run.idempotency_key,
        run.next_scheduled_start_time == LATER,
    ]


def case_job_variables_of_the_run() -> Any:
    loading.to_deployment("variables").apply()
    return asked("loading/variables", job_variables={"env": {"A": "1"}}).job_variables


def case_by_id() -> Any:
    identity = loading.to_deployment("by id").apply()
    return [
        asked(identity).deployment_id == identity,
        asked(str(identity)).deployment_id == identity,
    ]


def case_one_key_makes_one_run() -> Any:
    loading.to_deployment("keys").apply()
    first = asked("loading/keys", idempotency_key="one", parameters={"rows": 1})
    again = asked("loading/keys", idempotency_key="one", parameters={"rows": 2})
    other = asked("loading/keys", idempotency_key="two")
    return [first.id == again.id, again.parameters["rows"], first.id == other.id]


def case_keys_of_two_deployments() -> Any:
    loading.to_deployment("left").apply()
    loading.to_deployment("right").apply()
    runs = [asked(f"loading/{name}", idempotency_key="both") for name in ("left", "right")]
    return runs[0].id == runs[1].id


def case_without_a_key_each_is_a_run() -> Any:
    loading.to_deployment("no key").apply()
    return asked("loading/no key").id == asked("loading/no key").id


def case_a_deployment_of_another_flow_has_keys_of_its_own() -> Any:
    loading.to_deployment("own").apply()
    strict.to_deployment("own", enforce_parameter_schema=False).apply()
    runs = [asked(f"{name}/own", idempotency_key="both") for name in ("loading", "strict")]
    return runs[0].id == runs[1].id


def case_deployments_that_are_not() -> Any:
    loading.to_deployment("there").apply()
    return [
        caught_as(lambda name=name: asked(name), ObjectNotFound)
        for name in ("loading/nowhere", "nobody/there", uuid.uuid4(), str(uuid.uuid4()))
    ]


def case_a_negative_timeout() -> Any:
    loading.to_deployment("negative").apply()
    return error_kind(run_deployment, "loading/negative", timeout=-1, mentions=("negative",))


def case_it_is_waited_for_as_long_as_said() -> Any:
    loading.to_deployment("waited").apply()
    run = run_deployment("loading/waited", timeout=0.2, poll_interval=0.05)
    return [run.state.is_final(), run.state.name]


def case_parameters_that_do_not_fit() -> Any:
    strict.to_deployment("strict").apply()
    fine = {"day": "2026-01-02", "rows": 1}
    return [
        refused(lambda given=given: asked("strict/strict", parameters=given))
        for given in (
            {},
            {"day": "2026-01-02"},
            {**fine, "rows": "many"},
            {**fine, "rows": None},
            {**fine, "rows": 1.5},
            {**fine, "other": 1},
            fine,
        )
    ]


def case_parameters_that_are_not_checked() -> Any:
    strict.to_deployment("free", enforce_parameter_schema=False).apply()
    return asked("strict/free", parameters={"rows": "many"}).parameters


def case_parameters_that_json_does_not_know() -> Any:
    strict.to_deployment("typed").apply()
    run = asked("strict/typed", parameters={"day": datetime.date(2026, 1, 2), "rows": 1})
    return run.parameters


def case_in_async_code() -> Any:
    async def main() -> Any:
        made = await loading.to_deployment("async")
        await made.apply()
        first = await run_deployment("loading/async", timeout=0)
        second = await arun_deployment("loading/async", timeout=0, parameters={"rows": 2})
        wrong = await aoutcome(arun_deployment("loading/nowhere", timeout=0))
        return [first.state.name, second.parameters, wrong["raised"]]

    return asyncio.run(main())


def case_from_a_flow() -> Any:
    loading.to_deployment("below").apply()
    found = {}

    @flow
    def around() -> Any:
        run = asked("loading/below", parameters={"rows": 3})
        found["parent"] = run.parent_task_run_id is not None
        alone = asked("loading/below", as_subflow=False)
        found["alone"] = alone.parent_task_run_id is not None
        return run.state.name

    return [around(), found]


def case_from_a_task() -> Any:
    loading.to_deployment("of a task").apply()

    @task
    def ask() -> Any:
        return asked("loading/of a task").parent_task_run_id is not None

    @flow
    def around() -> Any:
        return ask()

    return around()


def case_the_tags_around_it() -> Any:
    loading.to_deployment("tagged").apply()
    with tags("around"):
        return sorted(asked("loading/tagged").tags)


def case_parameters_of_a_signature() -> Any:
    return list(inspect.signature(run_deployment).parameters)


def case_outside_of_a_deployment() -> Any:
    @flow
    def alone() -> Any:
        return [runtime.id, runtime.name, runtime.version, runtime.parameters, runtime.flow_run_id]

    return [alone(), runtime.id, runtime.name, runtime.version, runtime.parameters]


def case_names_of_the_runtime() -> Any:
    return [sorted(dir(runtime)), error_kind(lambda: runtime.nobody, mentions=("nobody",))]


def case_waiting_for_a_run() -> Any:
    @flow
    def quick() -> Any:
        return runtime_run.id

    run_id = uuid.UUID(quick())

    async def main() -> Any:
        run = await wait_for_flow_run(run_id, timeout=5)
        return [run.id == run_id, run.state.name, type(run).__name__]

    return asyncio.run(main())


def case_waiting_for_a_run_that_does_not_end() -> Any:
    loading.to_deployment("endless").apply()
    run = asked("loading/endless", scheduled_time=LATER)

    async def main() -> Any:
        try:
            await wait_for_flow_run(run.id, timeout=1)
        except FlowRunWaitTimeout:
            return "FlowRunWaitTimeout"

    return asyncio.run(main())


def case_waiting_for_nothing() -> Any:
    async def main() -> Any:
        return await aoutcome(wait_for_flow_run(uuid.uuid4(), timeout=1))

    return asyncio.run(main())["raised"]


def case_a_time_without_a_zone() -> Any:
    loading.to_deployment("naive").apply()
    time = LATER.replace(tzinfo=None)
    run = asked("loading/naive", scheduled_time=time)
    return run.expected_start_time.replace(tzinfo=None) == time
