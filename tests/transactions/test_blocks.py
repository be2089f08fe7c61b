"""Blocks and the tasks in them, where several threads, processes and attempts meet."""

from __future__ import annotations

import asyncio
import threading

import pytest

from noria import flow, suspend_flow_run, task
from noria.cache_policies import INPUTS
from noria.engine.locks import default_lock_manager
from noria.engine.session import open_session
from noria.runs import resume
from noria.task_runners import ProcessPoolTaskRunner
from noria.transactions import (
    CommitMode,
    IsolationLevel,
    atransaction,
    get_transaction,
    transaction,
)


@task
def put(name):
    get_transaction().set("name", name)
    return name


seen: list[str] = []


@put.on_commit
def committed(txn):
    seen.append(f"commit {txn.get('name')}")


@put.on_rollback
def undone(txn):
    seen.append(f"undo {txn.get('name')}")


@task
def fail():
    raise ValueError("no")


@task
def put_twice(first, second):
    put(first)
    put(second)


@pytest.fixture(autouse=True)
def forget():
    seen.clear()


def test_tasks_still_running_at_the_end_of_the_block_are_part_of_it():
    release = threading.Event()

    @task
    def slow():
        release.wait()
        put("inner")

    @flow
    def run():
        with transaction() as txn:
            slow.submit()
            put("outer")
            release.set()
        return txn.state.name, list(seen)

    assert run() == ("COMMITTED", ["commit outer", "commit inner"])


def test_what_was_submitted_and_has_not_begun_never_does_when_the_block_raises():
    release = threading.Event()

    @task
    def slow():
        release.wait()

    @flow
    def run():
        with transaction():
            put("first")
            begun = slow.submit()
            put.submit("never", wait_for=[begun])
            release.set()
            raise ValueError("block")

    assert run(return_state=True).is_failed()
    assert seen == ["undo first"]


def test_a_task_that_ends_after_the_rollback_undoes_its_work():
    rolled_back, running = threading.Event(), threading.Event()

    @task
    def late():
        running.set()
        rolled_back.wait()
        get_transaction().set("name", "late")

    late.on_rollback(undone)

    @flow
    def run():
        with transaction() as txn:
            future = late.submit()
            running.wait()
            fail(return_state=True)
            assert txn.is_rolled_back()
            rolled_back.set()
            future.wait()

    run()
    assert seen == ["undo late"]


def test_the_blocks_of_threads_do_not_meet():
    both_inside = threading.Barrier(2)

    @task
    def work(number):
        with transaction():
            put(str(number))
            both_inside.wait()
            if number:
                raise ValueError("second")

    @flow
    def run():
        work.map([0, 1]).wait()

    run(return_state=True)
    assert sorted(seen) == ["commit 0", "undo 1"]


def test_tasks_in_processes():
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def run(well):
        with transaction():
            put.submit("a").result()
            put_twice.submit("b", "c").result()
            if not well:
                raise ValueError("block")

    run(True)
    assert seen == ["commit a"]  # b and c have told their own process
    seen.clear()
    run(False, return_state=True)
    assert seen == ["undo a"]


def test_an_attempt_that_fails_undoes_what_was_done_in_it():
    attempts = []

    @task(retries=1)
    def outer():
        attempts.append(1)
        put(f"attempt {len(attempts)}")
        if len(attempts) == 1:
            raise ValueError("first")

    @flow
    def run():
        with transaction():
            put("before")
            outer()

    run()
    assert seen == ["undo attempt 1", "commit before", "commit attempt 2"]


def test_a_generator_that_is_left_early_is_committed():
    @task
    def items():
        yield 1
        yield 2

    items.on_commit(lambda txn: seen.append("commit"))

    @flow
    def run():
        with transaction():
            for _ in items():
                break

    run()
    assert seen == ["commit"]


def test_a_cached_result_is_not_written_when_its_task_is_rolled_back():
    calls = []

    @task(cache_policy=INPUTS)
    def compute(x):
        calls.append(x)
        return x

    compute.on_rollback(lambda txn: None)

    @task
    def outer(fail_after):
        compute(1)
        if fail_after:
            raise ValueError("outer")

    @flow
    def run(fail_after):
        outer(fail_after, return_state=True)

    run(True)
    run(False)
    run(False)
    assert calls == [1, 1]


async def _publish(fails):
    async with atransaction(commit_mode=CommitMode.LAZY):
        put("a")
        put("b")
        if fails:
            raise ValueError("block")


def test_async_blocks_of_one_loop_do_not_meet():
    @flow
    async def run():
        await asyncio.gather(_publish(False), _publish(True), return_exceptions=True)

    asyncio.run(run())
    assert sorted(seen) == ["commit a", "commit b", "undo a", "undo b"]


def log_of(state):
    """The lines of a flow run's log."""
    flow_run = state.state_details.flow_run_id.bytes
    return [row.message for _, row in open_session().backend.logs(flow_run)]


def test_hooks_are_told_of_in_the_log():
    @flow
    def run():
        with transaction():
            put("a")
            fail()

    told = log_of(run(return_state=True))
    assert "Running rollback hook 'undone'" in told
    assert "Rollback hook 'undone' finished running successfully" in told


def test_a_rollback_hook_that_fails_is_told_of_with_its_error():
    @task
    def work():
        pass

    @work.on_rollback
    def breaks(txn):
        raise RuntimeError("no undo")

    @flow
    def run():
        with transaction():
            work()
            raise ValueError("block")

    told = "\n".join(log_of(run(return_state=True)))
    assert "An error was encountered while running rollback hook 'breaks'" in told
    assert "RuntimeError: no undo" in told


@flow
def wait_inside():
    suspend_flow_run()


@pytest.mark.parametrize("wait", [suspend_flow_run, wait_inside])
@pytest.mark.parametrize("fails", [False, True])
def test_a_run_that_waits_for_a_person_in_a_block_decides_when_it_goes_on(wait, fails):
    runs = []

    @flow
    def run():
        with transaction(key="release", isolation_level=IsolationLevel.SERIALIZABLE):
            put("first")
            wait()
            runs.append("went on")
            if fails:
                raise ValueError("block")
        return "released"

    state = run(return_state=True)
    assert (state.name, seen, runs) == ("Suspended", [], [])
    assert not default_lock_manager().is_locked("release")
    again = resume(state.state_details.flow_run_id, flow=run)
    assert again.is_failed() == fails
    assert (seen, runs) == (["undo first" if fails else "commit first"], ["went on"])
