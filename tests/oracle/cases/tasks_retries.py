"""Retries and time limits of tasks."""

import asyncio
from typing import Any

from prefect import flow, task
from prefect.runtime import task_run
from prefect.states import Failed
from prefect.tasks import exponential_backoff

from tests.oracle.harness import error_kind, outcome, pause, state_facts


def case_retries_run_the_function_again() -> Any:
    calls: list[int] = []

    @task(retries=2)
    def flaky() -> str:
        calls.append(task_run.run_count)
        if len(calls) < 3:
            raise ValueError("not yet")
        return "done"

    return [flaky(), calls]


def case_retries_exhausted() -> Any:
    calls: list[int] = []

    @task(retries=2)
    def flaky() -> None:
        calls.append(1)
        raise ValueError(f"attempt {len(calls)}")

    return [outcome(flaky), len(calls)]


def case_the_final_state_after_exhausted_retries() -> Any:
    @task(retries=1)
    def flaky() -> None:
        raise ValueError("always")

    return state_facts(flaky(return_state=True))


def case_the_final_state_after_a_successful_retry() -> Any:
    calls: list[int] = []

    @task(retries=1)
    def flaky() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("once")
        return 5

    return state_facts(flaky(return_state=True))


def case_a_returned_failed_state_is_retried() -> Any:
    calls: list[int] = []

    @task(retries=2)
    def flaky() -> Any:
        calls.append(1)
        return Failed(message=f"attempt {len(calls)}")

    return [state_facts(flaky(return_state=True)), len(calls)]


def case_retries_of_submitted_and_mapped_tasks() -> Any:
    calls: list[int] = []

    @task(retries=1)
    def flaky(x: int) -> int:
        calls.append(x)
        if calls.count(x) == 1:
            raise ValueError("once")
        return x

    @flow
    def f() -> Any:
        return flaky.submit(1).result() + sum(flaky.map([2, 3]).result())

    return [f(), sorted(calls)]


async def case_async_retries() -> Any:
    calls: list[int] = []

    @task(retries=2)
    async def flaky() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")
        return len(calls)

    return await flaky()


def case_a_retry_after_a_delay_succeeds() -> Any:
    calls: list[int] = []

    @task(retries=2, retry_delay_seconds=[0.01, 0.02])
    def flaky() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")
        return len(calls)

    return flaky()


def case_fewer_delays_than_retries() -> Any:
    calls: list[int] = []

    @task(retries=3, retry_delay_seconds=[0.01])
    def flaky() -> None:
        calls.append(1)
        raise ValueError("always")

    flaky(return_state=True)
    return len(calls)


def case_retry_delay_attribute_forms() -> Any:
    def f() -> None: ...

    return [
        task(f, retry_delay_seconds=3).retry_delay_seconds,
        task(f, retry_delay_seconds=0.5).retry_delay_seconds,
        task(f, retry_delay_seconds=[1, 2.5]).retry_delay_seconds,
        task(
            f, retries=3, retry_delay_seconds=lambda n: [float(i) for i in range(n)]
        ).retry_delay_seconds,
        task(f, retries=4, retry_delay_seconds=exponential_backoff(10)).retry_delay_seconds,
        task(f, retry_delay_seconds=exponential_backoff(10)).retry_delay_seconds,
    ]


def case_exponential_backoff_values() -> Any:
    return [
        exponential_backoff(backoff_factor=10)(5),
        exponential_backoff(0.5)(3),
        exponential_backoff(1)(0),
    ]


def case_too_many_retry_delays_are_refused() -> Any:
    def f() -> None: ...

    return error_kind(lambda: task(f, retries=100, retry_delay_seconds=[1] * 51))


def case_negative_jitter_is_refused() -> Any:
    def f() -> None: ...

    return error_kind(lambda: task(f, retry_jitter_factor=-1))


def case_retry_condition_that_says_no() -> Any:
    calls: list[int] = []

    @task(retries=3, retry_condition_fn=lambda t, r, s: False)
    def flaky() -> None:
        calls.append(1)
        raise ValueError("x")

    return [state_facts(flaky(return_state=True)), len(calls)]


def case_retry_condition_sees_the_exception() -> Any:
    calls: list[int] = []
    seen: list[Any] = []

    def only_values(t: Any, run: Any, state: Any) -> bool:
        seen.append([t.name, type(run).__name__, state.type.value])
        return isinstance(state.result(raise_on_failure=False), ValueError)

    @task(retries=5, retry_condition_fn=only_values)
    def flaky() -> None:
        calls.append(1)
        raise (ValueError("v") if len(calls) < 3 else KeyError("k"))

    state = flaky(return_state=True)
    return [state_facts(state), len(calls), seen]


def case_retry_condition_that_breaks() -> Any:
    calls: list[int] = []

    def breaks(t: Any, run: Any, state: Any) -> bool:
        raise RuntimeError("condition broke")

    @task(retries=3, retry_condition_fn=breaks)
    def flaky() -> None:
        calls.append(1)
        raise ValueError("x")

    return [state_facts(flaky(return_state=True)), len(calls)]


async def case_async_retry_condition() -> Any:
    calls: list[int] = []

    async def yes(t: Any, run: Any, state: Any) -> bool:
        return True

    @task(retries=1, retry_condition_fn=yes)
    async def flaky() -> None:
        calls.append(1)
        raise ValueError("x")

    await flaky(return_state=True)
    return len(calls)


def case_retry_condition_that_is_not_callable() -> Any:
    return error_kind(lambda: task(lambda: 1, name="t", retry_condition_fn="no"))


def case_timeout_of_a_task() -> Any:
    @task(timeout_seconds=0.1)
    def slow() -> None:
        pause(2)

    state = slow(return_state=True)
    return [
        state_facts(state),
        outcome(state.result)["raised"],
        isinstance(state.result(raise_on_failure=False), TimeoutError),
    ]


def case_timeout_of_a_task_raises() -> Any:
    @task(timeout_seconds=0.1)
    def slow() -> None:
        pause(2)

    return outcome(slow)["raised"]


async def case_timeout_of_an_async_task() -> Any:
    @task(timeout_seconds=0.1)
    async def slow() -> None:
        await asyncio.Event().wait()

    return state_facts(await slow(return_state=True))


def case_timeout_of_a_submitted_task() -> Any:
    @task(timeout_seconds=0.1)
    def slow() -> None:
        pause(2)

    @flow
    def f() -> Any:
        return state_facts(slow.submit(return_state=True))

    return f()


def case_a_timed_out_task_is_retried() -> Any:
    calls: list[int] = []

    @task(timeout_seconds=0.2, retries=1)
    def slow_once() -> str:
        calls.append(1)
        if len(calls) == 1:
            pause(2)
        return "done"

    return [slow_once(), len(calls)]


def case_a_timed_out_tasks_hooks() -> Any:
    seen: list[str] = []

    @task(timeout_seconds=0.1, on_failure=[lambda t, r, s: seen.append(s.name)])
    def slow() -> None:
        pause(2)

    slow(return_state=True)
    return seen
