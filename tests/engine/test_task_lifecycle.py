"""The program of a task run, fed with answers by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from noria import flow, task
from noria.cache_policies import INPUTS
from noria.core import clock
from noria.core.errors import CancelRun, TaskRunTimeoutError, TerminationSignal
from noria.core.states import State, StateType
from noria.engine.effects import Call, Hook
from noria.engine.futures import Future
from noria.engine.task_run import run_task
from noria.journal.fold import Folder
from noria.states import Completed, Failed
from tests.engine.programs import Fed, Raise


@flow
def pipeline():
    """Something for tasks to stand in."""


def noted(task, task_run, state):
    """A hook or condition; the answers say what it gives."""


@pytest.fixture
def play(stage):
    """Feed the program of one call inside a flow run; returns what it asked, and the call."""

    def run(task, *answers, args=(), wait_for=None):
        with stage.running(pipeline):
            call = stage.task_call(task, *args, wait_for=wait_for)
            return Fed(run_task(call), *answers), call

    return run


def test_a_success(stage, play):
    @task
    def load(x, *more, key=1, **rest):
        """Never called: the answer stands for it."""

    fed, call = play(load, 42, args=(1, 2))
    assert fed.effects == ["call load"]
    assert stage.records.states() == ["Running", "Completed"]
    assert (call.run.state.result(), call.run.run_count) == (42, 1)
    effect = fed.asked[0]
    assert isinstance(effect, Call)
    assert (effect.args, effect.kwargs) == ((1, 2), {"key": 1})


def test_a_success_outside_flows_leaves_no_record(stage):
    @task
    def load():
        """Never called."""

    call = stage.task_call(load)
    assert Fed(run_task(call), 1).effects == ["call load"]
    assert stage.records.rows == []
    assert call.run.state.is_completed()


def test_a_failure(stage, play):
    @task
    def load():
        """Never called."""

    error = ValueError("no such file")
    fed, call = play(load, Raise(error))
    assert fed.raised is None
    assert stage.records.states() == ["Running", "Failed"]
    assert call.run.state.message == ("Task run encountered an exception ValueError: no such file")
    assert call.run.state.result(raise_on_failure=False) is error
    row = stage.records.rows[-1]
    assert '"type": "ValueError"' in row.error
    assert row.end == clock.now()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (Completed(message="by hand"), ["Running", "Completed"]),
        (Failed(message="by hand"), ["Running", "Failed"]),
        ([Completed(), Failed()], ["Running", "Failed"]),
    ],
)
def test_a_returned_state_is_the_state(stage, play, given, names):
    @task
    def load():
        """Never called."""

    _, call = play(load, given)
    assert stage.records.states() == names
    if isinstance(given, State):
        assert call.run.state is given


def test_retries_with_a_delay_each(stage, play):
    @task(retries=3, retry_delay_seconds=[1, 10])
    def load():
        """Never called."""

    failure = Raise(ConnectionError("gone"))
    fed, call = play(load, failure, failure, failure, "at last")
    assert fed.effects == [
        "call load", "sleep 1", "call load", "sleep 10", "call load", "sleep 10", "call load",
    ]  # fmt: skip
    assert stage.records.states() == [
        "Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "AwaitingRetry",
        "Retrying", "Completed",
    ]  # fmt: skip
    assert call.run.run_count == 4
    waiting = next(row for row in stage.records.rows if getattr(row, "state_name", None))
    assert waiting.message == "attempt 2 of 4 in 1 s: ConnectionError: gone"


def test_retries_come_to_an_end(stage, play):
    @task(retries=1)
    def load():
        """Never called."""

    first, last = ConnectionError("first"), ConnectionError("last")
    fed, call = play(load, Raise(first), Raise(last))
    assert fed.effects == ["call load", "call load"]
    assert stage.records.states() == ["Running", "AwaitingRetry", "Retrying", "Failed"]
    assert call.run.state.result(raise_on_failure=False) is last


def test_a_retry_that_waits_knows_when_it_is_due(stage, play):
    seen = []

    @task(retries=1, retry_delay_seconds=30)
    def load():
        """Never called."""

    with stage.running(pipeline):
        call = stage.task_call(load)
        program = run_task(call)
        program.send(None)
        program.throw(ValueError())
        seen.append(call.run.state)
        program.close()
    due = seen[0].state_details.scheduled_time
    assert due == clock.to_datetime(clock.now()) + timedelta(seconds=30)


def test_jitter_stays_within_its_bounds(stage, play):
    @task(retries=40, retry_delay_seconds=10, retry_jitter_factor=0.5)
    def load():
        """Never called."""

    fed, _ = play(load, *[Raise(ValueError())] * 40, None)
    delays = [float(effect.split()[1]) for effect in fed.effects if effect.startswith("sleep")]
    assert len(delays) == 40
    assert all(5 <= delay <= 15 for delay in delays)
    assert len(set(delays)) > 1


@pytest.mark.parametrize(("wanted", "calls"), [(True, 2), (False, 1)])
def test_the_condition_decides_on_a_retry(play, wanted, calls):
    @task(retries=1, retry_condition_fn=noted)
    def load():
        """Never called."""

    answers = [Raise(ValueError()), wanted, Raise(ValueError())][: 3 if wanted else 2]
    fed, call = play(load, *answers)
    assert fed.effects.count("call load") == calls
    asked = next(effect for effect in fed.asked if isinstance(effect, Hook))
    assert asked.args[0] is load
    assert asked.args[1] is call.run
    assert asked.args[2].is_failed()


def test_a_condition_that_raises_means_no_retry(stage, play):
    @task(retries=1, retry_condition_fn=noted)
    def load():
        """Never called."""

    fed, _ = play(load, Raise(ValueError()), Raise(KeyError("oh")))
    assert fed.effects == ["call load", "hook noted"]
    assert stage.records.states() == ["Running", "Failed"]
    assert "retry_condition_fn" in stage.records.lines()[0]


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"retry_on": ConnectionError}, 2),
        ({"retry_on": (KeyError, OSError)}, 2),
        ({"retry_on": (KeyError,)}, 1),
        ({"no_retry_on": OSError}, 1),
        ({"no_retry_on": (KeyError,)}, 2),
        ({"retry_on": OSError, "no_retry_on": ConnectionError}, 1),
    ],
)
def test_the_kind_of_error_decides_on_a_retry(play, options, calls):
    @task(retries=1, **options)
    def load():
        """Never called."""

    fed, _ = play(load, *[Raise(ConnectionError())] * calls)
    assert fed.effects == ["call load"] * calls


def test_a_timeout_is_a_failure_of_its_own_name(stage, play):
    @task(timeout_seconds=1.5)
    def load():
        """Never called."""

    fed, call = play(load, Raise(TaskRunTimeoutError()))
    assert fed.effects == ["call load within 1.5 s"]
    effect = fed.asked[0]
    assert isinstance(effect, Call)
    assert effect.on_timeout is TaskRunTimeoutError
    assert stage.records.states() == ["Running", "TimedOut"]
    assert call.run.state.type is StateType.FAILED
    assert call.run.state.message == "Task run exceeded timeout of 1.5 second(s)"


def test_a_timeout_is_worth_a_retry(stage, play):
    @task(timeout_seconds=1, retries=1)
    def load():
        """Never called."""

    play(load, Raise(TaskRunTimeoutError()), 3)
    assert stage.records.states() == ["Running", "AwaitingRetry", "Retrying", "Completed"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyboardInterrupt(), StateType.CANCELLED),
        (TerminationSignal(15), StateType.CANCELLED),
        (CancelRun("no longer wanted"), StateType.CANCELLED),
        (SystemExit(3), StateType.CRASHED),
    ],
)
def test_an_interruption_is_recorded_and_goes_on_up(stage, play, error, kind):
    ended = "on_cancellation" if kind is StateType.CANCELLED else "on_crashed"
    hooks: Any = {ended: [noted]}

    @task(retries=5, on_failure=[noted])
    def load():
        """Never called."""

    fed, call = play(load.with_options(**hooks), Raise(error), None)
    assert fed.raised is error
    assert fed.effects == ["call load", "hook noted"]
    assert call.run.state.type is kind
    assert stage.records.rows[-1].state is kind
    assert stage.records.rows[-1].end is not None


def test_an_interruption_while_waiting_for_a_retry_is_recorded(stage):
    @task(retries=1, retry_delay_seconds=60)
    def load():
        """Never called."""

    with stage.running(pipeline):
        call = stage.task_call(load)
        program = run_task(call)
        program.send(None)
        program.throw(ValueError())
        with pytest.raises(KeyboardInterrupt):
            program.throw(KeyboardInterrupt())
    assert stage.records.states() == ["Running", "AwaitingRetry", "Cancelled"]


def test_an_interruption_in_a_hook_is_recorded(stage, play):
    @task(on_running=[noted])
    def load():
        """Never called."""

    fed, _ = play(load, Raise(KeyboardInterrupt()))
    assert isinstance(fed.raised, KeyboardInterrupt)
    assert stage.records.states() == ["Running", "Cancelled"]


def test_an_interruption_after_the_end_leaves_the_end_alone(stage, play):
    @task(on_completion=[noted])
    def load():
        """Never called."""

    fed, _ = play(load, 1, Raise(KeyboardInterrupt()))
    assert isinstance(fed.raised, KeyboardInterrupt)
    assert stage.records.states() == ["Running", "Completed"]


def test_hooks_are_called_in_their_states(play):
    def running(task, task_run, state):
        """Never called."""

    def completed(task, task_run, state):
        """Never called."""

    def failed(task, task_run, state):
        """Never called."""

    @task(on_running=[running], on_completion=[completed], on_failure=[failed], retries=1)
    def load():
        """Never called."""

    fed, _ = play(load, None, Raise(ValueError()), None, 1, None)
    assert fed.effects == [
        "hook running", "call load", "hook running", "call load", "hook completed",
    ]  # fmt: skip


def test_a_hook_that_fails_changes_nothing(stage, play):
    @task(on_completion=[noted, noted])
    def load():
        """Never called."""

    fed, call = play(load, 1, Raise(ValueError("hooked")), None)
    assert fed.effects == ["call load", "hook noted", "hook noted"]
    assert fed.raised is None
    assert call.run.state.is_completed()
    assert "ValueError: hooked" in stage.records.lines()[0]


def test_a_template_names_the_run(stage, play):
    @task(task_run_name="load-{x}")
    def load(x):
        """Never called."""

    fed, call = play(load, "load-7", None, args=(7,))
    assert fed.effects == ["hook name_run", "call load"]
    assert stage.records.rows[-1].name == call.run.name == "load-7"


def test_a_name_that_cannot_be_made_fails_the_run_not_the_engine(stage, play):
    @task(task_run_name="load-{y}")
    def load(x):
        """Never called."""

    fed, call = play(load, Raise(KeyError("y")), args=(7,))
    assert isinstance(fed.raised, KeyError)
    assert stage.records.states() == ["Failed"]
    assert call.run.state.message == "Task run encountered an exception KeyError: 'y'"


def test_a_cache_hit_calls_nothing(stage, play):
    @task(cache_policy=INPUTS, persist_result=True)
    def load(x):
        """Never called."""

    fed, _ = play(load, [1, 2], args=(7,))
    assert fed.effects == ["ask", "call load", "ask"]
    fed, call = play(load, args=(7,))
    assert fed.effects == ["ask"]
    assert stage.records.states()[-1] == "Cached"
    assert call.run.state.data == [1, 2]
    assert call.run.run_count == 0
    fed, _ = play(load, [3], args=(8,))
    assert fed.effects == ["ask", "call load", "ask"]


def test_a_refresh_does_not_ask_the_cache(play):
    @task(cache_policy=INPUTS, persist_result=True)
    def load(x):
        """Never called."""

    play(load, 1, args=(7,))
    fed, call = play(load.with_options(refresh_cache=True), 2, args=(7,))
    assert "call load" in fed.effects
    assert call.run.data == 2
    _, call = play(load, args=(7,))
    assert call.run.data == 2


def test_an_expired_entry_is_no_hit(play):
    @task(cache_policy=INPUTS, persist_result=True, cache_expiration=timedelta(seconds=10))
    def load(x):
        """Never called."""

    play(load, 1, args=(7,))
    clock.sleep(9.9)
    assert "call load" not in play(load, args=(7,))[0].effects
    clock.sleep(0.2)
    assert "call load" in play(load, 2, args=(7,))[0].effects


def test_a_memo_hit_calls_nothing_and_keeps_times_and_id(stage):
    @task(on_completion=[noted], task_run_name="named")
    def load(x):
        """Never called."""

    with stage.running(pipeline) as context:
        first = stage.task_call(load, 1)
        Fed(run_task(first), "named", {"a": 1}, None)
        for row in stage.records.rows:
            stage.backend.append(Folder().fold([row]))
        clock.sleep(100)
        execution = context.execution
        execution.memo = dict(stage.backend.memo(execution.flow_run.raw_id))
        execution.begin_again()
        stage.records.rows.clear()
        again = stage.task_call(load, 1)
        fed = Fed(run_task(again))
    assert fed.effects == []
    assert stage.records.states() == ["Cached"]
    assert again.run.data == {"a": 1}
    assert (again.run.id, again.run.start, again.run.end) == (
        first.run.id, first.run.start, first.run.end,
    )  # fmt: skip
    assert again.run.name == "named"


def test_strict_durability_commits_before_the_result_is_handed_on(stage):
    @task(on_completion=[noted])
    def load():
        """Never called."""

    with stage.running(pipeline.with_options(durability="strict")):
        fed = Fed(run_task(stage.task_call(load)), 1, None)
    assert fed.effects == ["call load", "commit", "hook noted"]


def test_a_failed_upstream_makes_it_not_ready(stage, play):
    @task
    def extract():
        """Never called."""

    @task
    def load(x):
        """Never called."""

    failed = stage.ended(extract, lambda run: run.enter(StateType.FAILED, message="broken"))
    fed, call = play(load, args=([failed],))
    assert fed.effects == []
    assert stage.records.states() == ["NotReady"]
    assert call.run.state.type is StateType.PENDING
    assert failed.run.name in call.run.state.message
    assert "broken" in call.run.state.message


def test_it_waits_for_upstreams_that_have_not_ended(stage, play):
    @task
    def load(x=None):
        """Never called."""

    done = stage.ended(load, lambda run: run.enter(StateType.COMPLETED, data=5))
    open_one: Future[int] = Future(stage.task_call(load).run)
    with stage.running(pipeline):
        call = stage.task_call(load, {"k": (done, open_one)}, wait_for=[open_one])
        program = run_task(call)
        effect: Any = program.send(None)
        assert set(effect.futures) == {open_one}
        open_one.run.enter(StateType.COMPLETED, data=6)
        open_one.settle()
        effect = program.send(None)
        assert effect.args == ({"k": (5, 6)},)
        program.close()


def test_a_clock_that_jumps_back_gives_no_negative_duration(stage, play):
    @task
    def load():
        """Never called."""

    with stage.running(pipeline):
        call = stage.task_call(load)
        program = run_task(call)
        program.send(None)
        clock.sleep(-3600)
        with pytest.raises(StopIteration):
            program.send(1)
    row = stage.records.rows[-1]
    assert row.end >= row.start
    assert call.run.total_run_time >= timedelta(0)
