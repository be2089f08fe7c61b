"""Fallbacks: what serves when a task has finally failed, and what is on record of it."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from noria import flow, task
from noria.backend.port import RunFilter
from noria.cache_policies import INPUTS
from noria.core.errors import CancelRun
from noria.core.records import GroupKind
from noria.core.states import Name, StateType
from noria.runs import plan, resume
from noria.session import open_session
from noria.states import Failed
from noria.task_runners import ProcessPoolTaskRunner
from noria.transactions import transaction


@task(name="价格", fallback=lambda symbol, error: f"{symbol} after {error}")
def price(symbol):
    raise ConnectionError("no answer")


def backup(symbol):
    return f"backup of {symbol}"


@task(name="by process", fallback=backup, retries=1)
def price_elsewhere(symbol):
    if symbol == "ok":
        return "ok"
    raise ConnectionError("no answer")


def stored():
    backend = open_session().backend
    run = backend.flow_runs(RunFilter())[0].run
    groups = {group.number: group for group in backend.groups(run.id)}
    return run, groups, [(groups[row.group].name, row) for row in backend.task_runs(run.id)]


# --- who is called, with what ---------------------------------------------------------------


def test_its_value_is_used_and_the_state_says_so():
    state = price("AAPL", return_state=True)
    assert state.type is StateType.COMPLETED
    assert state.name == Name.FALLBACK
    assert state.message == "<lambda> served after ConnectionError: no answer"
    assert state.result() == price("AAPL") == "AAPL after no answer"


def test_a_task_that_succeeds_calls_none():
    called = []

    @task(fallback=called.append)
    def fine(n):
        return n

    assert fine(1) == 1
    assert called == []


def test_it_is_called_once_all_retries_have_failed():
    attempts = []

    @task(retries=2, fallback=lambda: len(attempts))
    def flaky():
        attempts.append(1)
        raise ValueError("no")

    assert flaky() == 3


def test_a_retry_that_succeeds_needs_none():
    attempts = []

    @task(retries=1, fallback=lambda: "fallback")
    def flaky():
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("no")
        return "task"

    assert flaky() == "task"


@pytest.mark.parametrize("given", [{"retries": 3, "no_retry_on": ValueError}, {}])
def test_a_failure_that_is_not_retried_goes_to_it_at_once(given):
    attempts = []

    @task(fallback=lambda: "fallback", **given)
    def broken():
        attempts.append(1)
        raise ValueError("no")

    assert broken() == "fallback"
    assert attempts == [1]


def test_a_timeout_is_a_failure():
    @task(timeout_seconds=0.05, fallback=lambda: "in time")
    def slow():
        threading.Event().wait(60)

    state = slow(return_state=True)
    assert (state.name, state.result()) == (Name.FALLBACK, "in time")
    assert "0.05 second(s)" in state.message


def test_a_failed_state_that_is_returned_is_a_failure():
    @task(fallback=lambda error: str(error))
    def refuses():
        return Failed(message="not today")

    assert refuses() == "not today"


def test_a_cancellation_is_none():
    @task(fallback=lambda: "fallback")
    def cancelled():
        raise CancelRun("stop")

    with pytest.raises(CancelRun):
        cancelled()


def test_arguments_go_by_name_where_the_names_are_the_same():
    @task(fallback=lambda limit, source: (source, limit))
    def read(source, limit=10):
        raise ValueError("no")

    assert read("a.csv") == ("a.csv", 10)


def test_one_that_needs_less_gets_less():
    @task(fallback=lambda limit: limit)
    def read(source, limit=10):
        raise ValueError("no")

    assert read("a.csv", limit=3) == 3


def test_arguments_go_by_position_where_they_are_not():
    @task(fallback=lambda path, rows: (path, rows))
    def read(source, limit=10):
        raise ValueError("no")

    assert read("a.csv", limit=3) == ("a.csv", 3)


def test_it_may_take_whatever_there_is():
    @task(fallback=lambda *args, **kwargs: (args, kwargs))
    def read(source, *parts, **options):
        raise ValueError("no")

    assert read("a", "b", c=1) == (("a", "b"), {"c": 1})

    @task(fallback=lambda **kwargs: kwargs)
    def load(source, **options):
        raise ValueError("no")

    assert load("a", c=1) == {"source": "a", "c": 1}


def test_a_parameter_named_error_that_the_task_has_too_is_the_tasks():
    @task(fallback=lambda error: error)
    def handle(error):
        raise ValueError("no")

    assert handle("mine") == "mine"


def test_several_are_tried_in_order():
    tried = []

    def first(n, exception):
        tried.append(str(exception))
        raise KeyError("first")

    @task
    def second(n, error):
        tried.append(repr(error))
        return n

    @task(fallback=[first, second, lambda n: tried.append("third")])
    def broken(n):
        raise ValueError("no")

    state = broken(7, return_state=True)
    assert state.result() == 7
    assert tried == ["no", "KeyError('first')"]
    assert state.message == "second served after ValueError: no"


def test_when_all_fail_the_errors_are_chained():
    @task(fallback=[lambda: {}["first"], lambda: 1 / 0])
    def broken():
        raise ValueError("no")

    with pytest.raises(ZeroDivisionError) as raised:
        broken()
    assert isinstance(raised.value.__cause__, KeyError)
    assert isinstance(raised.value.__cause__.__cause__, ValueError)
    assert "failed as well: ZeroDivisionError" in broken(return_state=True).message


def test_one_that_raises_what_it_was_given_ends_no_chain_in_a_circle():
    def again(error):
        raise error

    @task(fallback=again)
    def broken():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as raised:
        broken()
    assert raised.value.__cause__ is None


def test_a_method_falls_back_on_a_method_of_the_same_object():
    class Source:
        def __init__(self, name):
            self.name = name

        @task
        def spare(self, n):
            return f"{self.name} {n}"

        @task(fallback=spare)
        def read(self, n):
            raise ValueError("no")

    assert Source("a").read(1) == "a 1"


def test_with_options_gives_takes_and_keeps_it():
    @task
    def broken():
        raise ValueError("no")

    falling = broken.with_options(fallback=lambda: "fallback")
    assert falling() == falling.with_options(name="other")() == "fallback"
    with pytest.raises(ValueError, match="no"):
        falling.with_options(fallback=None)()


# --- how it is run --------------------------------------------------------------------------


def test_sync_and_async_mix():
    async def later(n):
        await asyncio.sleep(0)  # noqa: TID251 - a step of the loop
        return n

    @task(fallback=later)
    def sync(n):
        raise ValueError("no")

    @task(fallback=lambda n: n)
    async def coroutine(n):
        raise ValueError("no")

    @flow
    async def pipeline():
        return [sync(1), await coroutine(2), sync.with_options(fallback=coroutine)(3)]

    assert sync(1) == 1
    assert asyncio.run(pipeline()) == [1, 2, 3]


def test_submitted_mapped_and_streamed():
    @flow
    def pipeline():
        return (
            price.submit("a").result(),
            price.map(["b", "c"]).result(),
            sorted(price.stream(["d", "e"])),
        )

    said = "{} after no answer".format
    assert pipeline() == (said("a"), [said("b"), said("c")], [said("d"), said("e")])


def test_in_processes_it_runs_where_the_task_ran():
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def pipeline():
        return price_elsewhere.map(["ok", "x"]).result()

    assert pipeline() == ["ok", "backup of x"]
    processes = {row.process for _, row in stored()[2]}
    assert len(processes) == 1
    assert None not in processes


# --- what is on record ----------------------------------------------------------------------


def test_the_failure_stays_on_record_and_the_tree_shows_who_served():
    @flow
    def pipeline():
        return price("AAPL")

    pipeline()
    _, groups, rows = stored()
    [(_, primary), (name, served)] = rows
    assert (primary.state, primary.state_name) == (StateType.COMPLETED, Name.FALLBACK)
    assert json.loads(primary.error)["message"] == "no answer"
    assert [entry[0] for entry in json.loads(primary.history)] == ["Running", "Failed"]
    assert (name, served.state, served.parent) == ("<lambda>", StateType.COMPLETED, primary.id)
    assert groups[served.group].kind == GroupKind.FALLBACK
    assert groups[served.group].parent == primary.group


def test_hooks_hear_of_a_completion():
    heard = []

    @task(
        fallback=lambda: 1,
        on_completion=[lambda task, run, state: heard.append(state.name)],
        on_failure=[lambda task, run, state: heard.append(state.name)],
    )
    def broken():
        raise ValueError("no")

    broken()
    assert heard == [Name.FALLBACK]


def test_its_value_is_not_cached_for_the_task():
    values = iter([ConnectionError("down"), "fresh"])

    @task(cache_policy=INPUTS, fallback=lambda n: "stale")
    def load(n):
        value = next(values)
        if isinstance(value, Exception):
            raise value
        return value

    assert [load(1), load(1), load(1)] == ["stale", "fresh", "fresh"]


def test_its_value_is_not_kept_under_the_tasks_storage_key(tmp_path):
    values = iter([ConnectionError("down"), "fresh"])

    @task(result_storage=tmp_path, result_storage_key="load", fallback=lambda: "stale")
    def load():
        value = next(values)
        if isinstance(value, Exception):
            raise value
        return value

    assert [load(), load(), load()] == ["stale", "fresh", "fresh"]


def test_a_fallback_that_caches_serves_from_its_cache():
    called = []

    @task(cache_policy=INPUTS)
    def spare(n):
        called.append(n)
        return n

    @task(fallback=spare)
    def broken(n):
        raise ValueError("no")

    assert [broken(1), broken(1)] == [1, 1]
    assert called == [1]


def test_a_resumed_run_keeps_what_the_fallback_gave():
    called = []
    fixed = False

    @task(fallback=lambda: "stale")
    def load():
        called.append(1)
        raise ConnectionError("down")

    @flow
    def pipeline():
        value = load()
        if not fixed:
            raise ValueError("a bug")
        return value

    run_id = pipeline(return_state=True).state_details.flow_run_id
    assert "a fallback served" in plan(run_id).lines[0].reason
    fixed = True
    assert resume(run_id, flow=pipeline).result() == "stale"
    assert called == [1]


def test_run_again_from_it_the_task_has_another_chance():
    healthy = False

    @task(fallback=lambda: "stale")
    def load():
        if not healthy:
            raise ConnectionError("down")
        return "fresh"

    @flow
    def pipeline():
        return load()

    run_id = pipeline(return_state=True).state_details.flow_run_id
    healthy = True
    assert resume(run_id, rerun_from="load", flow=pipeline).result() == "fresh"


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("given", [3, "backup", [backup, None], int])
def test_what_is_no_function_is_refused(given):
    with pytest.raises(TypeError, match="'fallback' takes a task, a function or a list"):
        task(fallback=given)(backup)


def test_a_flow_is_refused():
    with pytest.raises(TypeError, match="got the flow 'backup'"):
        task(fallback=flow(backup))(backup)


def test_one_that_cannot_be_called_with_the_arguments_is_refused():
    with pytest.raises(TypeError, match=r"it takes \(a, b\), and the task's arguments are \(sy"):
        task(fallback=lambda a, b: 1)(backup)
    with pytest.raises(TypeError, match="Fallback 'backup' cannot be called"):
        task(fallback=backup)(lambda one, two: 1)


def test_generators_are_refused():
    def items(symbol):
        yield symbol

    with pytest.raises(TypeError, match="'items' is a generator"):
        task(fallback=backup)(items)
    with pytest.raises(TypeError, match="Fallback 'items' of task 'backup' is a generator"):
        task(fallback=items)(backup)


def test_what_a_failed_task_did_in_a_transaction_is_undone_before_its_fallback():
    done = []

    @task
    def write(name):
        done.append(name)

    @write.on_rollback
    def undo(transaction):
        done.append("undone")

    @task(fallback=lambda: write("by the fallback"))
    def load():
        write("by the task")
        raise ValueError("no")

    @flow
    def pipeline():
        with transaction():
            load()

    pipeline()
    assert done == ["by the task", "undone", "by the fallback"]
