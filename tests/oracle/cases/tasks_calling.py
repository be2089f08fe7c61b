"""Calling and submitting tasks: values, states, exceptions, order, dependencies."""

import asyncio
import dataclasses
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pydantic
from prefect import State, Task, allow_failure, flow, task
from prefect.states import Completed, Failed
from prefect.utilities.annotations import opaque, quote

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import aoutcome, error_facts, error_kind, outcome, state_facts


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

    return [error_kind(outer, 1), in_flow(lambda: outer(2))]


def case_submit_outside_a_flow_is_refused() -> Any:
    return error_kind(inc.submit, 1)


def case_submit_returns_a_future_with_the_value() -> Any:
    def body() -> Any:
        future = inc.submit(1)
        return [type(future).__name__, future.result(), state_facts(future.state)]

    return in_flow(body)


def case_submit_with_return_state_waits() -> Any:
    return in_flow(lambda: state_facts(inc.submit(1, return_state=True)))


def case_a_future_as_an_argument_is_resolved() -> Any:
    return in_flow(lambda: inc(inc.submit(inc.submit(0))))


def case_futures_inside_collections_are_resolved() -> Any:
    @task
    def look(xs: Any) -> Any:
        return xs

    def body() -> Any:
        return look(
            {
                "list": [inc.submit(1), 5],
                "tuple": (inc.submit(2),),
                "set": {inc.submit(3)},
                "deep": {"a": [{"b": inc.submit(4)}]},
            }
        )

    return in_flow(body)


def case_futures_inside_dataclasses_and_models_are_resolved() -> Any:

    @dataclasses.dataclass
    class Box:
        item: Any

    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        item: Any

    @task
    def look(box: Any) -> Any:
        return box.item

    return in_flow(lambda: [look(Box(inc.submit(1))), look(Model(item=inc.submit(2)))])


def case_futures_as_dict_keys_are_resolved() -> Any:
    @task
    def look(d: Any) -> Any:
        return d

    return in_flow(lambda: look({inc.submit(1): "v"}))


def case_futures_inside_generators_and_custom_objects_are_left() -> Any:
    class Box:
        def __init__(self, item: Any) -> None:
            self.item = item

    @task
    def look(box: Any) -> Any:
        return hasattr(box.item, "result")

    return in_flow(lambda: look(Box(inc.submit(1))))


def case_states_as_arguments_are_resolved() -> Any:
    return in_flow(lambda: inc(inc(1, return_state=True)))


def case_a_hand_made_completed_state_as_an_argument() -> Any:
    return in_flow(lambda: outcome(lambda: inc(Completed(data=5))))


def case_a_hand_made_failed_state_as_an_argument() -> Any:
    def body() -> Any:
        state = inc(Failed(message="upstream"), return_state=True)
        return [state.type.value, state.name]

    return in_flow(body)


def case_a_failed_future_leaves_the_next_task_not_ready() -> Any:
    def body() -> Any:
        future = inc.submit(bad.submit())
        future.wait()
        state = future.state
        return [state.type.value, state.name, state.is_final()]

    return in_flow(body)


def case_the_message_of_a_not_ready_task() -> Any:
    def body() -> Any:
        state = inc.submit(bad.submit(), return_state=True)
        return state.message

    return in_flow(body)


def case_the_result_of_a_not_ready_task() -> Any:
    return in_flow(lambda: outcome(inc.submit(bad.submit()).result))


def case_a_failed_state_called_directly() -> Any:
    return in_flow(lambda: outcome(inc, bad(return_state=True)))


def case_a_not_ready_task_is_not_run() -> Any:
    ran: list[int] = []

    @task
    def never(x: Any) -> None:
        ran.append(1)

    in_flow(lambda: never.submit(bad.submit(), return_state=True).name)
    return ran


def case_not_ready_goes_down_the_chain() -> Any:
    def body() -> Any:
        first = inc.submit(bad.submit())
        second = inc.submit(first)
        second.wait()
        return [first.state.name, second.state.name]

    return in_flow(body)


def case_allow_failure_passes_the_exception() -> Any:
    @task
    def look(x: Any) -> Any:
        return error_facts(x)

    return in_flow(lambda: look(allow_failure(bad.submit())))


def case_allow_failure_passes_a_good_value() -> Any:
    return in_flow(lambda: inc(allow_failure(inc.submit(1))))


def case_allow_failure_around_a_list() -> Any:
    @task
    def look(xs: Any) -> Any:
        return [type(x).__name__ for x in xs]

    return in_flow(lambda: look(allow_failure([bad.submit(), inc.submit(1)])))


def case_allow_failure_inside_a_list() -> Any:
    @task
    def look(xs: Any) -> Any:
        return [type(x).__name__ for x in xs]

    return in_flow(lambda: look([allow_failure(bad.submit()), inc.submit(1)]))


def case_allow_failure_with_a_plain_value() -> Any:
    return in_flow(lambda: inc(allow_failure(3)))


def case_quote_keeps_futures_unresolved() -> Any:
    @task
    def look(x: Any) -> Any:
        return [type(x).__name__, hasattr(x[0], "result")]

    return in_flow(lambda: look(quote([inc.submit(1)])))


def case_opaque_resolves_only_the_top() -> Any:
    @task
    def make() -> Any:
        return {"a": 1}

    @task
    def look(x: Any) -> Any:
        return x

    return in_flow(lambda: look(opaque(make.submit())))


def case_wait_for_orders_tasks() -> Any:
    order: list[str] = []
    gate = threading.Event()

    @task
    def slow() -> None:
        gate.wait(10)
        order.append("slow")

    @task
    def after() -> None:
        order.append("after")

    def body() -> Any:
        first = slow.submit()
        second = after.submit(wait_for=[first])
        gate.set()
        second.wait()
        return order

    return in_flow(body)


def case_wait_for_a_failed_future() -> Any:
    def body() -> Any:
        state = one.submit(wait_for=[bad.submit()], return_state=True)
        return [state.type.value, state.name]

    return in_flow(body)


def case_wait_for_allow_failure() -> Any:
    return in_flow(lambda: one.submit(wait_for=[allow_failure(bad.submit())]).result())


def case_wait_for_a_single_future() -> Any:
    return in_flow(lambda: outcome(lambda: one.submit(wait_for=inc.submit(1)).result()))


def case_wait_for_in_a_direct_call() -> Any:
    return in_flow(
        lambda: [one(wait_for=[inc.submit(1)]), outcome(lambda: one(wait_for=[bad.submit()]))]
    )


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


def case_none_of_the_futures_waited_for_still_run() -> Any:
    ran: list[int] = []

    @task
    def note(x: int) -> None:
        ran.append(x)

    @flow
    def f() -> None:
        for i in range(5):
            note.submit(i)

    f()
    return sorted(ran)
