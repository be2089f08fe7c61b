"""Partial failure: collecting outcomes, and maps and streams that bear some failures."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading

import pytest

from noria import Collector, collect, flow, task
from noria.artifacts import Artifact
from noria.backend.port import RunFilter
from noria.collecting import Collected, Failed
from noria.core.errors import CancelledRun, TooManyFailures, UpstreamTaskError
from noria.core.records import GroupCount
from noria.core.redaction import redactor
from noria.core.states import StateType
from noria.session import open_session
from noria.task_runners import ProcessPoolTaskRunner, SequentialTaskRunner, ThreadPoolTaskRunner


@task
def parse(text, base=10):
    return int(text, base)


def in_a_flow(fn, **options):
    return flow(**options)(lambda: fn())()


# --- collect --------------------------------------------------------------------------------


def test_a_map_comes_apart_into_successes_and_failures():
    found = in_a_flow(lambda: collect(parse.map(["1", "two", "3", "四"])))
    assert found.successes == list(found) == [1, 3]
    assert [(each.position, each.item) for each in found.failures] == [(1, "two"), (3, "四")]
    assert all(type(each.error) is ValueError for each in found.failures)
    assert found.failures[0].traceback.startswith("Traceback (most recent call last):")
    assert "noria/engine" not in found.failures[0].traceback
    assert (found.total, len(found), found.success_rate) == (4, 2, 0.5)


def test_what_is_collected_does_not_fail_the_flow():
    assert in_a_flow(lambda: len(collect([parse.submit("x"), parse.submit("1")]))) == 1


def test_the_item_of_a_submitted_call_is_its_arguments():
    found = in_a_flow(lambda: collect([parse.submit("x", base=8)]))
    assert found.failures[0].item == {"text": "x", "base": 8}


def test_of_a_map_over_several_parameters_the_item_names_them():
    found = in_a_flow(lambda: collect(parse.map(["1", "9"], [2, 8])))
    assert [each.item for each in found.failures] == [{"text": "9", "base": 8}]


def test_items_can_be_given():
    found = in_a_flow(lambda: collect(parse.map(["1", "x"]), items=["first", "second"]))
    assert [each.item for each in found.failures] == ["second"]
    with pytest.raises(ValueError, match="there are 2 calls and 1 items"):
        in_a_flow(lambda: collect(parse.map(["1", "x"]), items=["first"]))


def test_states_values_and_exceptions_are_collected_too():
    def body():
        states = parse.map(["1", "x"], return_state=True)
        return collect([*states, parse("2"), KeyError("k"), parse("y", return_state=True)])

    found = in_a_flow(body)
    assert found.successes == [1, 2]
    assert [type(each.error) for each in found.failures] == [ValueError, KeyError, ValueError]


def test_a_single_future_or_state_will_do():
    assert in_a_flow(lambda: collect(parse.submit("1")).successes) == [1]
    assert len(collect(parse("x", return_state=True)).failures) == 1


def test_what_was_not_ready_or_cancelled_has_failed():
    def body():
        bad = parse.submit("x")
        after = parse.submit(bad)
        after.wait()
        gone = parse.submit("1", wait_for=[after])
        return collect([bad, after, gone])

    kinds = [type(each.error) for each in in_a_flow(body).failures]
    assert kinds == [ValueError, UpstreamTaskError, UpstreamTaskError]


def test_too_few_successes_raise_with_counts_and_causes():
    texts = [str(n) for n in range(6)] + ["a", "b", "c", None]
    with pytest.raises(TooManyFailures) as raised:
        in_a_flow(lambda: collect(parse.map(texts), min_success_rate=0.95))
    message = str(raised.value)
    assert "At least 95% must succeed (min_success_rate=0.95)." in message
    assert "6 of 10 succeeded (60%); 4 failed: 3 × ValueError: invalid literal" in message
    assert "first 'a', at test_collecting.py:" in message
    assert "TypeError: int() can't convert non-string with explicit base" in message
    assert raised.value.collected.successes == list(range(6))
    assert isinstance(raised.value.__cause__, ValueError)


def test_the_rate_may_just_be_reached():
    assert in_a_flow(lambda: collect(parse.map(["1", "x"]), 0.5).success_rate) == 0.5


def test_a_rate_is_never_rounded_up():
    found = Collected(range(99999), [Failed(0, None, ValueError("no"))])
    assert found.summary.startswith("99,999 of 100,000 succeeded (99.9%); 1 failed")


def test_nothing_to_do_is_a_success():
    found = collect([], min_success_rate=1.0)
    assert (found.success_rate, found.summary) == (1.0, "Nothing to do.")


@pytest.mark.parametrize("rate", [-0.1, 1.5, 95, True, "0.5"])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(ValueError, match=r"from 0\.0 to 1\.0"):
        collect([1], min_success_rate=rate)


def test_what_is_no_call_is_refused():
    with pytest.raises(TypeError, match=r"got 3\."):
        collect(3)


def test_it_waits_only_so_long():
    go = threading.Event()

    @task
    def slow():
        go.wait()

    def body():
        future = slow.submit()
        try:
            with pytest.raises(TimeoutError, match=r"1 \(of 1\) futures unfinished"):
                collect([future], timeout=0)
        finally:
            go.set()

    in_a_flow(body)


def test_async_flows_await_it():
    @task
    async def aparse(text):
        return int(text)

    @flow
    async def pipeline():
        found = await collect(aparse.map(["1", "x"]))
        await found.to_artifact(key="async-failures")
        return found

    found = asyncio.run(pipeline())
    assert found.successes == [1]
    assert found.failures[0].item == "x"
    assert Artifact.get("async-failures") is not None


def test_it_is_a_table_artifact():
    def body():
        collect(parse.map(["1", "十"])).to_artifact(key="bad-numbers", description="Numbers")

    in_a_flow(body)
    kept = Artifact.get("bad-numbers")
    [row] = json.loads(kept.data)
    assert (row["position"], row["item"]) == (1, "'十'")
    assert row["error"].startswith("ValueError: invalid literal")
    assert row["at"].startswith("test_collecting.py:")
    assert kept.description.startswith("Numbers\n\n1 of 2 succeeded (50%)")


def test_secrets_are_masked_in_the_table_and_the_summary():
    redactor.add("s3cr3t-token")
    found = Collector()
    with found.attempt("s3cr3t-token"):
        raise ValueError("wrong: s3cr3t-token")
    result = found.result()
    assert "s3cr3t" not in str(result.to_rows()) + result.summary


def test_its_error_can_be_pickled():
    with pytest.raises(TooManyFailures) as raised:
        collect([1, ValueError("x")], 0.9)
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value)
    assert again.collected.successes == [1]


# --- a loop ---------------------------------------------------------------------------------


def test_a_loop_goes_on_after_a_failure():
    collector = Collector()
    for text in ["1", "two", "3"]:
        with collector.attempt(text):
            collector.add(parse(text))
    found = collector.result()
    assert found.successes == [1, 3]
    assert [(each.position, each.item) for each in found.failures] == [(1, "two")]
    with pytest.raises(TooManyFailures):
        collector.result(min_success_rate=0.9)


def test_what_a_failed_item_had_added_is_no_success():
    collector = Collector()
    with collector.attempt("x"):
        collector.add(1)
        raise ValueError("no")
    assert collector.result().successes == []


def test_an_interruption_ends_the_loop():
    collector = Collector()
    with pytest.raises(KeyboardInterrupt), collector.attempt("x"):
        raise KeyboardInterrupt


# --- map(max_failures=...) ------------------------------------------------------------------


def stored_counts():
    backend = open_session().backend
    run = backend.flow_runs(RunFilter())[0].run
    [group] = [group for group in backend.groups(run.id) if group.name == "parse"]
    return run, group


def test_failures_that_may_be_do_not_fail_the_flow():
    def body():
        parse.map(["1", "x", "2"], max_failures=1)

    assert in_a_flow(body) is None


def test_the_results_are_those_of_the_others():
    futures = in_a_flow(lambda: parse.map(["1", "x", "2"], max_failures=1).result())
    assert futures == [1, 2]


def test_exceptions_can_stand_in_their_places():
    def body():
        return parse.map(["1", "x"], max_failures=1).result(raise_on_failure=False)

    one, error = in_a_flow(body)
    assert one == 1
    assert type(error) is ValueError


@pytest.mark.parametrize("given", [2, 0.5])
@pytest.mark.parametrize("runner", [SequentialTaskRunner, ThreadPoolTaskRunner])
def test_one_too_many_stops_the_rest(given, runner):
    begun = []
    total = 4 if given == 0.5 else 400

    @task(name="parse")
    def broken(n):
        begun.append(n)
        raise ValueError(f"no {n}")

    def body():
        futures = broken.map(range(total), max_failures=given)
        with pytest.raises(
            TooManyFailures, match=rf"of {total} calls of 'parse' failed, and 2 may"
        ):
            futures.result()

    in_a_flow(body, task_runner=runner())
    assert len(begun) >= 3
    if runner is SequentialTaskRunner:
        assert begun == [0, 1, 2]
    _, group = stored_counts()
    assert group.expected == total
    assert group.counts[GroupCount.FAILED] == len(begun)


def test_every_element_has_a_future_and_those_not_begun_are_cancelled():
    def body():
        futures = parse.map(["x"] * 50, max_failures=0)
        futures.wait()
        return collect(futures)

    found = in_a_flow(body, task_runner=SequentialTaskRunner())
    assert found.total == 50
    first, *rest = found.failures
    assert type(first.error) is ValueError
    assert all(type(each.error) is CancelledRun for each in rest)
    assert all(each.item == "x" for each in found.failures)
    assert "49 cancelled; 1 failed: ValueError" in found.summary


def test_one_too_many_fails_a_flow_that_does_not_look():
    @flow
    def pipeline():
        parse.map(["x"] * 3, max_failures=1)

    state = pipeline(return_state=True)
    assert state.type is StateType.FAILED
    assert "nobody looked at the outcome" in state.message


def test_those_that_run_are_waited_for():
    go = threading.Event()
    ended = []

    @task
    def work(n):
        if n == 0:
            go.wait()
            ended.append(n)
            return n
        try:
            raise ValueError("no")
        finally:
            go.set()

    def body():
        collect(work.map(range(2), max_failures=0))

    in_a_flow(body, task_runner=ThreadPoolTaskRunner(max_workers=2))
    assert ended == [0]


def test_in_processes_too():
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def pipeline():
        with pytest.raises(TooManyFailures):
            parse.map(["x"] * 30, max_failures=2).result()

    pipeline()
    _, group = stored_counts()
    assert group.counts[GroupCount.FAILED] == 3


def test_a_runner_of_ones_own_is_watched_too():
    class Own(ThreadPoolTaskRunner):
        def submit(self, task, parameters, wait_for=None, dependencies=None):
            return super().submit(task, parameters, wait_for, dependencies)

    def body():
        with pytest.raises(TooManyFailures):
            parse.map(["x"] * 3, max_failures=1).result()
        assert parse.map(["x", "1"], max_failures=1).result() == [1]

    in_a_flow(body, task_runner=Own())


def test_a_tasks_own_parameter_of_that_name_goes_before():
    @task
    def own(n, max_failures):
        return n + max_failures

    assert in_a_flow(lambda: own.map([1, 2], max_failures=3).result()) == [4, 5]


@pytest.mark.parametrize("given", [-1, 1.5, -0.5])
def test_a_number_that_is_none_is_refused(given):
    with pytest.raises(ValueError, match="max_failures"):
        in_a_flow(lambda: parse.map(["1"], max_failures=given))


@pytest.mark.parametrize("given", [True, "3"])
def test_what_is_no_number_is_refused(given):
    with pytest.raises(TypeError, match="max_failures"):
        in_a_flow(lambda: parse.map(["1"], max_failures=given))


# --- stream(max_failures=...) ---------------------------------------------------------------


def test_a_stream_leaves_out_what_failed():
    def body():
        return list(parse.stream(["1", "x", "3"], max_failures=1, ordered=True))

    assert in_a_flow(body) == [1, 3]


def test_a_stream_ends_with_one_too_many():
    def body():
        given = []
        with pytest.raises(TooManyFailures, match="2 of the first 3 runs of 'parse' failed, and 1"):
            given.extend(parse.stream(["1", "x", "y", "2"], max_failures=1, ordered=True))

    in_a_flow(body)


def test_an_async_stream_does_the_same():
    async def texts():
        for text in ["1", "x", "3"]:
            yield text

    @flow
    async def pipeline():
        return [n async for n in parse.stream(texts(), max_failures=1)]

    assert asyncio.run(pipeline()) == [1, 3]


def test_a_stream_knows_no_fraction():
    with pytest.raises(ValueError, match="give a number of calls"):
        in_a_flow(lambda: parse.stream(["1"], max_failures=0.5))
