"""Futures: results, waiting, states, callbacks, lists."""

import threading
import uuid
from typing import Any

from prefect import flow, task
from prefect.futures import (
    PrefectConcurrentFuture,
    PrefectFuture,
    PrefectFutureList,
    as_completed,
    resolve_futures_to_states,
    wait,
)
from prefect.states import Completed

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import error_kind, outcome, state_facts


@task
def inc(x: int) -> int:
    return x + 1


@task
def bad(text: str = "bad") -> None:
    raise ValueError(text)


def case_result_and_state_of_a_future() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        return [future.result(), future.result(), state_facts(future.state)]

    return in_flow(body)


def case_a_submitted_future_is_a_prefect_future() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        return [isinstance(future, PrefectFuture), isinstance(future, PrefectConcurrentFuture)]

    return in_flow(body)


def case_the_task_run_id_is_a_uuid_and_matches_the_state() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        future.wait()
        return [
            isinstance(future.task_run_id, uuid.UUID),
            future.state.state_details.task_run_id == future.task_run_id,
        ]

    return in_flow(body)


def case_result_raises_the_tasks_exception() -> Any:
    return in_flow(lambda: outcome(bad.submit().result))


def case_result_without_raising_returns_the_exception() -> Any:
    return in_flow(lambda: bad.submit().result(raise_on_failure=False))


def case_the_exception_of_a_future_is_the_same_object() -> Any:
    error = KeyError("k")

    @task
    def breaks() -> None:
        raise error

    return in_flow(lambda: breaks.submit().result(raise_on_failure=False) is error)


def case_wait_returns_none_and_does_not_raise() -> Any:
    def body() -> Any:
        future = bad.submit()
        return [future.wait(), state_facts(future.state)]

    return in_flow(body)


def case_result_with_a_timeout_that_passes() -> Any:
    gate = threading.Event()

    @task
    def held() -> int:
        gate.wait(10)
        return 1

    def body() -> Any:
        future = held.submit()
        early = outcome(future.result, timeout=0.01)
        gate.set()
        return [early, future.result()]

    return in_flow(body)


def case_wait_with_a_timeout_that_passes() -> Any:
    gate = threading.Event()

    @task
    def held() -> int:
        gate.wait(10)
        return 1

    def body() -> Any:
        future = held.submit()
        waited = future.wait(timeout=0.01)
        gate.set()
        return [waited, future.result()]

    return in_flow(body)


def case_result_with_a_timeout_long_enough() -> Any:
    return in_flow(lambda: inc.submit(1).result(timeout=10))


def case_the_state_of_a_running_future_is_not_final() -> Any:
    gate = threading.Event()

    @task
    def held() -> None:
        gate.wait(10)

    def body() -> Any:
        future = held.submit()
        early = future.state.is_final()
        gate.set()
        future.wait()
        return [early, future.state.is_final()]

    return in_flow(body)


def case_wait_function_separates_done_and_not_done() -> Any:
    gate = threading.Event()

    @task
    def held() -> None:
        gate.wait(10)

    def body() -> Any:
        slow, quick = held.submit(), inc.submit(1)
        quick.wait()
        done, not_done = wait([slow, quick], timeout=0.05)
        gate.set()
        slow.wait()
        return [len(done), len(not_done), quick in done, slow in not_done, type(done).__name__]

    return in_flow(body)


def case_wait_function_without_timeout() -> Any:
    def body() -> Any:
        done, not_done = wait([inc.submit(i) for i in range(3)])
        return [sorted(f.result() for f in done), len(not_done)]

    return in_flow(body)


def case_wait_function_with_failures() -> Any:
    def body() -> Any:
        done, not_done = wait([inc.submit(1), bad.submit()])
        values = [f.result(raise_on_failure=False) for f in done]
        return [sorted(type(value).__name__ for value in values), len(not_done)]

    return in_flow(body)


def case_wait_function_with_nothing() -> Any:
    result = wait([])
    return [len(result.done), len(result.not_done)]


def case_as_completed_yields_every_future_once() -> Any:
    return in_flow(
        lambda: sorted(f.result() for f in as_completed([inc.submit(i) for i in range(5)]))
    )


def case_as_completed_yields_the_finished_one_first() -> Any:
    gate = threading.Event()

    @task
    def held() -> str:
        gate.wait(10)
        return "held"

    @task
    def quick() -> str:
        return "quick"

    def body() -> Any:
        order = []
        for future in as_completed([held.submit(), quick.submit()]):
            order.append(future.result())
            gate.set()
        return order

    return in_flow(body)


def case_as_completed_with_a_timeout_that_passes() -> Any:
    gate = threading.Event()

    @task
    def held() -> None:
        gate.wait(10)

    def body() -> Any:
        future = held.submit()
        try:
            list(as_completed([future], timeout=0.05))
        except TimeoutError:
            return "timed out"
        finally:
            gate.set()
            future.wait()
        return "nothing raised"

    return in_flow(body)


def case_as_completed_with_failures() -> Any:
    return in_flow(
        lambda: sorted(
            type(f.result(raise_on_failure=False)).__name__
            for f in as_completed([inc.submit(1), bad.submit()])
        )
    )


def case_as_completed_with_the_same_future_twice() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        return len(list(as_completed([future, future])))

    return in_flow(body)


def case_as_completed_with_nothing() -> Any:
    return list(as_completed([]))


def case_a_done_callback_gets_the_future() -> Any:
    gate = threading.Event()
    called = threading.Event()
    seen: list[Any] = []

    @task
    def held() -> int:
        gate.wait(10)
        return 5

    def body() -> Any:
        future = held.submit()

        def note(done: Any) -> None:
            seen.append(done is future)
            called.set()

        future.add_done_callback(note)
        gate.set()
        future.wait()
        called.wait(10)
        return seen

    return in_flow(body)


def case_a_done_callback_on_a_finished_future_runs_at_once() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        future.wait()
        seen: list[int] = []
        future.add_done_callback(lambda done: seen.append(done.result()))
        return seen

    return in_flow(body)


def case_a_done_callback_on_a_failed_future() -> Any:
    def body() -> Any:
        future = bad.submit()
        future.wait()
        seen: list[str] = []
        future.add_done_callback(lambda done: seen.append(done.state.name))
        return seen

    return in_flow(body)


def case_future_list_methods() -> Any:
    def body() -> Any:
        futures = PrefectFutureList([inc.submit(1), inc.submit(2)])
        return [
            futures.wait(),
            futures.result(),
            [f.name for f in futures.state] if hasattr(futures, "state") else "no state",
            len(futures),
            type(futures[0:1]).__name__,
        ]

    return in_flow(body)


def case_future_list_with_a_timeout_that_passes() -> Any:
    gate = threading.Event()

    @task
    def held(x: int) -> int:
        gate.wait(10)
        return x

    def body() -> Any:
        futures = held.map([1, 2])
        early = error_kind(futures.result, timeout=0.05)
        waited = futures.wait(timeout=0.05)
        gate.set()
        return [early, waited, futures.result()]

    return in_flow(body)


def case_an_empty_future_list() -> Any:
    empty: PrefectFutureList[Any] = PrefectFutureList()
    return [empty.result(), empty.wait(), len(empty)]


def case_a_future_list_as_a_task_argument() -> Any:
    @task
    def total(xs: list[int]) -> int:
        return sum(xs)

    return in_flow(lambda: [total(inc.map([1, 2])), total.submit(inc.map([1, 2])).result()])


def case_a_future_list_as_a_flow_argument() -> Any:
    @flow
    def total(xs: list[int]) -> int:
        return sum(xs)

    return in_flow(lambda: total(inc.map([1, 2])))


def case_futures_inside_nested_collections_as_flow_arguments() -> Any:
    @flow
    def look(data: Any) -> Any:
        return data

    return in_flow(lambda: look({"a": [inc.submit(1), {"b": (inc.submit(2),)}]}))


def case_resolve_futures_to_states() -> Any:
    def body() -> Any:
        resolved = resolve_futures_to_states({"a": [inc.submit(1), 5], "b": bad.submit()})
        return [type(resolved["a"][0]).__name__, resolved["a"][1], resolved["b"].name]

    return in_flow(body)


def case_hash_and_equality_of_a_future() -> Any:
    def body() -> Any:
        one, two = inc.submit(1), inc.submit(2)
        return [len({one, two}), {one: 1}[one], one == two]

    return in_flow(body)


async def case_futures_in_an_async_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    @flow
    async def f() -> Any:
        future = double.submit(2)
        future.wait()
        done, _ = wait([inc.submit(1)])
        return [future.result(), state_facts(future.state), [d.result() for d in done]]

    return await f()


def case_public_names_of_a_future() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        names = ("result", "wait", "state", "task_run_id", "add_done_callback")
        return [name for name in names if hasattr(future, name)]

    return in_flow(body)


def case_a_future_used_after_its_flow() -> Any:
    kept: list[Any] = []

    @flow
    def f() -> None:
        kept.append(inc.submit(1))

    f()
    return [kept[0].result(), kept[0].state.name]


def case_a_future_of_a_task_that_returns_a_state() -> Any:
    @task
    def returns() -> Any:
        return Completed(message="m", data=4)

    return in_flow(lambda: outcome(returns.submit().result))


def case_a_future_of_a_task_that_returns_none() -> Any:
    @task
    def nothing() -> None: ...

    return in_flow(lambda: [nothing.submit().result(), nothing.submit(return_state=True).result()])


def case_many_futures_in_order() -> Any:
    return in_flow(lambda: [f.result() for f in [inc.submit(i) for i in range(20)]])
