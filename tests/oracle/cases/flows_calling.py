"""Calling flows: values, states, exceptions, synchronous and asynchronous."""

import asyncio
import operator
import threading
from typing import Any

from prefect import Flow, State, flow, task

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import aoutcome, error_facts, outcome, state_facts


def case_a_flow_call_returns_the_functions_value() -> Any:
    @flow
    def add(a: int, b: int = 2) -> int:
        return a + b

    return [add(1), add(1, 5), add(a=3, b=4), add(b=1, a=1)]


def case_a_flow_without_return_gives_none() -> Any:
    @flow
    def quiet() -> None:
        pass

    return [quiet(), state_facts(quiet(return_state=True)), quiet(return_state=True).result()]


def case_decorator_with_empty_parentheses() -> Any:
    @flow()
    def double(x: int) -> int:
        return 2 * x

    return [double(4), isinstance(double, Flow), double.name]


def case_return_state_gives_a_completed_state() -> Any:
    @flow
    def seven() -> int:
        return 7

    state = seven(return_state=True)
    return {"is_state": isinstance(state, State), **state_facts(state), "result": state.result()}


def case_an_exception_comes_out_as_it_was_raised() -> Any:
    error = ValueError("boom")

    @flow
    def breaks() -> None:
        raise error

    try:
        breaks()
    except ValueError as caught:
        return {"same_object": caught is error, **error_facts(caught)}
    return "nothing raised"


def case_return_state_keeps_the_exception_inside() -> Any:
    @flow
    def breaks() -> None:
        raise ValueError("boom")

    state = breaks(return_state=True)
    return {
        **state_facts(state),
        "raises": outcome(state.result),
        "kept": error_facts(state.result(raise_on_failure=False)),
    }


def case_an_exception_without_text_in_the_state_message() -> Any:
    class OddError(Exception):
        pass

    @flow
    def breaks() -> None:
        raise OddError

    return state_facts(breaks(return_state=True))


def case_unicode_in_values_names_and_errors() -> Any:
    @flow(name="数据管道 🌊")
    def pipeline(text: str) -> str:
        if text == "坏":
            raise ValueError("输入无效：坏 💥")
        return text + "完成"

    return [pipeline.name, pipeline("好"), state_facts(pipeline("坏", return_state=True))]


def case_an_async_flow_is_awaited() -> Any:
    @flow
    async def add(a: int, b: int) -> int:
        return await asyncio.to_thread(operator.add, a, b)

    coroutine = add(1, 2)
    kind = asyncio.iscoroutine(coroutine)
    return [kind, asyncio.run(coroutine)]


async def case_an_async_flow_inside_an_event_loop() -> Any:
    @flow
    async def twice(x: int) -> int:
        return 2 * x

    state = await twice(5, return_state=True)
    return [await twice(4), state_facts(state), await state.aresult()]


async def case_an_async_flow_raises_where_it_is_awaited() -> Any:
    @flow
    async def breaks() -> None:
        raise KeyError("missing")

    return [await aoutcome(breaks()), state_facts(await breaks(return_state=True))]


async def case_a_sync_flow_called_in_an_event_loop_blocks_and_returns() -> Any:
    @flow
    def plain_sync() -> int:
        return 11

    return plain_sync()


async def case_async_flows_gathered() -> Any:
    @flow
    async def square(x: int) -> int:
        return x * x

    return await asyncio.gather(square(2), square(3), square(4))


def case_a_sync_flow_runs_in_the_calling_thread() -> Any:
    @flow
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    return where()


def case_nested_flows_return_values() -> Any:
    @flow
    def child(x: int) -> int:
        return x + 1

    @flow
    def parent(x: int) -> int:
        return child(x) * 10

    return parent(1)


def case_nested_flow_with_return_state() -> Any:
    @flow
    def child() -> None:
        raise ValueError("child broke")

    @flow
    def parent() -> str:
        state = child(return_state=True)
        return f"{state.type.value}/{state.name}/{state.message}"

    return parent()


def case_a_child_flows_exception_fails_the_parent() -> Any:
    @flow
    def child() -> None:
        raise ValueError("child broke")

    @flow
    def parent() -> None:
        child()

    return [outcome(parent), state_facts(parent(return_state=True))]


def case_a_caught_child_exception_lets_the_parent_complete() -> Any:
    @flow
    def child() -> None:
        raise ValueError("child broke")

    @flow
    def parent() -> str:
        try:
            child()
        except ValueError:
            return "went on"
        return "not reached"

    return [parent(), state_facts(parent(return_state=True))]


async def case_async_child_in_async_parent() -> Any:
    @flow
    async def child(x: int) -> int:
        return x + 1

    @flow
    async def parent() -> int:
        return await child(1) + await child(2)

    return await parent()


async def case_sync_child_in_async_parent() -> Any:
    @flow
    def child(x: int) -> int:
        return x + 1

    @flow
    async def parent() -> int:
        return child(1)

    return await parent()


def case_a_task_called_in_a_flow_returns_its_value() -> Any:
    @task
    def inc(x: int) -> int:
        return x + 1

    @flow
    def chain() -> int:
        return inc(inc(inc(0)))

    return chain()


def case_a_task_exception_fails_the_flow() -> Any:
    @task
    def breaks() -> None:
        raise ZeroDivisionError("nope")

    @flow
    def caller() -> None:
        breaks()

    return [outcome(caller), state_facts(caller(return_state=True))]


def case_a_flow_called_inside_a_task() -> Any:
    @flow
    def inner(x: int) -> int:
        return x + 1

    @task
    def middle(x: int) -> int:
        return inner(x) * 2

    @flow
    def outer() -> int:
        return middle(1)

    return outer()


def case_calling_a_flow_with_a_future_waits_for_it() -> Any:
    @task
    def one() -> int:
        return 1

    @flow
    def child(x: int) -> int:
        return x + 1

    @flow
    def parent() -> int:
        return child(one.submit())

    return parent()


def case_calling_a_flow_with_a_collection_of_futures() -> Any:
    @task
    def number(x: int) -> int:
        return x

    @flow
    def child(xs: list[int], by_name: dict[str, int]) -> int:
        return sum(xs) + by_name["k"]

    @flow
    def parent() -> int:
        return child([number.submit(1), number.submit(2)], {"k": number.submit(3)})

    return parent()


def case_wait_for_a_failed_future_leaves_a_child_flow_not_ready() -> Any:
    @task
    def breaks() -> None:
        raise ValueError("upstream")

    @flow
    def child() -> int:
        return 1

    def parent() -> list[Any]:
        state = child(wait_for=[breaks.submit()], return_state=True)
        return [state.type.value, state.name, "not reach" in (state.message or "")]

    return in_flow(parent)


def case_a_failed_future_as_an_argument_leaves_a_child_flow_not_ready() -> Any:
    @task
    def breaks() -> None:
        raise ValueError("upstream")

    @flow
    def child(x: Any) -> int:
        return 1

    def parent() -> list[Any]:
        state = child(breaks.submit(), return_state=True)
        return [state.type.value, state.name]

    return in_flow(parent)


def case_a_not_ready_child_flow_called_for_its_value() -> Any:
    @task
    def breaks() -> None:
        raise ValueError("upstream")

    @flow
    def child(x: Any) -> int:
        return 1

    def parent() -> Any:
        return outcome(child, breaks.submit())["raised"]

    return in_flow(parent)


def case_system_exit_crashes_the_flow_and_comes_out() -> Any:
    @flow
    def leaves() -> None:
        raise SystemExit(3)

    seen: list[Any] = []

    @leaves.on_crashed
    def note(flow: Any, run: Any, state: Any) -> None:
        seen.append(state_facts(state))

    return [outcome(leaves), seen]


def case_keyboard_interrupt_comes_out() -> Any:
    @flow
    def stopped() -> None:
        raise KeyboardInterrupt

    seen: list[str] = []
    stopped.on_crashed(lambda f, r, s: seen.append("crashed"))
    stopped.on_cancellation(lambda f, r, s: seen.append("cancelled"))
    stopped.on_failure(lambda f, r, s: seen.append("failed"))
    return [outcome(stopped)["raised"], seen]


def case_a_base_exception_crashes_the_flow() -> Any:
    class Odd(BaseException):
        pass

    @flow
    def odd() -> None:
        raise Odd("strange")

    return outcome(lambda: state_facts(odd(return_state=True)))


def case_return_state_is_not_passed_to_the_function() -> Any:
    @flow
    def takes_anything(**kwargs: Any) -> list[str]:
        return sorted(kwargs)

    state = takes_anything(a=1, return_state=True)
    return state.result()


async def case_an_asyncio_timeout_inside_a_flow_fails_it() -> Any:
    @flow
    async def slow() -> None:
        raise TimeoutError("too slow")

    return state_facts(await slow(return_state=True))


def case_a_flow_can_be_called_from_another_thread() -> Any:
    @flow
    def seven() -> int:
        return 7

    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(seven()))
    thread.start()
    thread.join()
    return seen


def case_arguments_keep_their_identity_when_not_annotated() -> Any:
    marker = object()

    @flow
    def same(thing):
        return thing is marker

    return same(marker)
