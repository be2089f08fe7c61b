"""Which final state a flow or task gets that returns hand-made states."""

from typing import Any

from prefect import flow, task
from prefect.states import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)
from prefect.utilities.annotations import quote

from tests.oracle.harness import aoutcome, outcome, state_facts


@task
def good(x: int = 1) -> int:
    return x


@task
def bad(text: str = "bad task") -> None:
    raise ValueError(text)


def final(function: Any) -> Any:
    """Facts of the final state of a flow made of a function."""
    return state_facts(flow(function)(return_state=True))


def case_a_returned_completed_state_is_the_final_state() -> Any:
    def returns() -> Any:
        return Completed(message="well done", data=5)

    state = flow(returns)(return_state=True)
    return [state_facts(state), state.result()]


def case_a_returned_completed_state_as_a_value() -> Any:
    @flow
    def returns() -> Any:
        return Completed(message="well done", data=5)

    return outcome(returns)


def case_a_returned_completed_state_without_data_as_a_value() -> Any:
    @flow
    def returns() -> Any:
        return Completed(message="no data")

    return outcome(returns)


def case_a_returned_state_with_a_name_of_its_own() -> Any:
    def returns() -> Any:
        return Completed(name="Skipped", message="nothing to do")

    return final(returns)


def case_a_returned_failed_state_is_the_final_state() -> Any:
    def returns() -> Any:
        return Failed(message="not today")

    state = flow(returns)(return_state=True)
    return [state_facts(state), outcome(state.result)]


def case_a_returned_failed_state_raises_in_a_plain_call() -> Any:
    @flow
    def returns() -> Any:
        return Failed(message="not today")

    return outcome(returns)


def case_a_returned_failed_state_with_an_exception_as_data() -> Any:
    @flow
    def returns() -> Any:
        return Failed(message="see data", data=KeyError("inside"))

    return [outcome(returns), state_facts(returns(return_state=True))]


def case_a_returned_failed_state_with_a_string_as_data() -> Any:
    @flow
    def returns() -> Any:
        return Failed(message="see data", data="text of data")

    return outcome(returns)


def case_a_returned_failed_state_with_odd_data() -> Any:
    @flow
    def returns() -> Any:
        return Failed(message="see data", data=42)

    return outcome(returns)["raised"]


def case_a_returned_failed_state_without_a_message() -> Any:
    @flow
    def returns() -> Any:
        return Failed()

    return [state_facts(returns(return_state=True)), outcome(returns)]


def case_a_returned_crashed_state() -> Any:
    @flow
    def returns() -> Any:
        return Crashed(message="power cut")

    return [state_facts(returns(return_state=True)), outcome(returns)]


def case_a_returned_cancelled_state() -> Any:
    @flow
    def returns() -> Any:
        return Cancelled(message="called off")

    return [state_facts(returns(return_state=True)), outcome(returns)]


def case_a_returned_paused_state() -> Any:
    @flow
    def returns() -> Any:
        return Paused(message="on hold")

    return outcome(lambda: state_facts(returns(return_state=True)))


def case_a_list_of_states_all_completed() -> Any:
    def returns() -> Any:
        return [Completed(data=1), Completed(data=2)]

    return final(returns)


def case_a_list_of_states_one_failed() -> Any:
    def returns() -> Any:
        return [Completed(data=1), Failed(message="second"), Completed(data=3)]

    return final(returns)


def case_a_list_of_states_one_failed_raises_the_first_failure() -> Any:
    @flow
    def returns() -> Any:
        return [Completed(data=1), Failed(message="second"), Failed(message="third")]

    return outcome(returns)


def case_a_list_of_states_two_failed_and_one_crashed() -> Any:
    def returns() -> Any:
        return [Failed(), Failed(), Crashed(), Completed()]

    return final(returns)


def case_a_list_with_states_that_are_not_final() -> Any:
    def returns() -> Any:
        return [Pending(), Completed(), Running()]

    return final(returns)


def case_a_tuple_of_states() -> Any:
    def returns() -> Any:
        return Completed(), Failed()

    return final(returns)


def case_a_mixed_list_of_states_and_values_completes() -> Any:
    def returns() -> Any:
        return [Failed(message="hidden"), 1]

    return final(returns)


def case_a_dict_of_states_completes() -> Any:
    def returns() -> Any:
        return {"a": Failed(message="hidden")}

    return final(returns)


def case_a_nested_list_of_states_completes() -> Any:
    def returns() -> Any:
        return [[Failed(message="deep")], [Completed()]]

    return final(returns)


def case_a_quoted_state_is_a_value() -> Any:
    @flow
    def returns() -> Any:
        return quote(Failed(message="quoted"))

    value = returns()
    return [
        state_facts(returns(return_state=True)),
        type(value).__name__,
        state_facts(value.unquote()),
    ]


def case_child_flow_and_task_states_in_one_list() -> Any:
    @flow
    def child() -> None:
        raise ValueError("child")

    def parent() -> Any:
        return [child(return_state=True), good(return_state=True)]

    return final(parent)


async def case_async_flow_returning_a_list_of_states() -> Any:
    @flow
    async def returns() -> Any:
        return [Completed(data=1), Failed(message="second")]

    return [state_facts(await returns(return_state=True)), await aoutcome(returns())]


def case_a_returned_scheduled_state() -> Any:
    def returns() -> Any:
        return Scheduled(name="Later")

    return outcome(lambda: final(returns)["type"])


def case_a_task_that_returns_a_failed_state() -> Any:
    @task
    def returns() -> Any:
        return Failed(message="by choice")

    return [state_facts(returns(return_state=True)), outcome(returns)]


def case_a_task_that_returns_a_completed_state() -> Any:
    @task
    def returns() -> Any:
        return Completed(message="by choice", data=3)

    return [state_facts(returns(return_state=True)), outcome(lambda: state_facts(returns()))]


def case_a_task_that_returns_a_completed_state_inside_a_flow() -> Any:
    @task
    def returns() -> Any:
        return Completed(message="by choice", data=3)

    @flow
    def caller() -> Any:
        value = returns()
        return type(value).__name__

    return caller()


def case_a_task_that_returns_a_list_of_states() -> Any:
    @task
    def returns() -> Any:
        return [Completed(), Failed(message="x")]

    return state_facts(returns(return_state=True))


def case_a_task_that_returns_a_future() -> Any:
    @task
    def returns() -> Any:
        return good.submit(8)

    @flow
    def caller() -> Any:
        return hasattr(returns(), "task_run_id")

    return outcome(caller)
