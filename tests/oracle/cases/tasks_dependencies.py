"""What tasks receive from other tasks: futures, states, annotations, order."""

import dataclasses
import threading
from typing import Any

import pydantic
from prefect import allow_failure, flow, task
from prefect.states import Completed, Failed
from prefect.utilities.annotations import opaque, quote

from tests.oracle.cases._support import in_flow
from tests.oracle.harness import (
    error_facts,
    error_kind,
    outcome,
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
        return "did not reach a 'COMPLETED' state" in state.message

    return in_flow(body)


def case_the_result_of_a_not_ready_task() -> Any:
    return in_flow(lambda: outcome(inc.submit(bad.submit()).result))


def case_a_failed_state_called_directly() -> Any:
    return in_flow(lambda: error_kind(inc, bad(return_state=True)))


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
        lambda: [one(wait_for=[inc.submit(1)]), error_kind(lambda: one(wait_for=[bad.submit()]))]
    )


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
