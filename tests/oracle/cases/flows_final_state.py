"""Which final state a flow run gets from what its function returns or raises."""

from typing import Any

from prefect import flow, task
from prefect.states import (
    Cancelled,
    Completed,
    Failed,
)

from tests.oracle.harness import error_facts, outcome, state_facts


@task
def good(x: int = 1) -> int:
    return x


@task
def bad(text: str = "bad task") -> None:
    raise ValueError(text)


def final(function: Any) -> Any:
    """Facts of the final state of a flow made of a function."""
    return state_facts(flow(function)(return_state=True))


def case_plain_values_complete() -> Any:
    values: list[Any] = [None, 0, False, "", "text", [], {}, (), 3.5]
    return [final(lambda value=value: value) for value in values[:5]]


def case_an_exception_object_returned_is_a_value() -> Any:
    def returns_error() -> Any:
        return ValueError("just a value")

    state = flow(returns_error)(return_state=True)
    return [state_facts(state), error_facts(state.result())]


def case_an_exception_object_returned_from_a_call_is_returned() -> Any:
    @flow
    def returns_error() -> Any:
        return ValueError("just a value")

    return type(returns_error()).__name__


def case_a_list_with_a_cancelled_state() -> Any:
    def returns() -> Any:
        return [Failed(), Cancelled(), Completed()]

    return final(returns)


def case_a_mixed_tuple_of_a_state_and_a_value_completes() -> Any:
    def returns() -> Any:
        return Failed(message="hidden"), "value"

    return final(returns)


def case_an_empty_list_completes() -> Any:
    def returns() -> Any:
        return []

    return final(returns)


def case_a_list_of_one_state() -> Any:
    def returns() -> Any:
        return [Failed(message="one")]

    return final(returns)


def case_a_returned_future_that_succeeds() -> Any:
    def returns() -> Any:
        return good.submit(3)

    state = flow(returns)(return_state=True)
    return [state_facts(state), state.result()]


def case_a_returned_future_as_a_plain_value() -> Any:
    @flow
    def returns() -> Any:
        return good.submit(3)

    return returns()


def case_a_returned_future_that_fails() -> Any:
    def returns() -> Any:
        return bad.submit()

    return [final(returns), outcome(flow(returns))]


def case_a_returned_list_of_futures_all_good() -> Any:
    @flow
    def returns() -> Any:
        return [good.submit(1), good.submit(2)]

    state = returns(return_state=True)
    return [state_facts(state), [inner.result() for inner in state.result()]]


def case_a_returned_list_of_futures_as_a_plain_value() -> Any:
    @flow
    def returns() -> Any:
        return [good.submit(1), good.submit(2)]

    return [type(item).__name__ for item in returns()]


def case_a_returned_list_of_futures_one_bad() -> Any:
    def returns() -> Any:
        return [good.submit(1), bad.submit(), bad.submit("other")]

    return final(returns)


def case_a_returned_map_one_bad() -> Any:
    @task
    def picky(x: int) -> int:
        if x == 2:
            raise ValueError(f"no {x}")
        return x

    def returns() -> Any:
        return picky.map([1, 2, 3])

    return [final(returns), outcome(flow(returns))]


def case_a_returned_map_all_good_as_a_plain_value() -> Any:
    @flow
    def returns() -> Any:
        return good.map([1, 2, 3])

    value = returns()
    return [
        type(value).__name__,
        [type(item).__name__ for item in value],
        [item.result() for item in value],
    ]


def case_a_returned_dict_of_futures() -> Any:
    @flow
    def returns() -> Any:
        return {"a": good.submit(1), "b": bad.submit()}

    state = returns(return_state=True)
    return [
        state_facts(state),
        {key: type(value).__name__ for key, value in state.result().items()},
    ]


def case_a_returned_tuple_of_a_future_and_a_value() -> Any:
    @flow
    def returns() -> Any:
        return good.submit(1), "x"

    value = returns()
    return [type(value).__name__, [type(item).__name__ for item in value]]


def case_a_failed_task_called_with_return_state_and_ignored() -> Any:
    def ignores() -> int:
        bad(return_state=True)
        return 1

    return final(ignores)


def case_a_failed_task_state_returned() -> Any:
    def returns() -> Any:
        return bad(return_state=True)

    return [final(returns), outcome(flow(returns))]


def case_a_completed_task_state_returned() -> Any:
    @flow
    def returns() -> Any:
        return good(4, return_state=True)

    return [state_facts(returns(return_state=True)), returns()]


def case_a_failed_future_waited_for_and_ignored() -> Any:
    def ignores() -> int:
        bad.submit().wait()
        return 1

    return final(ignores)


def case_a_failed_future_never_looked_at() -> Any:
    def ignores() -> int:
        bad.submit()
        return 1

    return final(ignores)["type"]


def case_a_failed_future_never_looked_at_and_nothing_returned() -> Any:
    def ignores() -> None:
        bad.submit()

    return final(ignores)["type"]


def case_a_failed_future_whose_state_was_read() -> Any:
    def reads() -> str:
        future = bad.submit()
        future.wait()
        return str(future.state.name)

    return final(reads)


def case_a_failed_future_whose_result_was_caught() -> Any:
    def reads() -> str:
        try:
            bad.submit().result()
        except ValueError:
            return "caught"
        return "not reached"

    return final(reads)


def case_a_failed_map_never_looked_at() -> Any:
    def ignores() -> int:
        bad.map(["a", "b"])
        return 1

    return final(ignores)["type"]


def case_a_failed_future_result_fails_the_flow_with_the_original_error() -> Any:
    @flow
    def reads() -> None:
        bad.submit().result()

    return [outcome(reads), state_facts(reads(return_state=True))]


def case_a_child_flows_failed_state_returned() -> Any:
    @flow
    def child() -> None:
        raise ValueError("child")

    def parent() -> Any:
        return child(return_state=True)

    return [final(parent), outcome(flow(parent))]


def case_a_child_flows_failed_state_ignored() -> Any:
    @flow
    def child() -> None:
        raise ValueError("child")

    def parent() -> int:
        child(return_state=True)
        return 1

    return final(parent)


async def case_async_flow_returning_a_future() -> Any:
    @flow
    async def returns() -> Any:
        return good.submit(3)

    return await returns()
