"""Futures, pools and what a flow makes of tasks that run elsewhere."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from noria import allow_failure, flow, task, unmapped
from noria.core.errors import CancelledRun, MissingContextError
from noria.core.states import StateType
from noria.engine import futures as engine_futures
from noria.futures import as_completed, wait
from noria.task_runners import SequentialTaskRunner, ThreadPoolTaskRunner
from noria.utilities.annotations import quote

ONE = ThreadPoolTaskRunner(max_workers=1)


@task
def add(x, y=0):
    return x + y


@task
def fail(message="broken"):
    raise ValueError(message)


@task
def hold(gate, value=None):
    """Ends when its gate is opened."""
    gate.wait()
    return value


@task
def started(signal, gate):
    """Says that it runs, then ends when its gate is opened."""
    signal.set()
    gate.wait()


@dataclass
class Pair:
    left: object
    right: object


# --- dependencies ---------------------------------------------------------------------------


@pytest.mark.parametrize("runner", [ONE, SequentialTaskRunner()])
def test_a_deep_chain_of_dependencies_in_a_pool_of_one(runner):
    @flow(task_runner=runner)
    def chain():
        future = add.submit(0)
        for _ in range(300):
            future = add.submit(future, 1)
        return future.result()

    assert chain() == 300


def test_dependencies_submitted_before_what_they_wait_for_can_start():
    gate = threading.Event()

    @flow(task_runner=ONE)
    def waiting():
        first = hold.submit(gate, 1)
        later = [add.submit(first, n) for n in range(20)]
        gate.set()
        return [future.result() for future in later]

    assert waiting() == list(range(1, 21))


def test_a_task_that_waits_for_what_it_submits_does_not_block_a_pool_of_one():
    @task
    def outer(depth):
        return 0 if depth == 0 else 1 + outer.submit(depth - 1).result()

    @flow(task_runner=ONE)
    def nested():
        return outer.submit(30).result()

    assert nested() == 30


def test_a_task_may_map_and_wait_in_a_pool_of_one():
    @task
    def outer():
        futures = add.map([1, 2, 3], unmapped(10))
        ended = [future.result() for future in as_completed(futures)]
        wait(futures)
        return sorted(ended)

    @flow(task_runner=ONE)
    def nested():
        return outer.submit().result()

    assert nested() == [11, 12, 13]


SHAPES = {
    "list": lambda f: [f],
    "tuple": lambda f: (f, 1),
    "dict": lambda f: {"key": f},
    "deep": lambda f: {"deep": [{"er": (f,)}]},
    "dataclass": lambda f: Pair(f, 1),
    "twice": lambda f: [f, f],
    "marked": lambda f: allow_failure([f]),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_futures_anywhere_in_an_argument_are_resolved(shape):
    @task
    def spell(value):
        return repr(value)

    @flow
    def resolving():
        called = spell(shape(add.submit(3)))
        submitted = spell.submit(shape(add.submit(3))).result()
        return called, submitted

    plain = shape(3)
    expected = repr(plain.unwrap() if isinstance(plain, allow_failure) else plain)
    assert resolving() == (expected, expected)


def test_a_quoted_future_is_handed_on_as_it_is():
    @task
    def kind(value):
        return type(value[0]).__name__

    @flow
    def quoting():
        return kind(quote([add.submit(3)]))

    assert quoting() == "Future"


def test_futures_reach_sub_flows_as_values():
    @flow
    def child(values: list[int]):
        return sum(values)

    @flow
    def parent():
        return child([add.submit(1), add.submit(2)])

    assert parent() == 3


def test_wait_for_waits_without_passing_anything():
    order = []

    @task
    def note(what):
        order.append(what)

    gate = threading.Event()

    @flow
    def waiting():
        first = hold.submit(gate)
        second = note.submit("second", wait_for=[first])
        order.append("first")
        gate.set()
        second.wait()

    waiting()
    assert order == ["first", "second"]


def test_a_failed_upstream_makes_the_downstream_not_ready_and_names_it():
    states: list[Any] = []

    @flow
    def broken():
        failed = fail.submit()
        first = add.submit(failed)
        second = add.submit(first)
        third = add.submit(1, wait_for=[first])
        states.extend([failed.run.name, first.state, second.state, third.state])
        wait([first, second, third])
        states[1:] = [first.state, second.state, third.state]
        return 1

    broken()
    name, first, second, third = states
    assert [state.name for state in (first, second, third)] == ["NotReady"] * 3
    assert name in first.message


def test_allow_failure_hands_the_exception_on():
    @task
    def look(value):
        return type(value).__name__

    @flow
    def tolerant():
        return look.submit(allow_failure(fail.submit())).result()

    assert tolerant() == "ValueError"


# --- outcomes -------------------------------------------------------------------------------


def test_a_flow_waits_for_what_it_submitted():
    gate, ended = threading.Event(), []

    @task
    def slow():
        gate.wait()
        ended.append(1)

    @task
    def opener():
        gate.set()

    @flow
    def hasty():
        slow.submit()
        opener.submit()

    hasty()
    assert ended == [1]


def test_a_flow_waits_for_what_its_tasks_submitted():
    ended = []

    @task
    def inner(n):
        ended.append(n)

    @task
    def outer():
        inner.map(range(5))

    @flow(task_runner=ONE)
    def hasty():
        outer.submit()

    hasty()
    assert sorted(ended) == list(range(5))


@pytest.mark.parametrize(
    ("choice", "kind"),
    [("fail", StateType.FAILED), ("warn", StateType.COMPLETED), ("ignore", StateType.COMPLETED)],
)
def test_a_failure_that_nobody_looked_at(choice, kind):
    @flow(on_unobserved_failure=choice)
    def blind():
        fail.submit("not seen")
        return 1

    state = blind(return_state=True)
    assert state.type is kind
    if choice == "fail":
        assert "fail-" in state.message
        with pytest.raises(ValueError, match="not seen"):
            blind()


LOOKS = {
    "wait": lambda f: f.wait(),
    "result": lambda f: f.result(raise_on_failure=False),
    "state": lambda f: f.state,
    "wait of many": lambda f: wait([f]),
    "as_completed": lambda f: list(as_completed([f])),
    "downstream": lambda f: add(allow_failure(0), wait_for=[allow_failure(f)]),
    "callback": lambda f: f.add_done_callback(lambda _: None),
    "cancel": lambda f: f.cancel(),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_failure_that_somebody_looked_at_is_theirs(look):
    @flow
    def seeing():
        look(fail.submit())
        return 1

    assert seeing() == 1


def test_a_caught_failure_of_a_called_task_is_the_flows_business():
    @flow
    def catching():
        with pytest.raises(ValueError, match="broken"):
            fail()
        return 1

    assert catching() == 1


def test_half_a_failed_map_is_a_result():
    @task
    def odd(n):
        if n % 2 == 0:
            raise ValueError(n)
        return n

    @flow
    def partial():
        futures = odd.map(range(6))
        futures.wait()
        return [f.result() for f in futures if f.state.is_completed()]

    assert partial() == [1, 3, 5]


def test_a_result_can_be_had_with_a_timeout():
    gate = threading.Event()

    @flow
    def impatient():
        future = hold.submit(gate, 5)
        with pytest.raises(TimeoutError, match="did not complete within 0"):
            future.result(timeout=0)
        future.wait(timeout=0)
        assert not future.done()
        gate.set()
        return future.result(timeout=60)

    assert impatient() == 5


def test_done_callbacks_are_called_once_before_and_after_the_end():
    calls = []
    gate = threading.Event()

    @flow
    def calling():
        future = hold.submit(gate)
        future.add_done_callback(lambda f: calls.append(("before", f is future)))
        gate.set()
        future.wait()
        future.add_done_callback(lambda f: calls.append(("after", f is future)))

    calling()
    assert calls == [("before", True), ("after", True)]


def test_a_done_callback_that_raises_hurts_nobody():
    gate = threading.Event()

    def clumsy(future):
        raise ZeroDivisionError

    @flow(task_runner=ONE)
    def calling():
        future = hold.submit(gate, 1)
        future.add_done_callback(clumsy)
        later = add.submit(future)
        gate.set()
        return later.result(), add.submit(5).result()

    assert calling() == (1, 5)


# --- waiting --------------------------------------------------------------------------------


def test_as_completed_gives_each_once_as_it_ends():
    gates = [threading.Event() for _ in range(3)]

    @flow
    def stepping():
        futures = [hold.submit(gate, n) for n, gate in enumerate(gates)]
        seen = []
        gates[1].set()
        arriving = as_completed([*futures, futures[0]])
        for opened in (2, 0, None):
            seen.append(next(arriving).result())
            if opened is not None:
                gates[opened].set()
        return [*seen, *[future.result() for future in arriving]]

    assert stepping() == [1, 2, 0]


def test_as_completed_says_how_many_are_missing_when_time_is_up():
    gate = threading.Event()

    @flow
    def impatient():
        futures = [add.submit(1), hold.submit(gate)]
        futures[0].wait()
        arriving = as_completed(futures, timeout=0)
        assert next(arriving) is futures[0]
        with pytest.raises(TimeoutError, match=r"1 \(of 2\) futures unfinished"):
            next(arriving)
        gate.set()

    impatient()


def test_wait_tells_the_ended_from_the_others():
    gate = threading.Event()

    @flow
    def impatient():
        quick, slow = add.submit(1), hold.submit(gate)
        quick.wait()
        done, not_done = wait([quick, slow, quick], timeout=0)
        assert (done, not_done) == ({quick}, {slow})
        gate.set()
        done, not_done = wait([quick, slow])
        assert (done, not_done) == ({quick, slow}, set())

    impatient()


@pytest.mark.parametrize("waiter", [wait, as_completed])
def test_a_negative_timeout_is_refused(waiter):
    with pytest.raises(ValueError, match="non-negative"):
        list(waiter([], timeout=-1))


# --- cancelling -----------------------------------------------------------------------------


def test_cancelling_what_has_not_begun():
    gate, signal = threading.Event(), threading.Event()
    ran = []

    @task
    def never():
        ran.append(1)

    @flow(task_runner=ONE)
    def cancelling():
        busy = started.submit(signal, gate)
        signal.wait()
        queued, dependent = never.submit(), never.submit(wait_for=[busy])
        assert queued.cancel()
        assert dependent.cancel()
        assert queued.state.is_cancelled()
        assert dependent.state.is_cancelled()
        assert not queued.cancel()
        gate.set()
        with pytest.raises(CancelledRun):
            queued.result()
        return add.submit(1).result()

    assert cancelling() == 1
    assert ran == []


def test_cancelling_what_runs():
    signal, stop = threading.Event(), threading.Event()

    @task
    def spin():
        signal.set()
        while not stop.is_set():
            stop.wait(0.001)
        return "not cancelled"

    @flow(task_runner=ONE)
    def cancelling():
        future = spin.submit()
        signal.wait()
        assert future.cancel()
        future.wait()
        stop.set()
        assert future.state.is_cancelled()
        assert not future.cancel()
        return [add.submit(n).result() for n in range(5)]

    assert cancelling() == list(range(5))


def test_cancelling_at_any_moment_never_strikes_another_task():
    """The exception that ends a running task must not reach the next one of its thread."""
    outcomes = []

    @task
    def brief(n):
        return n

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def racing():
        for n in range(300):
            first, second = brief.submit(n), brief.submit(-n)
            first.cancel()
            second.wait()
            first.wait()
            outcomes.append((first.state.type, second.state))
        return 1

    assert racing() == 1
    assert {kind for kind, _ in outcomes} <= {StateType.CANCELLED, StateType.COMPLETED}
    assert [state.result() for _, state in outcomes] == [-n for n in range(300)]


def test_a_failing_flow_cancels_what_has_not_begun_and_waits_for_what_runs():
    gate, signal = threading.Event(), threading.Event()
    kept = []

    @flow(task_runner=ONE)
    def failing():
        kept.append(started.submit(signal, gate))
        signal.wait()
        kept.append(add.submit(1))
        kept.append(add.submit(1, wait_for=[kept[0]]))
        kept[1].add_done_callback(lambda _: gate.set())
        raise ValueError("the flow itself")

    with pytest.raises(ValueError, match="the flow itself"):
        failing()
    running, queued, dependent = kept
    assert running.state.is_completed()
    assert queued.state.is_cancelled()
    assert dependent.state.is_cancelled()


# --- maps and streams -----------------------------------------------------------------------


def test_a_map_over_a_future_of_a_list():
    @task
    def numbers():
        return [1, 2, 3]

    @flow
    def mapping():
        return add.map(numbers.submit(), unmapped(1)).result()

    assert mapping() == [2, 3, 4]


def test_a_map_of_nothing():
    @flow
    def mapping():
        return add.map([]).result()

    assert mapping() == []


def test_submitting_outside_a_flow_says_so():
    with pytest.raises(MissingContextError, match="outside a flow"):
        add.submit(1)


class Meter:
    """How many runs of a task are under way."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *exc_info):
        with self.lock:
            self.now -= 1


@pytest.mark.parametrize("ordered", [True, False])
def test_a_stream_is_bounded_and_reads_only_as_fast_as_it_is_read(ordered):
    meter = Meter()
    read, taken = [], []

    @task
    def double(n):
        with meter:
            return 2 * n

    def numbers():
        for n in range(200):
            read.append(n)
            yield n

    @flow
    def streaming():
        for result in double.stream(numbers(), concurrency=4, ordered=ordered):
            taken.append(result)
            assert len(read) - len(taken) <= 4

    streaming()
    expected = [2 * n for n in range(200)]
    assert (taken if ordered else sorted(taken)) == expected
    assert meter.most <= 4


def test_a_stream_gives_results_as_they_come():
    gates = [threading.Event() for _ in range(2)]

    @task
    def gated(n):
        gates[n].wait()
        return n

    @flow
    def streaming():
        results = gated.stream(range(2), concurrency=2)
        gates[1].set()
        first = next(results)
        gates[0].set()
        return [first, *results]

    assert streaming() == [1, 0]


def test_a_failure_in_a_stream_is_raised_where_it_is_read_and_stops_the_rest():
    @task
    def odd(n):
        if n == 3:
            raise ValueError(n)
        return n

    seen = []

    @flow
    def streaming():
        seen.extend(odd.stream(range(100), concurrency=2, ordered=True))

    with pytest.raises(ValueError, match="3"):
        streaming()
    assert seen == [0, 1, 2]


def test_a_stream_that_is_left_early_leaves_nothing_behind():
    @flow
    def streaming():
        return next(add.stream(range(10**9), concurrency=3))

    assert streaming() == 0


def test_a_stream_in_a_task_in_a_pool_of_one():
    @task
    def outer():
        return sorted(add.stream(range(10), concurrency=3))

    @flow(task_runner=ONE)
    def streaming():
        return outer.submit().result()

    assert streaming() == list(range(10))


def test_a_stream_of_an_async_iterable():
    async def numbers():
        for n in range(20):
            yield n

    @flow
    async def streaming():
        return [n async for n in add.stream(numbers(), concurrency=3)]

    assert asyncio.run(streaming()) == list(range(20))


def test_async_tasks_can_be_submitted_from_both_worlds():
    @task
    async def double(n):
        return 2 * n

    @flow
    def sync():
        return double.map([1, 2]).result()

    @flow
    async def later():
        futures = double.map([1, 2])
        return [await future.result_async() for future in futures]

    assert sync() == [2, 4]
    assert asyncio.run(later()) == [2, 4]


def test_a_sub_flow_over_a_failed_future_is_not_ready_and_names_it():
    @flow
    def child(x):
        return x

    names, states = [], []

    @flow
    def parent():
        future = fail.submit()
        names.append(future.run.name)
        states.append(child(future, return_state=True))

    parent()
    assert states[0].name == "NotReady"
    assert names[0] in states[0].message


def test_the_engine_hands_out_the_same_futures_as_the_module():
    assert as_completed is engine_futures.as_completed
