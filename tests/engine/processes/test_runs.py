"""What a task finds in its process, and what comes home from it."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from dataclasses import dataclass

import pytest

from noria import flow, get_run_logger, runtime, tags, task
from noria.context import FlowRunContext
from noria.core.states import StateType
from noria.states import Failed
from noria.task_runners import ProcessPoolTaskRunner


@dataclass
class Point:
    x: int


@task
def square(n: int) -> int:
    return n * n


@task
def where() -> int:
    return os.getpid()


@task
def meet(path: str, mode: str) -> int:
    """Ends only once another process has opened the other end."""
    with open(path, mode):
        return os.getpid()


@task(log_prints=True)
def facts(point: Point) -> dict:
    around = FlowRunContext.get()
    assert around is not None
    logger = get_run_logger()
    logger.info("called with %s", point.x, extra={"x": point.x})
    logger.debug("not recorded")
    print("printed", 1, sep="-")  # noqa: T201 - to be caught
    return {
        "task_run": runtime.task_run.id,
        "name": runtime.task_run.name,
        "count": runtime.task_run.run_count,
        "parameters": runtime.task_run.parameters,
        "tags": runtime.task_run.tags,
        "flow_run": runtime.flow_run.id,
        "flow": runtime.flow_run.flow_name,
        "flow_parameters": runtime.flow_run.parameters,
        "description": around.flow.description,
    }


def test_results_come_home_from_other_processes(on_processes):
    @on_processes(2)
    def squares():
        return square.map(range(5)).result(), where.submit().result()

    values, pid = squares()
    assert values == [0, 1, 4, 9, 16]
    assert pid != os.getpid()


def test_two_processes_run_at_the_same_time(on_processes, fifo):
    @on_processes(2)
    def together():
        return meet.map([fifo, fifo], ["r", "w"]).result()

    one, two = together()
    assert one != two


def test_one_process_serves_all_tasks_of_a_run(on_processes):
    @on_processes(1)
    def alone():
        return [where.submit().result() for _ in range(3)]

    assert len(set(alone())) == 1


def test_nothing_is_left_when_the_flow_has_ended(on_processes):
    @on_processes(1)
    def once():
        return where.submit().result()

    pid = once()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_task_finds_its_context(on_processes, lines):
    @on_processes(1, name="surroundings", description="what is around")
    def flow_with(n):
        with tags("blue"):
            future = facts.with_options(tags=["green"], task_run_name="at-{point.x}").submit(
                Point(n)
            )
        return future.result(), future.task_run_id, runtime.flow_run.id

    found, task_run_id, flow_run_id = flow_with(7)
    assert found == {
        "task_run": str(task_run_id),
        "name": "at-7",
        "count": 1,
        "parameters": {"point": Point(7)},
        "tags": ["blue", "green"],
        "flow_run": flow_run_id,
        "flow": "surroundings",
        "flow_parameters": {"n": 7},
        "description": "what is around",
    }


def test_log_lines_come_home(on_processes, lines):
    @on_processes(1)
    def logging_flow():
        facts.submit(Point(7)).wait()
        return runtime.flow_run.id

    state = logging_flow(return_state=True)
    rows = lines(state.state_details.flow_run_id)
    assert [(row.message, row.level) for row in rows] == [("called with 7", 20), ("printed-1", 20)]
    assert json.loads(rows[0].extra)["x"] == 7
    assert all(row.task_run is not None for row in rows)


def test_prints_follow_the_flow(on_processes, lines):
    @task(log_prints=None)
    def says():
        print("heard")  # noqa: T201 - to be caught

    @on_processes(1, log_prints=True)
    def listening():
        says.submit().wait()

    state = listening(return_state=True)
    assert [row.message for row in lines(state.state_details.flow_run_id)] == ["heard"]


def test_cost_and_process_are_recorded(on_processes, recorded):
    @task
    def busy():
        return os.getpid(), sum(range(300_000))

    @on_processes(1)
    def measured():
        return busy.submit().result()[0]

    state = measured(return_state=True)
    (row,) = recorded(state.state_details.flow_run_id)["busy"]
    assert row.process == state.result()
    assert row.cpu > 0
    assert row.peak_memory > 1000


def test_retries_and_hooks_are_the_parents(on_processes, recorded):
    seen = []

    def note(task, run, state):
        seen.append((state.type, os.getpid()))

    @task(retries=2, on_running=[note], on_completion=[note])
    def third_time():
        if runtime.task_run.run_count < 3:
            raise ValueError(f"attempt {runtime.task_run.run_count}")
        return runtime.task_run.run_count

    @on_processes(1)
    def stubborn():
        return third_time.submit().result()

    state = stubborn(return_state=True)
    assert state.result() == 3
    kinds = [StateType.RUNNING] * 3 + [StateType.COMPLETED]
    assert seen == [(kind, os.getpid()) for kind in kinds]
    (row,) = recorded(state.state_details.flow_run_id)["third_time"]
    assert row.run_count == 3
    assert "ValueError: attempt 2" in row.history


def test_a_cached_result_needs_no_process(on_processes):
    @task(cache_key_fn=lambda *_: "always", persist_result=True)
    def expensive():
        return os.getpid()

    @on_processes(1)
    def twice():
        return expensive.submit().result(), expensive.submit().result()

    one, two = twice()
    assert one == two != os.getpid()


def test_dependencies_are_resolved(on_processes):
    @on_processes(2)
    def chain():
        first = square.submit(3)
        return square.submit(first).result(), square.submit(first, wait_for=[first]).result()

    assert chain() == (81, 81)


def test_large_arguments_and_results(on_processes):
    @task
    def reverse(data):
        return data[::-1]

    @on_processes(1)
    def large():
        data = os.urandom(3_000_000)
        return reverse.submit(data).result() == data[::-1]

    assert large()


def test_async_and_generator_functions(on_processes):
    @task
    async def later(n):
        return n + 1

    @task
    def items(n):
        yield from range(n)

    @on_processes(1)
    def both():
        return later.submit(1).result(), items.submit(3).result()

    assert both() == (2, [0, 1, 2])


async def async_flow():
    return square.map([1, 2]).result()


def test_an_async_flow_on_processes():
    assert asyncio.run(flow(task_runner=ProcessPoolTaskRunner(1))(async_flow)()) == [1, 4]


def test_returned_states_count(on_processes):
    @task
    def decides():
        return Failed(message="not today")

    @on_processes(1)
    def judged():
        return decides.submit(return_state=True)

    state = judged(return_state=True)
    assert state.is_failed()


class Shop:
    def __init__(self, price):
        self.price = price

    @task
    def total(self, n):
        return self.price * n

    @classmethod
    @task
    def name(cls):
        return cls.__name__

    @staticmethod
    @task
    def tax(n):
        return n / 5


def test_methods(on_processes):
    @on_processes(1)
    def shopping():
        shop = Shop(3)
        return shop.total.submit(2).result(), shop.tax.submit(10).result()

    assert shopping() == (6, 2.0)


def test_stream(on_processes):
    @on_processes(2)
    def streaming():
        return sorted(square.stream(range(20), concurrency=3))

    assert streaming() == sorted(n * n for n in range(20))


def test_what_stays_at_home_need_not_be_picklable(on_processes):
    lock = threading.Lock()
    seen = []

    def note(task, run, state):
        with lock:
            seen.append(state.name)

    def key(context, parameters):
        lock.acquire()
        lock.release()

    @task(on_completion=[note], cache_key_fn=key, task_run_name=lambda: f"in {lock is not None}")
    def noted():
        return 1

    @on_processes(1)
    def flow_with_hook():
        return noted.submit().result()

    assert flow_with_hook() == 1
    assert seen == ["Completed"]


class Counter:
    def __init__(self, n):
        self.n = n

    @task
    def value(self):
        return self.n


def test_more_tasks_than_a_process_keeps(on_processes):
    @on_processes(1)
    def many():
        counters = [Counter(n) for n in range(70)]
        first = [counter.value.submit().result() for counter in counters]
        again = [counter.value.submit().result() for counter in counters[::-1]]
        return first, again[::-1]

    assert many() == (list(range(70)), list(range(70)))
