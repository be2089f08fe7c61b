"""The program of a flow run, fed with answers by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from noria import flow, task
from noria.core import clock
from noria.core.errors import CancelRun, FlowRunTimeoutError, TerminationSignal
from noria.core.records import FlowRunRow
from noria.core.states import StateType
from noria.engine.flow_run import run_flow
from noria.states import Failed
from tests.engine.programs import Do, Fed, Raise


def noted(flow, flow_run, state):
    """A hook; the answers say what it gives."""


@pytest.fixture
def play(stage):
    """Feed the program of one flow call; returns what it asked, and the call."""

    def run(flow, *answers, **parameters):
        call = stage.flow_call(flow, **parameters)
        return Fed(run_flow(call), *answers), call

    return run


def last(stage):
    """The flow run as it was recorded last."""
    return [row for row in stage.records.rows if isinstance(row, FlowRunRow)][-1]


def test_a_success(stage, play):
    @flow
    def pipeline(x: int):
        """Never called."""

    fed, call = play(pipeline, [1, 2], x="7")
    assert fed.effects == ["ask", "call pipeline", "ask", "commit"]
    assert fed.asked[1].args == (7,)
    assert stage.records.states() == ["Running", "Completed"]
    assert last(stage).result is not None
    assert call.run.state.result() == [1, 2]
    assert stage.session.executions == {}


def test_a_failure(stage, play):
    @flow
    def pipeline():
        """Never called."""

    _, call = play(pipeline, Raise(ValueError("no")))
    assert stage.records.states() == ["Running", "Failed"]
    assert call.run.state.message == "Flow run encountered an exception: ValueError: no"
    assert '"ValueError"' in last(stage).error


def test_parameters_that_do_not_fit_fail_the_run_before_it_begins(stage, play):
    @flow(retries=3, on_failure=[noted], on_running=[noted])
    def pipeline(x: int):
        """Never called."""

    fed, call = play(pipeline, None, x="seven")
    assert fed.effects == ["ask", "commit", "hook noted", "commit"]
    assert stage.records.states() == ["Failed"]
    assert "seven" in call.run.state.message
    assert last(stage).end is not None


def test_retries(stage, play):
    @flow(retries=2, retry_delay_seconds=5, on_running=[noted], on_failure=[noted])
    def pipeline():
        """Never called."""

    fed, call = play(pipeline, None, Raise(ValueError("a")), None, Raise(ValueError("b")), None, 3)
    wait = ["sleep 5", "commit", "ask"]
    attempt = ["hook noted", "call pipeline"]
    assert fed.effects == ["ask", *attempt, *wait, *attempt, *wait, *attempt, "ask", "commit"]
    assert stage.records.states() == [
        "Running", "AwaitingRetry", "Running", "AwaitingRetry", "Running", "Completed",
    ]  # fmt: skip
    assert call.run.run_count == 3


def test_a_returned_failed_state_is_worth_a_retry(stage, play):
    @flow(retries=1)
    def pipeline():
        """Never called."""

    play(pipeline, Failed(message="by hand"), Failed(message="again"))
    assert stage.records.states() == ["Running", "AwaitingRetry", "Running", "Failed"]


def test_a_timeout(stage, play):
    @flow(timeout_seconds=0.5)
    def pipeline():
        """Never called."""

    fed, call = play(pipeline, Raise(FlowRunTimeoutError()))
    assert "call pipeline within 0.5 s" in fed.effects
    assert stage.records.states() == ["Running", "TimedOut"]
    assert call.run.state.message == "Flow run exceeded timeout of 0.5 second(s)"


@pytest.mark.parametrize(
    ("error", "states"),
    [
        (KeyboardInterrupt(), ["Running", "Cancelling", "Cancelled"]),
        (TerminationSignal(15), ["Running", "Cancelling", "Cancelled"]),
        (CancelRun("no longer wanted"), ["Running", "Cancelling", "Cancelled"]),
        (SystemExit(3), ["Running", "Crashed"]),
    ],
)
def test_an_interruption_is_recorded_and_goes_on_up(stage, play, error, states):
    ended = "on_crashed" if isinstance(error, SystemExit) else "on_cancellation"
    hooks: Any = {ended: [noted]}

    @flow(retries=3, on_failure=[noted])
    def pipeline():
        """Never called."""

    fed, _ = play(pipeline.with_options(**hooks), Raise(error), None)
    assert fed.raised is error
    assert stage.records.states() == states
    assert fed.effects[-2:] == ["hook noted", "commit"]
    assert last(stage).end is not None
    assert stage.session.executions == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CancelRun()])
def test_an_interruption_in_a_hook_is_recorded(stage, play, error):
    @flow(on_running=[noted], on_cancellation=[noted])
    def pipeline():
        """Never called."""

    fed, _ = play(pipeline, Raise(error), None)
    assert fed.raised is error
    assert stage.records.states()[-1] == "Cancelled"
    assert fed.effects[-1] == "commit"


def test_an_interruption_between_two_attempts_is_recorded(stage):
    @flow(retries=1, retry_delay_seconds=60)
    def pipeline():
        """Never called."""

    call = stage.flow_call(pipeline)
    program = run_flow(call)
    program.send(None)
    program.send(call.begin_execution())
    program.throw(ValueError())
    program.throw(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        program.send(None)
    assert stage.records.states() == [
        "Running", "AwaitingRetry", "Cancelling", "Cancelled",
    ]  # fmt: skip


def test_a_second_interruption_while_ending_keeps_the_record(stage, play):
    @flow(on_cancellation=[noted])
    def pipeline():
        """Never called."""

    fed, _ = play(pipeline, Raise(KeyboardInterrupt()), Raise(KeyboardInterrupt()))
    assert isinstance(fed.raised, KeyboardInterrupt)
    assert stage.records.states()[-1] == "Cancelled"


def test_a_name_that_cannot_be_made_is_on_record(stage, play):
    @flow(flow_run_name="day-{y}")
    def pipeline():
        """Never called."""

    fed, _ = play(pipeline, Raise(KeyError("y")))
    assert isinstance(fed.raised, KeyError)
    assert stage.records.states() == ["Failed"]
    assert stage.session.executions == {}


def test_hooks_that_fail_change_nothing(stage, play):
    @flow(on_completion=[noted, noted])
    def pipeline():
        """Never called."""

    fed, call = play(pipeline, 1, Raise(ValueError("hooked")), None)
    assert fed.raised is None
    assert call.run.state.is_completed()
    assert "ValueError: hooked" in stage.records.lines()[0]


def test_a_failure_that_nobody_saw_fails_the_run_and_is_forgotten_in_the_next_attempt(stage, play):
    @task
    def load():
        """Never called."""

    @flow(retries=1)
    def pipeline():
        """Never called."""

    def submit():
        stage.ended(load, lambda run: run.enter(StateType.FAILED, message="broken"))

    play(pipeline, Do(submit), None)
    assert stage.records.states() == ["Running", "AwaitingRetry", "Running", "Completed"]
    play(pipeline, Do(submit), Do(submit))
    assert last(stage).state is StateType.FAILED
    assert "nobody looked" in last(stage).message


def test_a_result_that_cannot_be_kept_is_said_and_returned(stage, play):
    @flow
    def pipeline():
        """Never called."""

    unpicklable = (lambda: (yield))()
    _, call = play(pipeline, {"rows": [unpicklable]})
    assert call.run.state.is_completed()
    assert last(stage).result is None
    assert "cannot be kept" in stage.records.lines()[0]


def test_a_clock_that_jumps_back_gives_no_negative_duration(stage):
    @flow
    def pipeline():
        """Never called."""

    call = stage.flow_call(pipeline)
    program = run_flow(call)
    program.send(None)
    program.send(call.begin_execution())
    clock.sleep(-3600)
    keep: Any = program.send(1)
    program.send(keep.fn())
    with pytest.raises(StopIteration):
        program.send(None)
    assert last(stage).end >= last(stage).start
    assert call.run.total_run_time >= timedelta(0)


def test_strict_durability_commits_a_sub_flow_before_it_goes_on(stage):
    @flow
    def child():
        """Never called."""

    @flow(durability="strict")
    def parent():
        """Never called."""

    with stage.running(parent):
        fed = Fed(run_flow(stage.flow_call(child)), 1)
    assert fed.effects[-1] == "commit"
    with stage.running(child):
        fed = Fed(run_flow(stage.flow_call(child)), 1)
    assert "commit" not in fed.effects
