"""Calling and submitting tasks: values, states, exceptions, order, dependencies."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from prefect import State, Task, flow, task

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import (
    aoutcome,
    caught_as,
    error_facts,
    error_kind,
    outcome,
    state_facts,
)


@task
def one() -> int:
    return 1


@task
def inc(x: int) -> int:
    return x + 1


@task
def bad(text: str = "bad") -> None:
    raise ValueError(text)


def case_a_task_outside_a_flow_returns_its_value() -> Any:
    return [one(), inc(4), inc(x=5), one.__name__]


def case_a_task_outside_a_flow_raises() -> Any:
    return outcome(bad)


def case_a_task_with_return_state() -> Any:
    state = inc(1, return_state=True)
    return [isinstance(state, State), state_facts(state), state.result()]


def case_a_failed_task_with_return_state() -> Any:
    state = bad(return_state=True)
    return [
        state_facts(state),
        outcome(state.result),
        error_facts(state.result(raise_on_failure=False)),
    ]


def case_the_exception_is_the_same_object() -> Any:
    error = KeyError("k")

    @task
    def breaks() -> None:
        raise error

    try:
        breaks()
    except KeyError as caught:
        return caught is error
    return "nothing raised"


def case_decorator_forms() -> Any:
    @task()
    def with_parentheses() -> int:
        return 1

    @task(name="given")
    def with_name() -> int:
        return 2

    made = task(lambda: 3, name="made")
    return [[t.name, t(), isinstance(t, Task)] for t in (with_parentheses, with_name, made)]


def case_fn_is_the_undecorated_function() -> Any:
    return [inc.fn(1), inc.fn.__name__]


def case_task_keeps_doc_and_wrapped() -> Any:
    @task
    def documented(x: int) -> int:
        """What it does."""
        return x

    return [documented.__doc__, documented.__wrapped__ is documented.fn, documented.description]


def case_a_task_inside_a_task() -> Any:
    @task
    def outer(x: int) -> int:
        return inc(x) * 10

    return [outer(1), in_flow(lambda: outer(2))]


def case_a_task_submits_inside_a_task() -> Any:
    @task
    def outer(x: int) -> int:
        return int(inc.submit(x).result()) * 10

    return [caught_as(lambda: outer(1), RuntimeError), in_flow(lambda: outer(2))]


def case_submit_outside_a_flow_is_refused() -> Any:
    return caught_as(lambda: inc.submit(1), RuntimeError)


def case_submit_returns_a_future_with_the_value() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        return [future.result(), state_facts(future.state)]

    return in_flow(body)


def case_submit_with_return_state_waits() -> Any:
    return in_flow(lambda: state_facts(inc.submit(1, return_state=True)))


def case_direct_calls_run_in_order() -> Any:
    order: list[int] = []

    @task
    def note(x: int) -> None:
        order.append(x)

    in_flow(lambda: [note(i) for i in range(4)])
    return order


def case_direct_calls_run_in_the_calling_thread() -> Any:
    @task
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    return [where(), in_flow(where), in_flow(lambda: where.submit().result())]


def case_submitted_tasks_run_at_the_same_time() -> Any:
    barrier = threading.Barrier(3, timeout=10)

    @task
    def meet() -> bool:
        barrier.wait()
        return True

    return in_flow(lambda: [f.result() for f in [meet.submit() for _ in range(3)]])


async def case_an_async_task_awaited_in_an_async_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    @flow
    async def f() -> Any:
        return [await double(2), state_facts(await double(3, return_state=True))]

    return await f()


async def case_an_async_task_outside_a_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    @task
    async def breaks() -> None:
        raise ValueError("async bad")

    return [await double(2), await aoutcome(breaks())]


async def case_async_tasks_gathered() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    @flow
    async def f() -> Any:
        return await asyncio.gather(*(double(i) for i in range(4)))

    return await f()


async def case_async_tasks_submitted_in_an_async_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    @flow
    async def f() -> Any:
        futures = [double.submit(i) for i in range(3)]
        return [future.result() for future in futures]

    return await f()


def case_an_async_task_submitted_in_a_sync_flow() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    return in_flow(lambda: double.submit(4).result())


def case_an_async_task_called_in_a_sync_flow_is_a_coroutine() -> Any:
    @task
    async def double(x: int) -> int:
        return 2 * x

    def body() -> Any:
        coroutine = double(4)
        return [asyncio.iscoroutine(coroutine), asyncio.run(coroutine)]

    return in_flow(body)


async def case_a_sync_task_in_an_async_flow() -> Any:
    @flow
    async def f() -> Any:
        return [inc(1), inc.submit(2).result()]

    return await f()


def case_a_generator_task_yields_its_items() -> Any:
    @task
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    return [list(numbers(3)), in_flow(lambda: list(numbers(2)))]


def case_a_generator_task_submitted() -> Any:
    @task
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    return in_flow(lambda: numbers.submit(3).result())


def case_a_generator_task_that_raises() -> Any:
    @task
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("after one")

    return outcome(lambda: list(numbers()))


async def case_an_async_generator_task() -> Any:
    @task
    async def numbers(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    return [item async for item in numbers(3)]


def case_methods_as_tasks() -> Any:
    class Worker:
        factor = 3

        @task
        def by_instance(self, x: int) -> int:
            return self.factor * x

        @task
        @classmethod
        def by_class(cls, x: int) -> int:
            return cls.factor * x

        @task
        @staticmethod
        def static(x: int) -> int:
            return 10 * x

    worker = Worker()
    return [
        worker.by_instance(2),
        Worker.by_class(2),
        Worker.static(2),
        in_flow(lambda: worker.by_instance.submit(4).result()),
        in_flow(lambda: Worker.by_class.submit(4).result()),
    ]


def case_default_arguments_and_varargs() -> Any:
    @task
    def look(a: int, *rest: int, b: int = 2, **extra: int) -> Any:
        return [a, list(rest), b, dict(sorted(extra.items()))]

    return [look(1), look(1, 2, 3, b=4, c=5), in_flow(lambda: look.submit(1, 2, z=3).result())]


def case_wrong_arguments_at_submit() -> Any:
    return in_flow(lambda: [error_kind(inc.submit), error_kind(inc.submit, 1, y=2)])


def case_a_flow_inside_a_task_inside_a_flow() -> Any:
    @flow
    def inner(x: int) -> int:
        return inc(x)

    @task
    def middle(x: int) -> int:
        return inner(x)

    return in_flow(lambda: [middle(1), middle.submit(2).result()])


def case_system_exit_in_a_task() -> Any:
    @task
    def leaves() -> None:
        raise SystemExit(3)

    return outcome(leaves)


def case_a_timeout_error_of_the_users_own() -> Any:
    @task
    def breaks() -> None:
        raise TimeoutError("mine")

    return [outcome(breaks), state_facts(breaks(return_state=True))]


def case_returned_mutable_objects_keep_identity() -> Any:
    box: list[int] = []

    @task
    def give() -> Any:
        return box

    return [give() is box, in_flow(lambda: give.submit().result() is box)]


def case_arguments_keep_identity() -> Any:
    marker = object()
    items = [1]

    @task
    def same(a: Any, b: Any) -> Any:
        return [a is marker, b is items, b == items]

    return in_flow(lambda: same(marker, items))


def case_the_task_decorator_over_another_decorator() -> Any:

    def doubled(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return 2 * fn(*args, **kwargs)

        return wrapper

    @task
    @doubled
    def add(a: int, b: int = 1) -> int:
        return a + b

    return [add.name, add(1), error_kind(add)]


def case_something_not_callable_as_a_task() -> Any:
    return [outcome(lambda: task(3))["raised"], outcome(lambda: Task("x"))["raised"]]


def case_a_callable_object_as_a_task() -> Any:
    class Adder:
        def __call__(self, x: int) -> int:
            return x + 1

    made = task(Adder())
    return [made.name, made(1)]


def case_a_lambda_and_a_partial_as_tasks() -> Any:

    return [
        task(lambda: 1).name,
        outcome(lambda: task(functools.partial(int, "3"), name="p")()),
    ]
