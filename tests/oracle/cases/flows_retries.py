"""Retries, time limits and run names of flows."""

import asyncio
import datetime
from typing import Any

from prefect import flow, task
from prefect.runtime import flow_run
from prefect.states import Failed

from tests.oracle.harness import error_kind, outcome, pause, refused, state_facts


def case_retries_run_the_function_again() -> Any:
    calls: list[int] = []

    @flow(retries=2)
    def flaky() -> str:
        calls.append(flow_run.run_count)
        if len(calls) < 3:
            raise ValueError("not yet")
        return "done"

    return [flaky(), calls]


def case_retries_exhausted() -> Any:
    calls: list[int] = []

    @flow(retries=2)
    def flaky() -> None:
        calls.append(1)
        raise ValueError(f"attempt {len(calls)}")

    return [outcome(flaky), len(calls)]


def case_the_final_state_after_exhausted_retries() -> Any:
    @flow(retries=1)
    def flaky() -> None:
        raise ValueError("always")

    return state_facts(flaky(return_state=True))


def case_the_final_state_after_a_successful_retry() -> Any:
    calls: list[int] = []

    @flow(retries=1)
    def flaky() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("once")
        return 5

    state = flaky(return_state=True)
    return [state_facts(state), state.result()]


def case_a_returned_failed_state_is_retried() -> Any:
    calls: list[int] = []

    @flow(retries=1)
    def flaky() -> Any:
        calls.append(1)
        return Failed(message=f"attempt {len(calls)}")

    return [state_facts(flaky(return_state=True)), len(calls)]


def case_a_failed_future_returned_is_retried() -> Any:
    calls: list[int] = []

    @task
    def bad() -> None:
        calls.append(1)
        raise ValueError("bad")

    @flow(retries=1)
    def flaky() -> Any:
        return bad.submit()

    return [state_facts(flaky(return_state=True)), len(calls)]


def case_finished_tasks_on_a_flow_retry() -> Any:
    calls: list[str] = []

    @task
    def step(name: str) -> str:
        calls.append(name)
        return name

    @flow(retries=1)
    def flaky() -> None:
        step("a")
        step("b")
        if flow_run.run_count == 1:
            raise ValueError("once")

    flaky()
    return calls


def case_finished_tasks_on_a_flow_retry_with_persisted_results() -> Any:
    calls: list[str] = []

    @task(persist_result=True)
    def step(name: str) -> str:
        calls.append(name)
        return name

    @flow(retries=1)
    def flaky() -> str:
        value = step("a") + step("b")
        if flow_run.run_count == 1:
            raise ValueError("once")
        return value

    return [flaky(), calls]


def case_child_flows_on_a_flow_retry() -> Any:
    calls: list[int] = []

    @flow
    def child() -> int:
        calls.append(1)
        return 3

    @flow(retries=1)
    def parent() -> int:
        value = child()
        if flow_run.run_count == 1:
            raise ValueError("once")
        return value

    return [parent(), len(calls)]


async def case_async_retries() -> Any:
    calls: list[int] = []

    @flow(retries=2)
    async def flaky() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")
        return len(calls)

    return await flaky()


def case_flow_run_name_template() -> Any:
    @flow(flow_run_name="run-{x}-{y:03d}")
    def named(x: str, y: int = 7) -> Any:
        return flow_run.name

    return [named("a"), named("b", 12)]


def case_flow_run_name_template_with_attributes_and_dates() -> Any:
    @flow(flow_run_name="{when:%Y-%m-%d} {who.name}")
    def named(when: datetime.datetime, who: Any) -> Any:
        return flow_run.name

    class Who:
        name = "Ada"

    return named(datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), Who())


def case_flow_run_name_from_a_callable() -> Any:
    @flow(flow_run_name=lambda: "called 一")
    def named() -> Any:
        return flow_run.name

    return named()


def case_flow_run_name_callable_sees_the_run() -> Any:
    def make_name() -> str:
        return f"{flow_run.flow_name}/{flow_run.parameters['x']}"

    @flow(flow_run_name=make_name)
    def named(x: int) -> Any:
        return flow_run.name

    return named("3")


def case_flow_run_name_of_a_wrong_type() -> Any:
    return error_kind(lambda: flow(lambda: 1, name="f", flow_run_name=5))


def case_flow_run_name_callable_returning_no_text() -> Any:
    @flow(flow_run_name=lambda: 5)
    def named() -> None: ...

    return outcome(named)["raised"]


def case_flow_run_name_template_with_an_unknown_field() -> Any:
    @flow(flow_run_name="{missing}")
    def named() -> None: ...

    return refused(named)


def case_the_default_run_name_is_two_words() -> Any:
    @flow
    def named() -> Any:
        return flow_run.name

    return len(named().split("-")) >= 2


def case_timeout_of_a_sync_flow() -> Any:
    @flow(timeout_seconds=0.1)
    def slow() -> None:
        pause(2)

    state = slow(return_state=True)
    return [
        state_facts(state),
        outcome(state.result)["raised"],
        isinstance(state.result(raise_on_failure=False), TimeoutError),
    ]


def case_timeout_of_a_sync_flow_raises() -> Any:
    @flow(timeout_seconds=0.1)
    def slow() -> None:
        pause(2)

    try:
        slow()
    except TimeoutError as error:
        return type(error).__name__
    return "nothing raised"


async def case_timeout_of_an_async_flow() -> Any:
    @flow(timeout_seconds=0.1)
    async def slow() -> None:
        await asyncio.Event().wait()

    return state_facts(await slow(return_state=True))


def case_a_flow_within_its_timeout() -> Any:
    @flow(timeout_seconds=30)
    def quick() -> int:
        return 1

    return state_facts(quick(return_state=True))


def case_timeout_of_a_child_flow_fails_the_parent() -> Any:
    @flow(timeout_seconds=0.1)
    def slow() -> None:
        pause(2)

    @flow
    def parent() -> None:
        slow()

    state = parent(return_state=True)
    return [state.type.value, state.name]


def case_a_timed_out_flow_is_retried() -> Any:
    calls: list[int] = []

    @flow(timeout_seconds=0.15, retries=1)
    def slow_once() -> str:
        calls.append(1)
        if len(calls) == 1:
            pause(2)
        return "done"

    return [slow_once(), len(calls)]
