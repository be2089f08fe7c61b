"""Transactions of one key, in threads, coroutines and processes: one computes, the others read."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from noria import flow, task
from noria.cache_policies import INPUTS
from noria.engine.locks import default_lock_manager
from noria.results import get_result_store
from noria.task_runners import ThreadPoolTaskRunner
from noria.transactions import IsolationLevel, atransaction, transaction

SERIALIZABLE = IsolationLevel.SERIALIZABLE
ALONE = INPUTS.configure(isolation_level=SERIALIZABLE)

SCRIPT = """
import asyncio, os, sys
from noria import flow, task
from noria.cache_policies import INPUTS
from noria.locking.filesystem import FileSystemLockManager
from noria.transactions import IsolationLevel, atransaction, transaction

kind, manager = sys.argv[1:3]
locks = FileSystemLockManager(manager) if manager else None
level = IsolationLevel.SERIALIZABLE

def compute_it():
    os.write(1, b"computing\\n")
    os.read(0, 1)
    return "value"

@task(cache_policy=INPUTS.configure(isolation_level=level, lock_manager=locks))
def compute(x):
    return compute_it()

@task(cache_policy=INPUTS.configure(isolation_level=level, lock_manager=locks))
async def acompute(x):
    return compute_it()

@flow
def as_task():
    return compute(1)

@flow
async def as_async_task():
    return await acompute(1)

@flow
def as_submitted_task():
    return compute.submit(1).result()

def store():
    from noria.results import ResultStore
    return ResultStore(result_storage=os.environ["NORIA_HOME"] + "/own", lock_manager=locks)

def as_block():
    with transaction(key="shared", store=store(), isolation_level=level) as txn:
        if not txn.is_committed():
            txn.stage(compute_it())
    return txn.read().result

@flow
async def as_async_block():
    async with atransaction(key="shared", store=store(), isolation_level=level) as txn:
        if not txn.is_committed():
            txn.stage(compute_it())
    return (await txn.read()).result

if __name__ == "__main__":
    result = globals()[kind]()
    print("has", asyncio.run(result) if asyncio.iscoroutine(result) else result)
"""


class Process:
    """One process that wants the value."""

    def __init__(self, script, kind, manager):
        self.process = subprocess.Popen(
            [sys.executable, str(script), kind, manager],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def says(self):
        return self.process.stdout.readline().strip()

    def goes_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ends(self):
        said, errors = self.process.communicate()
        assert self.process.returncode == 0, errors
        return said.split("\n")[:-1]


@pytest.fixture
def start(tmp_path, isolated):
    """Start processes; none is left after the test."""
    script = tmp_path / "shared.py"
    script.write_text(SCRIPT)
    started = []

    def make(kind, in_files):
        started.append(Process(script, kind, str(tmp_path / "locks") if in_files else ""))
        return started[-1]

    yield make
    for one in started:
        with one.process as process:
            process.kill()


@pytest.mark.parametrize("in_files", [False, True])
@pytest.mark.parametrize("kind", ["as_task", "as_block", "as_async_task", "as_submitted_task"])
def test_of_two_processes_one_computes_and_the_other_reads(start, kind, in_files):
    first = start(kind, in_files)
    assert first.says() == "computing"
    second = start(kind, in_files)
    first.goes_on()
    assert first.ends() == ["has value"]
    assert second.ends() == ["has value"]


@pytest.mark.parametrize("in_files", [False, True])
@pytest.mark.parametrize("kind", ["as_task", "as_block", "as_async_block"])
def test_a_killed_holder_does_not_keep_the_lock(start, kind, in_files):
    first = start(kind, in_files)
    assert first.says() == "computing"
    second = start(kind, in_files)
    first.process.send_signal(signal.SIGKILL)
    assert second.says() == "computing"
    second.goes_on()
    assert second.ends() == ["has value"]


def test_who_waits_for_a_lock_can_be_interrupted():
    wanted = threading.Event()

    @task
    def wait_in_vain():
        wanted.set()
        default_lock_manager().acquire_lock("mine", "somebody else")

    @flow
    def run():
        with transaction(key="mine", isolation_level=SERIALIZABLE):
            future = wait_in_vain.submit()
            wanted.wait()
            future.cancel()
            future.wait()
        return future.state.name

    assert run() == "Cancelled"


def test_a_submitted_task_is_computed_once():
    computed = []

    @task(cache_policy=ALONE)
    def compute(x):
        computed.append(x)
        return x

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def run():
        futures = [compute.submit(1) for _ in range(8)]
        assert [future.result() for future in futures] == [1] * 8
        return sorted(future.state.name for future in futures)

    assert run() == ["Cached"] * 7 + ["Completed"]
    assert computed == [1]


def test_a_pool_of_one_whose_tasks_wait_for_the_flows_lock_is_not_stuck():
    @task
    def wait_for_it():
        with transaction(key="held", isolation_level=SERIALIZABLE) as txn:
            return txn.is_committed()

    @task
    def other():
        return "ran"

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def run():
        locks = default_lock_manager()
        locks.acquire_lock("held", "the flow")
        waiting = wait_for_it.submit()
        answer = other.submit().result()
        locks.release_lock("held", "the flow")
        return answer, waiting.result()

    assert run() == ("ran", False)


def test_a_key_twice_in_one_block_does_not_wait_for_itself():
    @task(cache_policy=ALONE)
    def compute(x):
        return x

    @flow
    def run():
        with transaction(key="outer", isolation_level=SERIALIZABLE):
            with transaction(key="outer") as inner:
                compute(1)
                compute(1)
            assert default_lock_manager().is_locked("outer")
        return inner.isolation_level, default_lock_manager().is_locked("outer")

    assert run() == (SERIALIZABLE, False)


def test_a_task_that_calls_cached_tasks_lets_go_of_them_one_by_one():
    locks = default_lock_manager()
    seen = []

    @task(cache_policy=INPUTS.configure(isolation_level=SERIALIZABLE), result_storage_key=None)
    def inner(x):
        seen.append(len(held))
        return x

    held = []

    @task
    def outer():
        inner(1)
        inner(2)
        return [locks.is_locked(key) for key in held]

    @flow
    def run():
        return outer()

    acquire = locks.take

    def noted(key, holder, hold_timeout):
        held.append(key)
        return acquire(key, holder, hold_timeout)

    locks.take = noted
    try:
        assert run() == [False, False]
    finally:
        del locks.take
    assert seen == [1, 2]


def test_coroutines_of_one_loop_wait_without_blocking_it():
    order = []

    async def work(name):
        async with atransaction(key="shared", isolation_level=SERIALIZABLE) as txn:
            if not txn.is_committed():
                order.append(name)
                await asyncio.to_thread(int)
                txn.stage(name)
        return (await txn.read()).result

    async def both():
        return await asyncio.gather(work("one"), work("two"))

    assert asyncio.run(both()) == [order[0]] * 2
    assert len(order) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_no_lock_is_left_behind(fails):
    locks, keys = default_lock_manager(), ("outer", "inner")
    store = get_result_store()

    def body():
        with transaction(key="outer", store=store, isolation_level=SERIALIZABLE):
            with transaction(key="inner", store=store):
                assert [locks.is_locked(key) for key in keys] == [True, True]
            if fails:
                raise ValueError("block")

    if fails:
        with pytest.raises(ValueError, match="block"):
            body()
    else:
        body()
    assert [locks.is_locked(key) for key in keys] == [False, False]


def test_a_block_in_a_key_that_is_written_leaves_no_lock_behind():
    locks = default_lock_manager()
    for _ in range(2):
        with (
            transaction(key="done", isolation_level=SERIALIZABLE),
            transaction(key="inside"),
        ):
            assert locks.is_locked("done")
        assert not locks.is_locked("done")
        assert not locks.is_locked("inside")
