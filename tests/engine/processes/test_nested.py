"""Tasks and flows that are called inside a task, in its process."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from noria import flow, get_run_logger, runtime, task
from noria.core.errors import SerializationError
from noria.core.states import StateType
from noria.engine.session import open_session
from noria.flows import Flow
from noria.task_runners import ProcessPoolTaskRunner


@task
def leaf(n):
    get_run_logger().info("leaf %s", n)
    return n + 1


@task
def branch(n):
    return [leaf(i) for i in range(n)], os.getpid()


def run_of(marked: Flow, *args):
    """The value and the id of a run."""
    state = marked(*args, return_state=True)
    return state.result(), state.state_details.flow_run_id


def test_nested_calls_are_recorded(on_processes, recorded, lines):
    @on_processes(1)
    def tree():
        return branch.submit(3).result()

    (values, pid), run_id = run_of(tree)
    assert values == [1, 2, 3]
    rows = recorded(run_id)
    (above,) = rows["branch"]
    assert [row.parent for row in rows["leaf"]] == [above.id] * 3
    assert [row.process for row in rows["leaf"]] == [pid] * 3
    assert all(row.state is StateType.COMPLETED for row in rows["leaf"])
    assert len({row.identity for row in rows["leaf"]}) == 3
    logged = lines(run_id)
    assert [row.message for row in logged] == ["leaf 0", "leaf 1", "leaf 2"]
    assert [row.task_run for row in logged] == [row.id for row in rows["leaf"]]


def test_groups_are_shared_by_all_processes(on_processes, recorded):
    @on_processes(2)
    def forest():
        branch.map([2, 2, 2]).wait()

    _, run_id = run_of(forest)
    groups = open_session().backend.groups(run_id.bytes)
    above, below = sorted(groups, key=lambda group: group.number)
    assert (above.name, above.kind, above.expected) == ("branch", "map", 3)
    assert (below.name, below.parent, sum(below.counts)) == ("leaf", above.number, 6)
    assert below.place.startswith("test_nested.py:")


def test_nested_submits_run_in_threads_of_the_process(on_processes, recorded):
    @task
    def where(n):
        return os.getpid()

    @task
    def spreads():
        return os.getpid(), set(where.map(range(4)).result())

    @on_processes(1)
    def spreading():
        return spreads.submit().result()

    (pid, pids), run_id = run_of(spreading)
    assert pids == {pid}
    assert len(recorded(run_id)["where"]) == 4


def test_a_task_waits_for_what_it_has_submitted(on_processes, recorded):
    @task
    def forgets():
        leaf.submit(1)

    @on_processes(1)
    def forgetful():
        forgets.submit().wait()

    _, run_id = run_of(forgetful)
    (row,) = recorded(run_id)["leaf"]
    assert row.state is StateType.COMPLETED


def test_a_nested_failure_that_nobody_sees_fails_the_flow(on_processes):
    @task
    def fails():
        raise ValueError("unseen")

    @task
    def careless():
        fails.submit()
        return 1

    @on_processes(1)
    def oblivious():
        return careless.submit().result()

    state = oblivious(return_state=True)
    assert state.is_failed()
    assert "fails-" in state.message
    assert str(state.data) == "unseen"


def test_edges_between_nested_calls(on_processes, recorded):
    @task
    def chain():
        return leaf(leaf([1][0]) * 1000)

    @task
    def submits():
        first = leaf.submit(1000)
        return leaf.submit(first).result()

    @on_processes(1)
    def chained():
        return submits.submit().result()

    _, run_id = run_of(chained)
    one, two = recorded(run_id)["leaf"]
    assert one.id.hex() in two.upstream


def test_a_nested_flow(on_processes, recorded):
    @flow(name="inner")
    def inner(n):
        get_run_logger().info("in the inner flow")
        return leaf(n), runtime.flow_run.parent_flow_run_id

    @task
    def calls(n):
        return inner(n), os.getpid()

    @on_processes(1)
    def outer():
        return calls.submit(5).result()

    ((value, parent), _), run_id = run_of(outer)
    assert value == 6
    assert parent == str(run_id)
    (child,) = open_session().backend.children(run_id.bytes)
    assert (child.flow_name, child.state) == ("inner", StateType.COMPLETED)
    (row,) = open_session().backend.task_runs(child.id)
    assert row.state is StateType.COMPLETED


def test_a_nested_flow_on_processes_of_its_own(on_processes):
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def inner(n):
        return branch.submit(n).result()

    @task
    def calls(n):
        return inner(n), os.getpid()

    @on_processes(1)
    def outer():
        return calls.submit(2).result()

    (((values, leaf_pid), pid), _) = run_of(outer)
    assert values == [1, 2]
    assert len({leaf_pid, pid, os.getpid()}) == 3


def test_a_nested_timeout_strikes_in_the_process(on_processes, recorded):
    @task
    def quick(n):
        return n

    @task(timeout_seconds=0.1)
    def slow():
        while True:
            quick(1)

    @task
    def waits():
        return slow(return_state=True).name

    @on_processes(1)
    def patient():
        return waits.submit().result(), waits.submit().result()

    names, run_id = run_of(patient)
    assert names == ("TimedOut", "TimedOut")
    assert {row.state_name for row in recorded(run_id)["slow"]} == {"TimedOut"}


def test_the_cache_is_shared_with_nested_calls(on_processes, tmp_path):
    made = tmp_path / "made"

    @task(cache_key_fn=lambda context, parameters: "one key", persist_result=True)
    def expensive():
        with made.open("a") as file:
            file.write(".")
        return list(range(20_000))

    @task
    def asks():
        return len(expensive())

    @on_processes(1)
    def cached():
        return asks.submit().result(), asks.submit().result(), len(expensive())

    (values, _) = run_of(cached)
    assert values == (20_000,) * 3
    assert made.read_text() == "."


@task
def fragile(marks):
    """Its first nested call is done, its second one is killed the first time."""
    first = mark(marks, "first")
    second = mark(marks, "second")
    return first + second


@task
def mark(marks, name):
    with open(marks, "a") as file:
        file.write(f"{name}\n")
    if name == "second" and Path(marks).read_text().count("second") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return name


@flow(task_runner=ProcessPoolTaskRunner(max_workers=1), retries=1)
def resumed(marks):
    return fragile.submit(marks).result()


def test_what_a_nested_call_has_finished_is_not_run_again(tmp_path, recorded):
    marks = tmp_path / "marks"
    value, run_id = run_of(resumed, str(marks))
    assert value == "firstsecond"
    assert marks.read_text().split() == ["first", "second", "second"]
    rows = recorded(run_id)["mark"]
    assert len(rows) == 2


def test_attempts_in_different_processes_are_told_apart(on_processes, recorded):
    @task(retries=1)
    def twice():
        leaf(1)
        if runtime.task_run.run_count == 1:
            raise ValueError("again")

    @on_processes(1)
    def trying():
        twice.submit().wait()

    _, run_id = run_of(trying)
    rows = recorded(run_id)["leaf"]
    assert len({row.identity for row in rows}) == len(rows) == 2


def test_a_forked_process_does_not_write_into_the_pipe(on_processes, lines):
    @task
    def forks():
        pid = os.fork()
        if pid == 0:
            try:
                get_run_logger().info("lost")
                leaf(1)
            except RuntimeError:
                os._exit(7)
            os._exit(8)
        get_run_logger().info("kept")
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    @on_processes(1)
    def forking():
        return forks.submit().result()

    code, run_id = run_of(forking)
    assert code == 7
    assert [row.message for row in lines(run_id)] == ["kept"]


def test_large_records_come_home_whole(on_processes, lines):
    @task
    def talks():
        for n in range(20):
            get_run_logger().info("%d %s", n, "x" * 100_000)

    @on_processes(1)
    def talking():
        talks.submit().wait()

    _, run_id = run_of(talking)
    found = [row.message.split()[0] for row in lines(run_id)]
    assert found == [str(n) for n in range(20)]


@pytest.mark.parametrize("workers", [1, 2])
def test_unpicklable_flow_parameters_do_no_harm(on_processes, workers):
    @task
    def looks():
        try:
            return runtime.flow_run.parameters
        except SerializationError as exc:
            return str(exc)

    @on_processes(workers, validate_parameters=False)
    def carries(lock):
        return looks.submit().result(), leaf.submit(1).result()

    (answer, value), _ = run_of(carries, threading.Lock())
    assert "lock" in answer
    assert value == 2
