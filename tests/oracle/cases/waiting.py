"""Runs that wait for people, and what runs send one another."""

import asyncio
import threading
from typing import Any

import pydantic
from prefect import flow, pause_flow_run, resume_flow_run, suspend_flow_run, task
from prefect.exceptions import FlowPauseTimeout, NotPausedError
from prefect.input import (
    RunInput,
    keyset_from_base_key,
    receive_input,
    send_input,
)
from prefect.input.run_input import run_input_subclass_from_type
from prefect.runtime import flow_run


class Approval(RunInput):
    approved: bool
    comment: str = "none"


class Plain(pydantic.BaseModel):
    rows: int


def answered(*inputs: Any) -> list[str]:
    """Answer the run around the caller with each of these as soon as it waits; what came of it."""
    run_id, outcomes = flow_run.get_id(), []

    def come() -> None:
        for given in inputs:
            while True:
                try:
                    resume_flow_run(run_id, given)
                    outcomes.append("resumed")
                except NotPausedError:
                    threading.Event().wait(0.05)
                    continue
                except RuntimeError:
                    outcomes.append("RuntimeError")
                break

    threading.Thread(target=come, daemon=True).start()
    return outcomes


def case_a_pause_without_a_question() -> Any:
    @flow
    def f():
        answered(None)
        return pause_flow_run(timeout=10, poll_interval=0.1)

    return f()


def case_an_answer_of_a_run_input() -> Any:
    @flow
    def f():
        answered({"approved": True})
        found = pause_flow_run(wait_for_input=Approval, timeout=10, poll_interval=0.1)
        return [type(found).__name__, found.approved, found.comment, found.metadata.key]

    return f()


def case_an_answer_of_a_model() -> Any:
    @flow
    def f():
        answered({"rows": 3})
        found = pause_flow_run(wait_for_input=Plain, timeout=10, poll_interval=0.1)
        return [isinstance(found, Plain), isinstance(found, RunInput), found.rows]

    return f()


def case_answers_of_plain_types() -> Any:
    @flow
    def f(kind, value):
        answered({"value": value})
        return pause_flow_run(wait_for_input=kind, timeout=10, poll_interval=0.1)

    return [f(int, 3), f(list[str], ["a"]), f(dict, {"a": 1})]


def case_wrong_answers_leave_it_waiting() -> Any:
    @flow
    def f():
        outcomes = answered({"approved": "perhaps"}, {"unknown": 1}, None, {"approved": False})
        found = pause_flow_run(wait_for_input=Approval, timeout=10, poll_interval=0.1)
        return [outcomes[:3], found.approved]

    return f()


def case_initial_data() -> Any:
    @flow
    def f():
        answered({"approved": True})
        asked = Approval.with_initial_data(description="well?", comment="fine")
        return pause_flow_run(wait_for_input=asked, timeout=10, poll_interval=0.1).comment

    return [f(), Approval(approved=True).comment]


def case_two_pauses_have_keys_of_their_own() -> Any:
    @flow
    def f():
        keys = []
        for given in ({"approved": True}, {"approved": False}):
            answered(given)
            found = pause_flow_run(wait_for_input=Approval, timeout=10, poll_interval=0.1)
            keys.append([found.metadata.key, found.approved])
        return keys

    return f()


def case_nobody_comes() -> Any:
    @flow
    def f():
        pause_flow_run(timeout=0, poll_interval=0.1)

    try:
        f()
    except FlowPauseTimeout:
        return [f(return_state=True).type.value, "FlowPauseTimeout"]


def case_nobody_comes_and_it_is_caught() -> Any:
    @flow
    def f():
        try:
            pause_flow_run(timeout=0, poll_interval=0.1)
        except FlowPauseTimeout:
            return "caught"

    return f()


def case_a_task_pauses_its_flow() -> Any:
    @task
    def ask():
        return pause_flow_run(wait_for_input=int, timeout=10, poll_interval=0.1)

    @flow
    def f():
        answered({"value": 4})
        return ask()

    return f()


def case_where_there_is_nothing_to_pause() -> Any:
    seen = []
    for function in (pause_flow_run, suspend_flow_run):
        try:
            function()
        except RuntimeError:
            seen.append("RuntimeError")
        try:
            function(timeout=-1)
        except ValueError:
            seen.append("ValueError")
    return seen


def case_a_task_cannot_suspend() -> Any:
    @task
    def t():
        try:
            suspend_flow_run()
        except RuntimeError:
            return "RuntimeError"

    @flow
    def f():
        return t()

    return f()


def case_a_run_that_does_not_wait() -> Any:
    @flow
    def f():
        try:
            resume_flow_run(flow_run.get_id())
        except NotPausedError:
            return "NotPausedError"

    return f()


def case_keys() -> Any:
    return [
        dict(sorted(keyset_from_base_key("paused-1").items())),
        dict(sorted(Approval.keyset_from_type().items())),
    ]


def case_inputs_of_types() -> Any:
    return [
        run_input_subclass_from_type(kind).__name__ for kind in (Approval, Plain, int, list[int])
    ]


def case_an_unknown_field() -> Any:
    try:
        Approval(approved=True, other=1)
    except ValueError as exc:
        return type(exc).__name__


def case_sent_and_received() -> Any:
    @flow
    def f():
        run_id = flow_run.get_id()
        for number in (3, 1, 2):
            send_input(number, run_id)
        Approval(approved=True).send_to(run_id)
        numbers = list(receive_input(int, timeout=0.1, poll_interval=0.1))
        (approval,) = Approval.receive(timeout=0.1, poll_interval=0.1)
        sender = approval.metadata.sender
        return [numbers, approval.approved, sender.endswith(f"flow-run.{run_id}")]

    return f()


def case_nothing_is_received_in_time() -> Any:
    @flow
    def f():
        seen = [list(receive_input(int, timeout=0.1, poll_interval=0.1))]
        try:
            list(receive_input(int, timeout=0.1, poll_interval=0.1, raise_timeout_error=True))
        except TimeoutError:
            seen.append("TimeoutError")
        try:
            receive_input(int, timeout=0.1, poll_interval=0.1).next()
        except TimeoutError:
            seen.append("TimeoutError")
        return seen

    return f()


def case_received_with_metadata_and_prefix() -> Any:
    @flow
    def f():
        run_id = flow_run.get_id()
        send_input(1, run_id, sender="mail")
        send_input(2, run_id, key_prefix="mine")
        (first,) = receive_input(int, timeout=0.1, poll_interval=0.1, with_metadata=True)
        (second,) = receive_input(int, timeout=0.1, poll_interval=0.1, key_prefix="mine")
        return [first.value, first.metadata.sender, first.metadata.key.rsplit("-", 5)[0], second]

    return f()


def case_responding() -> Any:
    @flow
    async def f():
        run_id = flow_run.get_id()
        await Approval(approved=True).send_to(run_id)
        given = await Approval.receive(timeout=5, poll_interval=0.1).next()
        await given.respond(Approval(approved=False, comment="back"))
        handler = Approval.receive(timeout=5, poll_interval=0.1, exclude_keys={given.metadata.key})
        return (await handler.next()).comment

    return asyncio.run(f())


def case_nobody_to_respond_to() -> Any:
    @flow
    def f():
        Approval(approved=True).send_to(flow_run.get_id(), sender="mail")
        given = Approval.receive(timeout=0.1, poll_interval=0.1).next()
        try:
            given.respond(Approval(approved=False))
        except RuntimeError:
            return "RuntimeError"

    return f()
