"""Lock managers, and transactions that exclude one another."""

import asyncio
import tempfile
import threading
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.locking.filesystem import FileSystemLockManager
from prefect.locking.memory import MemoryLockManager
from prefect.locking.protocol import LockManager
from prefect.results import get_result_store
from prefect.transactions import IsolationLevel, Transaction, atransaction, transaction

from tests.oracle.harness import outcome


def in_files() -> Any:
    """A manager with a folder of its own."""
    return FileSystemLockManager(Path(tempfile.mkdtemp()) / "locks")


def store_with(manager: Any) -> Any:
    """The current store with a lock manager."""
    store = get_result_store()
    return type(store)(
        result_storage=store.result_storage, serializer=store.serializer, lock_manager=manager
    )


def tried(manager: Any) -> list[Any]:
    """One manager, asked everything."""
    seen = [manager.is_locked("k"), manager.is_lock_holder("k", "a"), manager.wait_for_lock("k")]
    seen.append(manager.acquire_lock("k", "a"))
    seen.append(manager.acquire_lock("k", "a"))
    seen.append(manager.acquire_lock("other", "b", acquire_timeout=0))
    seen.append([manager.is_locked("k"), manager.is_lock_holder("k", "a")])
    seen.append(manager.is_lock_holder("k", "b"))
    seen.append(manager.acquire_lock("k", "b", acquire_timeout=0.1))
    seen.append(manager.wait_for_lock("k", timeout=0.1))
    seen.append(outcome(manager.release_lock, "k", "b"))
    manager.release_lock("k", "a")
    seen.append(manager.is_locked("k"))
    seen.append("raised" in outcome(manager.release_lock, "k", "a"))
    seen.append(manager.acquire_lock("k", "b", acquire_timeout=0.1))
    manager.release_lock("k", "b")
    manager.release_lock("other", "b")
    return seen


def case_a_memory_lock_manager() -> Any:
    return tried(MemoryLockManager())


def case_a_file_lock_manager() -> Any:
    return tried(in_files())


def case_there_is_one_memory_lock_manager() -> Any:
    return MemoryLockManager() is MemoryLockManager()


def case_they_are_lock_managers() -> Any:
    return [isinstance(MemoryLockManager(), LockManager), isinstance(in_files(), LockManager)]


async def atried(manager: Any) -> list[Any]:
    """One manager, asked on an event loop."""
    seen = [await manager.await_for_lock("k"), await manager.aacquire_lock("k", "a")]
    seen.append(await manager.aacquire_lock("k", "b", acquire_timeout=0.1))
    seen.append(await manager.await_for_lock("k", timeout=0.1))
    manager.release_lock("k", "a")
    seen.append(await manager.aacquire_lock("k", "b"))
    manager.release_lock("k", "b")
    return seen


async def case_a_memory_lock_manager_on_a_loop() -> Any:
    return await atried(MemoryLockManager())


async def case_a_file_lock_manager_on_a_loop() -> Any:
    return await atried(in_files())


def waited(manager: Any) -> list[Any]:
    """A lock that is given back while another waits for it."""
    seen = []
    manager.acquire_lock("k", "a")

    def wait():
        seen.append(["b has it", manager.acquire_lock("k", "b")])
        manager.release_lock("k", "b")

    thread = threading.Thread(target=wait)
    thread.start()
    seen.append("a gives it back")
    manager.release_lock("k", "a")
    thread.join()
    return [*seen, manager.is_locked("k")]


def case_waiting_for_a_memory_lock() -> Any:
    return waited(MemoryLockManager())


def case_waiting_for_a_file_lock() -> Any:
    return waited(in_files())


def case_locks_of_a_store() -> Any:
    store = store_with(MemoryLockManager())
    seen = [store.supports_isolation_level(level) for level in IsolationLevel]
    seen.append([store.is_locked("k"), store.acquire_lock("k"), store.is_locked("k")])
    seen.append([store.is_lock_holder("k"), store.is_lock_holder("k", "another")])
    seen.append(store.acquire_lock("k", "another", timeout=0.1))
    seen.append(store.wait_for_lock("k", timeout=0.1))
    store.release_lock("k")
    seen.append([store.is_locked("k"), store.wait_for_lock("k")])
    return seen


def case_a_locked_result_is_written_by_its_holder_only() -> Any:
    store = store_with(MemoryLockManager())
    store.acquire_lock("mine", "me")
    seen = [outcome(store.write, "x", "mine", holder="you").get("raised")]
    store.write("y", "mine", holder="me")
    seen.append(store.read("mine", holder="me").result)
    store.release_lock("mine", "me")
    return seen


def case_a_serializable_block_has_the_lock() -> Any:
    manager = MemoryLockManager()
    store, seen = store_with(manager), []
    level = IsolationLevel.SERIALIZABLE
    for _ in range(2):
        with transaction(key="k", store=store, isolation_level=level) as txn:
            seen.append([manager.is_locked("k"), txn.is_committed()])
            txn.stage("value")
        seen.append([manager.is_locked("k"), txn.read().result])
    return seen


def case_a_block_that_only_reads_has_no_lock() -> Any:
    manager = MemoryLockManager()
    with transaction(key="k", store=store_with(manager)) as txn:
        return [manager.is_locked("k"), txn.isolation_level.name]


def case_a_failing_serializable_block_gives_its_lock_back() -> Any:
    manager = in_files()
    level = IsolationLevel.SERIALIZABLE
    try:
        with transaction(key="k", store=store_with(manager), isolation_level=level):
            raise ValueError("block")
    except ValueError:
        return manager.is_locked("k")


def case_an_inner_block_keeps_its_lock_until_the_outer_ends() -> Any:
    manager = MemoryLockManager()
    store, level = store_with(manager), IsolationLevel.SERIALIZABLE
    seen = []
    with transaction(key="outer", store=store, isolation_level=level):
        with transaction(key="inner", store=store) as inner:
            inner.stage(1)
        seen.append([inner.isolation_level.name, manager.is_locked("inner")])
    return [*seen, manager.is_locked("inner"), manager.is_locked("outer")]


def case_two_threads_and_one_key() -> Any:
    manager = MemoryLockManager()
    store, level = store_with(manager), IsolationLevel.SERIALIZABLE
    computed = []
    begin = threading.Barrier(2)

    def work():
        begin.wait()
        with transaction(key="shared", store=store, isolation_level=level) as txn:
            if not txn.is_committed():
                computed.append(1)
                txn.stage("value")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return computed


async def case_two_coroutines_and_one_key() -> Any:
    manager = MemoryLockManager()
    store, level = store_with(manager), IsolationLevel.SERIALIZABLE
    computed = []

    async def work():
        async with atransaction(key="shared", store=store, isolation_level=level) as txn:
            if not txn.is_committed():
                computed.append(1)
                await asyncio.to_thread(int)
                txn.stage("value")

    await asyncio.gather(work(), work())
    return computed


def case_tasks_of_one_key_run_one_after_the_other() -> Any:
    policy = INPUTS.configure(
        isolation_level=IsolationLevel.SERIALIZABLE, lock_manager=MemoryLockManager()
    )
    computed = []

    @task(cache_policy=policy, persist_result=True)
    def compute(x):
        computed.append(x)
        return x

    @flow
    def f():
        futures = [compute.submit(1) for _ in range(4)]
        names = sorted(future.result() and future.state.name for future in futures)
        return [names, computed]

    return f()


def case_a_policy_by_names() -> Any:
    policy = INPUTS.configure(isolation_level="SERIALIZABLE", lock_manager=in_files())
    computed = []

    @task(cache_policy=policy, persist_result=True)
    def compute(x):
        computed.append(x)
        return x

    @flow
    def f():
        return [compute(1), compute(1), compute(2)]

    return [f(), computed]


def case_a_failing_task_gives_its_lock_back() -> Any:
    manager = MemoryLockManager()
    policy = INPUTS.configure(isolation_level=IsolationLevel.SERIALIZABLE, lock_manager=manager)
    tried_by = []

    @task(cache_policy=policy, persist_result=True)
    def compute(x):
        tried_by.append(x)
        if len(tried_by) == 1:
            raise ValueError("first")
        return x

    @flow
    def f():
        compute(1, return_state=True)
        return compute(1)

    return [f(), tried_by]


def case_policies_with_different_locks_cannot_be_added() -> Any:
    one = INPUTS.configure(isolation_level="SERIALIZABLE")
    other = INPUTS.configure(isolation_level="READ_COMMITTED")
    return "raised" in outcome(lambda: one + other)


def case_serializable_without_a_lock_manager() -> Any:
    def enter():
        with transaction(key="k", isolation_level=IsolationLevel.SERIALIZABLE) as txn:
            return txn.isolation_level.name

    return outcome(enter)


def case_a_transaction_has_no_lock_before_it_begins() -> Any:
    manager = MemoryLockManager()
    level = IsolationLevel.SERIALIZABLE
    txn = Transaction(key="k", store=store_with(manager), isolation_level=level)
    seen = [manager.is_locked("k")]
    with txn:
        seen.append(manager.is_locked("k"))
    return [*seen, manager.is_locked("k")]
