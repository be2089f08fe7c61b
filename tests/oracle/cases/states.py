"""States: constructors, names, predicates, representations, results."""

import datetime
from typing import Any

import prefect.states
from prefect import State, flow, task
from prefect.client.schemas.objects import StateType
from prefect.states import (
    AwaitingConcurrencySlot,
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    InfrastructurePending,
    Late,
    Paused,
    Pending,
    Retrying,
    Running,
    Scheduled,
    StateGroup,
    Submitting,
    Suspended,
    get_state_exception,
    is_state_iterable,
    raise_state_exception,
)

from tests.oracle.harness import aoutcome, caught_as, error_kind, outcome, refused, state_facts

CONSTRUCTORS = (
    AwaitingConcurrencySlot,
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    InfrastructurePending,
    Late,
    Paused,
    Pending,
    Retrying,
    Running,
    Scheduled,
    Submitting,
    Suspended,
)
PREDICATES = (
    "is_cancelled",
    "is_cancelling",
    "is_completed",
    "is_crashed",
    "is_failed",
    "is_final",
    "is_paused",
    "is_pending",
    "is_running",
    "is_scheduled",
)
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def case_types_and_names_of_all_constructors() -> Any:
    return {make.__name__: state_facts(make()) for make in CONSTRUCTORS}


def case_predicates_of_all_constructors() -> Any:
    return {
        make.__name__: [name for name in PREDICATES if getattr(make(), name)()]
        for make in CONSTRUCTORS
    }


def case_text_of_all_constructors() -> Any:
    return {make.__name__: [str(make()), repr(make())] for make in CONSTRUCTORS}


def case_text_with_a_message() -> Any:
    state = Failed(message="it broke")
    return [str(state), repr(state)]


def case_text_with_data() -> Any:
    state = Completed(data=[1, 2])
    return [str(state), repr(state)]


def case_text_with_a_name_that_is_not_the_type() -> Any:
    state = Completed(name="Skipped", message="nothing to do")
    return [str(state), repr(state)]


def case_text_with_a_name_and_no_message() -> Any:
    state = Completed(name="Skipped")
    return [str(state), repr(state)]


def case_state_types() -> Any:
    return {member.name: member.value for member in StateType}


def case_a_state_type_is_text() -> Any:
    return [
        isinstance(StateType.COMPLETED, str),
        StateType.COMPLETED == "COMPLETED",
        StateType("FAILED").name,
        str(StateType.FAILED),
    ]


def case_the_default_name_comes_from_the_type() -> Any:
    return [State(type=kind).name for kind in StateType]


def case_a_state_from_text_type() -> Any:
    return state_facts(State(type="COMPLETED", message="m"))


def case_an_unknown_type_is_refused() -> Any:
    return caught_as(lambda: State(type="DONE"), ValueError)


def case_a_state_without_a_type_is_refused() -> Any:
    return refused(lambda: State())


def case_attributes_of_a_new_state() -> Any:
    state = Completed(message="m", data=1)
    return {
        "id": str(state.id),
        "timestamp_is_aware": state.timestamp.tzinfo is not None,
        "type": type(state.type).__name__,
        "data": state.data,
        "flow_run_id": state.state_details.flow_run_id,
        "task_run_id": state.state_details.task_run_id,
    }


def case_scheduled_time_defaults_to_now() -> Any:
    state = Scheduled()
    moment = state.state_details.scheduled_time
    return [moment is not None, moment.tzinfo is not None]


def case_scheduled_time_is_kept() -> Any:
    return [
        make(scheduled_time=MOMENT).state_details.scheduled_time == MOMENT
        for make in (Scheduled, Late, AwaitingRetry, AwaitingConcurrencySlot)
    ]


def case_pause_options() -> Any:
    paused = Paused(timeout_seconds=60, reschedule=True, pause_key="k")
    bare = Paused()
    return [
        paused.state_details.pause_timeout is not None,
        paused.state_details.pause_reschedule,
        paused.state_details.pause_key,
        bare.state_details.pause_timeout,
        bare.state_details.pause_reschedule,
        Suspended().state_details.pause_reschedule,
        Paused(pause_expiration_time=MOMENT).state_details.pause_timeout == MOMENT,
    ]


def case_pause_with_two_limits_is_refused() -> Any:
    return error_kind(lambda: Paused(timeout_seconds=1, pause_expiration_time=MOMENT))


def case_result_of_a_completed_state() -> Any:
    return [Completed(data=5).result(), Completed(data="x").result(), Completed(data=[]).result()]


def case_result_of_a_completed_state_without_data() -> Any:
    return outcome(Completed().result)["raised"]


def case_result_of_failed_states() -> Any:
    return {
        "exception": outcome(Failed(data=ValueError("v")).result),
        "text": outcome(Failed(data="text").result),
        "message": outcome(Failed(message="message").result),
        "nothing": outcome(Failed().result),
        "inner state": outcome(Failed(data=Failed(data=ValueError("inner"))).result),
        "list of states": outcome(
            Failed(data=[Completed(), Failed(data=ValueError("second"))]).result
        ),
        "number": outcome(Failed(data=42).result)["raised"],
    }


def case_result_of_crashed_and_cancelled_states() -> Any:
    return [
        outcome(Crashed().result),
        outcome(Crashed(message="m").result),
        outcome(raise_state_exception, Crashed(data=KeyboardInterrupt()))["raised"],
        outcome(Cancelled().result),
        outcome(Cancelled(message="m").result),
    ]


def case_result_without_raising() -> Any:
    return [
        Failed(data=ValueError("v")).result(raise_on_failure=False),
        Failed(message="m").result(raise_on_failure=False),
        Failed(data="text").result(raise_on_failure=False),
        Crashed(message="c").result(raise_on_failure=False),
        Cancelled().result(raise_on_failure=False),
        Completed(data=3).result(raise_on_failure=False),
    ]


def case_result_of_states_that_are_not_final() -> Any:
    return {
        make.__name__: outcome(make().result)
        for make in (Pending, Running, Scheduled, Cancelling, Retrying)
    }


def case_result_of_unfinished_states_without_raising() -> Any:
    return [
        outcome(lambda make=make: make().result(raise_on_failure=False))
        for make in (Pending, Paused)
    ]


def case_result_of_a_paused_state() -> Any:
    return outcome(Paused().result)


async def case_aresult() -> Any:
    return [
        await Completed(data=5).aresult(),
        await aoutcome(Failed(data=ValueError("v")).aresult()),
        await Failed(data=ValueError("v")).aresult(raise_on_failure=False),
    ]


def case_get_state_exception() -> Any:
    return [
        get_state_exception(Failed(data=ValueError("v"))),
        get_state_exception(Failed(message="m")),
        get_state_exception(Failed()),
        get_state_exception(Crashed()),
        get_state_exception(Cancelled()),
        get_state_exception(Failed(data="text")),
        outcome(get_state_exception, Completed())["raised"],
    ]


def case_raise_state_exception() -> Any:
    return [
        outcome(raise_state_exception, Failed(data=ValueError("v"))),
        outcome(raise_state_exception, Completed()),
        outcome(raise_state_exception, Running()),
        outcome(raise_state_exception, Cancelled(message="c")),
    ]


def case_is_state_iterable() -> Any:
    values: list[Any] = [
        [Completed()],
        (Completed(), Failed()),
        [],
        [Completed(), 1],
        {"a": Completed()},
        Completed(),
        "text",
        iter([Completed()]),
        {1},
    ]
    return [is_state_iterable(value) for value in values]


def case_equality_needs_the_same_facts() -> Any:
    return [
        Completed(message="m") == Completed(message="m"),
        Completed(message="m") == Completed(message="n"),
        Completed() == Failed(),
        Completed(name="X") == Completed(name="X"),
        Completed(data=1) == Completed(data=1),
        Completed() == "COMPLETED",
        Completed() == None,  # noqa: E711 - the comparison itself is looked at
    ]


def case_equality_of_a_copy() -> Any:
    state = Completed(message="m", data=1)
    copy = state.model_copy()
    return [copy == state, copy is state, copy.id == state.id]


def case_fresh_copy() -> Any:
    state = Failed(message="m", name="Odd", data=1)
    copy = state.fresh_copy()
    return [
        copy.id == state.id,
        state_facts(copy),
        copy.data,
        copy.timestamp >= state.timestamp,
        copy.state_details.flow_run_id,
    ]


def case_copy_with_changes() -> Any:
    state = Completed(message="m")
    changed = state.model_copy(update={"message": "n", "name": "Other"})
    return [state_facts(state), state_facts(changed)]


def case_fresh_copy_of_a_runs_state() -> Any:
    @task
    def t() -> int:
        return 3

    state = t(return_state=True)
    copy = state.fresh_copy()
    return [
        state.state_details.task_run_id is not None,
        copy.state_details.task_run_id is None,
        copy.result(),
    ]


def case_the_state_of_a_flow_run_knows_the_run() -> Any:
    @flow
    def f() -> int:
        return 3

    state = f(return_state=True)
    return [
        state.state_details.flow_run_id is not None,
        state.state_details.task_run_id,
        str(state),
    ]


def case_state_groups() -> Any:
    group = StateGroup([Completed(), Failed(), Crashed(), Cancelled(), Running(), Paused()])
    return {
        "total": group.total_count,
        "fail": group.fail_count,
        "cancelled": group.cancelled_count,
        "final": group.final_count,
        "not_final": group.not_final_count,
        "paused": group.paused_count,
        "any_failed": group.any_failed(),
        "any_cancelled": group.any_cancelled(),
        "any_paused": group.any_paused(),
        "all_completed": group.all_completed(),
        "all_final": group.all_final(),
        "message": group.counts_message(),
        "repr": repr(group),
    }


def case_state_groups_of_one_kind() -> Any:
    group = StateGroup([Completed(), Completed()])
    return [group.all_completed(), group.all_final(), group.any_failed(), repr(group)]


def case_an_empty_state_group() -> Any:
    group = StateGroup([])
    return [group.all_completed(), group.all_final(), group.any_failed(), repr(group)]


def case_states_are_exported() -> Any:
    wanted = [make.__name__ for make in CONSTRUCTORS]
    return [name for name in wanted if not hasattr(prefect.states, name)]


def case_a_state_as_json() -> Any:
    data = Completed(message="m", name="Skipped").model_dump(mode="json")
    return {key: data[key] for key in ("type", "name", "message", "data")} | {
        "keys": sorted(data),
        "detail keys": sorted(
            key for key, value in data["state_details"].items() if value is not None
        ),
    }


def case_a_state_read_back_from_json() -> Any:
    state = Failed(message="m", name="Odd")
    back = State.model_validate_json(state.model_dump_json())
    return [state_facts(back), back.id == state.id, back == state]


def case_truth_and_hash_of_a_state() -> Any:
    return [bool(Failed()), outcome(lambda: isinstance(hash(Failed()), int))]


def case_type_based_constructors_accept_a_name() -> Any:
    return [make(name="Own").name for make in (Completed, Failed, Running, Pending, Cancelled)]


def case_a_state_of_another_class() -> Any:
    class MyState(State):  # type: ignore[misc]
        pass

    return [type(Completed(cls=MyState)).__name__, type(Scheduled(cls=MyState)).__name__]


def case_messages_of_exceptions_in_states() -> Any:
    @task
    def breaks(error: Exception) -> None:
        raise error

    errors = [
        ValueError(),
        ValueError("one", 2),
        KeyError("k"),
        OSError(2, "No such file"),
        AssertionError("line one\nline two"),
        StopIteration("stop"),
    ]
    return [breaks(error, return_state=True).message for error in errors]
