"""Deployments as code makes them."""

import asyncio
import datetime
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.deployments import run_deployment
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import InvalidNameError, ObjectNotFound
from prefect.flows import Flow
from prefect.schedules import Cron, Interval, RRule, Schedule
from prefect.types.entrypoint import EntrypointType

from tests.oracle.harness import caught_as, error_kind, outcome, refused

ENTRYPOINT = "tests/oracle/cases/deployments.py:loading"


@flow(description="Loads a day.", version="7")
def loading(day: str = "today", rows: int = 100) -> str:
    return f"{day} {rows}"


@flow(name="a flow of 中文", version="1")
def named(count: int) -> int:
    """Counts.

    Args:
        count: How many.
    """
    return count


def facts(deployment: Any) -> dict[str, Any]:
    """What a deployment says of itself."""
    found = {
        name: getattr(deployment, name)
        for name in (
            "name",
            "flow_name",
            "full_name",
            "description",
            "version",
            "tags",
            "parameters",
            "entrypoint",
            "enforce_parameter_schema",
            "concurrency_limit",
            "work_pool_name",
            "work_queue_name",
            "job_variables",
        )
    }
    return {**found, "paused": bool(deployment.paused)}


def rules(deployment: Any) -> list[dict[str, Any]]:
    """Its schedules."""
    found = []
    for each in deployment.schedules:
        rule = {
            name: getattr(each.schedule, name)
            for name in ("cron", "interval", "rrule", "day_or")
            if getattr(each.schedule, name, None) is not None
        }
        if "cron" not in rule:
            rule.pop("day_or", None)
        if "rrule" in rule:
            # The reference puts the start before it from which it counts.
            rule["rrule"] = rule["rrule"].split("\n")[-1]
        zone = each.schedule.timezone or "UTC"
        found.append(
            {**rule, "timezone": zone, "active": each.active, "parameters": each.parameters}
        )
    return found


def case_all_defaults() -> Any:
    return facts(loading.to_deployment("plain"))


def case_what_a_flow_with_a_name_and_a_docstring_gives() -> Any:
    return facts(named.to_deployment("夜间"))


def case_every_keyword() -> Any:
    made = loading.to_deployment(
        name="all",
        cron="0 2 * * *",
        paused=True,
        concurrency_limit=3,
        parameters={"rows": 5},
        triggers=[],
        description="mine",
        tags=["a", "b"],
        version="9",
        version_type=None,
        enforce_parameter_schema=False,
        work_pool_name="pool",
        work_queue_name="queue",
        job_variables={"env": {"A": "1"}},
        entrypoint_type=EntrypointType.FILE_PATH,
    )
    return [facts(made), rules(made)]


def case_by_position() -> Any:
    made = loading.to_deployment("p", None, "0 2 * * *", None, True)
    return [rules(made), made.paused]


def case_parameters_are_kept_as_they_are_given() -> Any:
    day = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    return loading.to_deployment("p", parameters={"day": day}).parameters["day"] == day


def case_one_interval() -> Any:
    return [
        rules(loading.to_deployment("x", interval=each))
        for each in (60, 1.5, datetime.timedelta(hours=6))
    ]


def case_several_of_a_kind() -> Any:
    return [
        rules(loading.to_deployment("x", interval=[60, datetime.timedelta(hours=1)])),
        rules(loading.to_deployment("x", cron=["0 2 * * *", "@daily"])),
        rules(loading.to_deployment("x", rrule=("FREQ=DAILY", "FREQ=WEEKLY"))),
    ]


def case_one_schedule() -> Any:
    return [
        rules(loading.to_deployment("x", schedule=each))
        for each in (
            Cron("0 2 * * *", timezone="Asia/Shanghai"),
            Cron("0 2 1 * 5", day_or=False, active=False, parameters={"rows": 1}),
            Interval(90, timezone="Europe/Berlin"),
            RRule("FREQ=DAILY", timezone="Asia/Shanghai"),
            CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai"),
            IntervalSchedule(interval=datetime.timedelta(hours=6)),
        )
    ]


def case_several_schedules() -> Any:
    made = loading.to_deployment(
        "x",
        schedules=[
            Cron("0 2 * * *", slug="night"),
            Interval(60),
            CronSchedule(cron="0 3 * * *"),
            {"schedule": CronSchedule(cron="0 4 * * *"), "active": False},
            DeploymentScheduleCreate(
                schedule=CronSchedule(cron="0 5 * * *"), parameters={"rows": 1}, slug="late"
            ),
        ],
    )
    return [rules(made), [each.slug for each in made.schedules]]


def case_tags_that_are_none() -> Any:
    return [
        outcome(lambda: loading.to_deployment("x", tags="prod").tags),
        outcome(lambda: loading.to_deployment("x", tags=[1]).tags),
        outcome(lambda: loading.to_deployment("x", tags=["", "a"]).tags),
        outcome(lambda: loading.to_deployment("x", tags=("a", "b")).tags),
    ]


def case_no_schedule() -> Any:
    return [
        list(loading.to_deployment("x").schedules or []),
        list(loading.to_deployment("x", schedules=[]).schedules or []),
        list(loading.to_deployment("x", cron=None, interval=None).schedules or []),
    ]


def case_two_kinds_of_schedule() -> Any:
    message = "Only one of interval, cron, rrule, schedule, or schedules can be provided."
    return [
        error_kind(loading.to_deployment, "x", mentions=(message,), **given)
        for given in (
            {"cron": "0 2 * * *", "interval": 60},
            {"cron": "0 2 * * *", "rrule": "FREQ=DAILY"},
            {"cron": "0 2 * * *", "schedule": Cron("0 2 * * *")},
            {"schedule": Cron("0 2 * * *"), "schedules": []},
            {"interval": 0, "cron": "@daily"},
        )
    ]


def case_schedules_that_cannot_be() -> Any:
    return [
        refused(lambda given=given: loading.to_deployment("x", **given))
        for given in (
            {"interval": 0},
            {"interval": -5},
            {"interval": datetime.timedelta(0)},
            {"cron": ""},
            {"cron": "every night"},
            {"cron": "61 * * * *"},
            {"rrule": "FREQ=SOMETIMES"},
            {"schedules": ["0 2 * * *"]},
            {"schedules": [{"active": True, "no such": 1}]},
            {"schedules": [3]},
            {"schedule": Schedule()},
        )
    ]


def case_a_schedule_of_a_zone_that_is_not() -> Any:
    return caught_as(
        lambda: loading.to_deployment("x", schedule=Cron("@daily", timezone="Mars/Olympus")),
        ValueError,
    )


def case_an_unknown_keyword() -> Any:
    wrong = {"chron": "0 2 * * *", "mentions": ("chron",)}
    return [
        error_kind(loading.to_deployment, "x", **wrong),
        error_kind(RunnerDeployment.from_flow, loading, "x", **wrong),
        error_kind(RunnerDeployment.from_entrypoint, ENTRYPOINT, "x", **wrong),
        error_kind(loading.deploy, "x", **wrong),
        error_kind(loading.serve, "x", **wrong),
    ]


def case_names_that_cannot_be() -> Any:
    return [
        caught_as(lambda name=name: loading.to_deployment(name), InvalidNameError)
        for name in ("a/b", "a%b", "a&b", "a<b", "a>b")
    ]


def case_a_file_as_a_name() -> Any:
    return [
        loading.to_deployment("etl.py").name,
        loading.to_deployment("some/where/etl.py").name,
        loading.to_deployment("v1.2").name,
    ]


def case_a_number_as_a_limit() -> Any:
    made = loading.to_deployment("x", concurrency_limit=3)
    return [made.concurrency_limit, made.concurrency_options]


def case_a_limit_with_a_strategy() -> Any:
    found = []
    for strategy in (
        ConcurrencyLimitStrategy.ENQUEUE,
        ConcurrencyLimitStrategy.CANCEL_NEW,
        "CANCEL_NEW",
    ):
        limit = ConcurrencyLimitConfig(limit=2, collision_strategy=strategy)
        made = loading.to_deployment("x", concurrency_limit=limit)
        found.append([made.concurrency_limit, made.concurrency_options.collision_strategy])
    return found


def case_what_a_limit_is() -> Any:
    limit = ConcurrencyLimitConfig(limit=2)
    return [limit.limit, limit.collision_strategy, limit.grace_period_seconds]


def case_limits_that_cannot_be() -> Any:
    return [
        caught_as(lambda given=given: ConcurrencyLimitConfig(**given), ValueError)
        for given in (
            {"limit": "many"},
            {"limit": 2, "collision_strategy": "SOMETIMES"},
            {"limit": 2, "grace_period_seconds": 5},
            {"limit": 2, "grace_period_seconds": 100_000},
        )
    ]


def case_the_strategies() -> Any:
    return {each.name: each.value for each in ConcurrencyLimitStrategy}


def case_how_the_flow_is_found() -> Any:
    return [
        loading.to_deployment("x").entrypoint,
        loading.to_deployment("x", entrypoint_type=EntrypointType.MODULE_PATH).entrypoint,
        {each.name: each.value for each in EntrypointType},
    ]


def case_from_flow_is_the_same() -> Any:
    made = RunnerDeployment.from_flow(loading, "x", cron="@daily", tags=["a"])
    return [facts(made), rules(made)]


def case_from_an_entrypoint() -> Any:
    made = RunnerDeployment.from_entrypoint(
        ENTRYPOINT,
        "x",
        cron="@daily",
        parameters={"rows": 1},
        tags=["a"],
        concurrency_limit=2,
    )
    return [facts(made), rules(made)]


def case_from_an_entrypoint_that_is_not() -> Any:
    return [
        refused(lambda: RunnerDeployment.from_entrypoint("no/such/file.py:flow", "x")),
        refused(
            lambda: RunnerDeployment.from_entrypoint(
                "tests/oracle/cases/deployments.py:nobody", "x"
            )
        ),
    ]


def case_made_by_hand() -> Any:
    made = RunnerDeployment(name="x", flow_name="f", entrypoint="f.py:f", tags=["a"])
    return facts(made)


def case_changed_by_hand() -> Any:
    made = loading.to_deployment("x")
    made.tags = ["later"]
    made.parameters = {"rows": 3}
    made.description = "changed"
    return [made.tags, made.parameters, made.description]


def case_applying() -> Any:
    made = loading.to_deployment("applied once")
    first = made.apply()
    again = loading.to_deployment("applied once", tags=["a"]).apply()
    other = loading.to_deployment("applied twice").apply()
    return [type(first).__name__, first == again, first == other]


def case_applying_in_async_code() -> Any:
    async def main() -> Any:
        made = await loading.to_deployment("applied async")
        return type(await made.apply()).__name__

    return asyncio.run(main())


def case_aapply() -> Any:
    async def main() -> Any:
        made = await loading.ato_deployment("aapplied")
        return type(await made.aapply()).__name__

    return asyncio.run(main())


def case_ato_deployment() -> Any:
    return facts(asyncio.run(loading.ato_deployment("x", cron="@daily")))


def case_applying_parameters_that_do_not_fit() -> Any:
    return [
        refused(lambda: loading.to_deployment("odd", parameters={"rows": "many"}).apply()),
        refused(lambda: loading.to_deployment("odd", parameters={"rows": None}).apply()),
        refused(
            lambda: loading.to_deployment(
                "unchecked", parameters={"rows": "many"}, enforce_parameter_schema=False
            ).apply()
        ),
        refused(lambda: named.to_deployment("not all").apply()),
    ]


def case_applying_a_parameter_that_the_flow_does_not_take() -> Any:
    return refused(lambda: loading.to_deployment("more", parameters={"nobody": 1}).apply())


def case_applying_a_schedule_that_leaves_a_parameter_out() -> Any:
    return refused(lambda: named.to_deployment("never", cron="@daily").apply())


def case_applying_two_schedules_of_one_slug() -> Any:
    twice = [Cron("0 2 * * *", slug="a"), Cron("0 3 * * *", slug="a")]
    return refused(lambda: loading.to_deployment("slugs", schedules=twice).apply())


def case_deploying_without_a_place_for_the_code() -> Any:
    return refused(lambda: loading.deploy("x", work_pool_name="pool", print_next_steps=False))


SOURCE = """
from prefect import flow

@flow(version="3")
def nightly(rows: int = 1):
    return rows

@flow(version="3")
def weekly():
    return "weekly"
"""


@contextmanager
def project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        (place / "oracle_etl.py").write_text(SOURCE, encoding="utf-8")
        path = list(sys.path)
        yield place
        sys.path[:] = path
        sys.modules.pop("oracle_etl", None)


def case_a_flow_from_a_folder() -> Any:
    with project() as place:
        found = flow.from_source(source=str(place), entrypoint="oracle_etl.py:nightly")
        return [found.name, found(rows=4), isinstance(found, Flow)]


def case_a_flow_from_a_folder_in_other_ways() -> Any:
    with project() as place:
        return [
            flow.from_source(place, "oracle_etl.py:weekly").name,
            Flow.from_source(source=place, entrypoint="oracle_etl.py:nightly").name,
            loading.from_source(source=place, entrypoint="oracle_etl.py:nightly").name,
        ]


def case_a_flow_from_a_folder_in_async_code() -> Any:
    async def main() -> Any:
        with project() as place:
            return [
                (await Flow.afrom_source(place, "oracle_etl.py:weekly")).name,
                (await flow.from_source(place, "oracle_etl.py:nightly")).name,
            ]

    return asyncio.run(main())


def case_a_deployment_of_a_flow_from_a_folder() -> Any:
    with project() as place:
        found = flow.from_source(source=str(place), entrypoint="oracle_etl.py:nightly")
        made = found.to_deployment("x", cron="@daily", parameters={"rows": 2})
        return [facts(made), rules(made)]


def case_a_source_that_is_not() -> Any:
    return [
        error_kind(flow.from_source, 3, "etl.py:f"),
        refused(lambda: flow.from_source("/no/such/folder", "etl.py:f")),
    ]


def case_serving_nothing_that_can_be() -> Any:
    return [
        caught_as(lambda: loading.serve("x", cron="every night"), ValueError),
        caught_as(lambda: loading.serve("x", cron="@daily", interval=60), ValueError),
    ]


def case_not_found_is_caught_by_its_class() -> Any:
    return caught_as(lambda: run_deployment("nobody/nowhere", timeout=0), ObjectNotFound)
