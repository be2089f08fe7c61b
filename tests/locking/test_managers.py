"""Lock managers by themselves: times, restarts, strange keys, and who may give back."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
import sys
import threading

import pytest

from noria.core import clock
from noria.engine.locks import StoreLockManager, Turn
from noria.locking.filesystem import FileSystemLockManager
from noria.locking.memory import MemoryLockManager


class Stepped(clock.Clock):
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self._now = super().now()

    def now(self) -> int:
        return self._now

    def advance(self, seconds: int) -> None:
        self._now += seconds * 1_000_000


@pytest.fixture(params=["memory", "files", "store"])
def locks(request, tmp_path):
    if request.param == "memory":
        manager = MemoryLockManager()
        yield manager
        assert manager._held == {}, "a test has left a lock in the process"
    elif request.param == "files":
        yield FileSystemLockManager(tmp_path / "locks")
    else:
        yield StoreLockManager()


def test_a_lock_ends_by_itself_after_its_time(locks):
    stepped = Stepped()
    with clock.use(stepped):
        assert locks.acquire_lock("k", "a", hold_timeout=60)
        stepped.advance(59)
        assert not locks.acquire_lock("k", "b", acquire_timeout=0)
        stepped.advance(1)
        assert not locks.is_locked("k")
        assert locks.acquire_lock("k", "b", acquire_timeout=0)
        with pytest.raises(ValueError, match="No lock held by a"):
            locks.release_lock("k", "a")
        locks.release_lock("k", "b")


def test_a_release_wakes_who_waits(locks):
    locks.acquire_lock("k", "a")
    waits, got = threading.Event(), []

    def wait():
        waits.set()
        got.append(locks.acquire_lock("k", "b"))

    thread = threading.Thread(target=wait)
    thread.start()
    waits.wait()
    locks.release_lock("k", "a")
    thread.join()
    assert got == [True]
    locks.release_lock("k", "b")


@pytest.mark.parametrize("key", ["报告 📈", "a/b", "..", "x" * 500, "a.b", "a b", ".guard"])
def test_any_text_can_be_a_key(locks, key):
    assert locks.acquire_lock(key, "持有者")
    assert locks.is_lock_holder(key, "持有者")
    assert not locks.acquire_lock(key, "other", acquire_timeout=0)
    locks.release_lock(key, "持有者")
    assert not locks.is_locked(key)


def test_keys_that_look_alike_are_not_the_same(locks):
    keys = ["a", "a.lock", "a.b", "a.c", "a/b", "a_b"]
    for key in keys:
        assert locks.acquire_lock(key, key, acquire_timeout=0)
    for key in keys:
        assert locks.is_lock_holder(key, key)
        locks.release_lock(key, key)


def test_a_manager_of_files_goes_to_another_process_as_it_is(tmp_path):
    locks = FileSystemLockManager(tmp_path / "locks")
    locks.acquire_lock("k", "a")
    copy = pickle.loads(pickle.dumps(locks))
    assert copy == locks
    assert copy.is_lock_holder("k", "a")


def test_the_manager_in_memory_is_pickled_without_its_locks():
    locks = MemoryLockManager()
    assert pickle.loads(pickle.dumps(locks)) is locks


def test_a_file_of_a_dead_process_locks_nothing(tmp_path):
    program = (
        "import sys; from noria.locking.filesystem import FileSystemLockManager as Locks\n"
        "print(Locks(sys.argv[1]).acquire_lock('k', 'dead'))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"
    assert (tmp_path / "k.lock").exists()
    locks = FileSystemLockManager(tmp_path)
    assert not locks.is_locked("k")
    assert locks.acquire_lock("k", "alive", acquire_timeout=0)
    assert json.loads((tmp_path / "k.lock").read_text())["pid"] == os.getpid()


def test_a_file_of_another_host_locks_until_its_time(tmp_path):
    locks = FileSystemLockManager(tmp_path)
    locks.acquire_lock("k", "there")
    file = tmp_path / "k.lock"
    facts = {**json.loads(file.read_text()), "host": "elsewhere", "pid": 1, "started": 1}
    file.write_text(json.dumps(facts))
    assert locks.is_lock_holder("k", "there")
    file.write_text(json.dumps({**facts, "expires": clock.now()}))
    assert not locks.is_locked("k")


def test_a_folder_that_is_not_there_holds_no_locks(tmp_path):
    locks = FileSystemLockManager(tmp_path / "none")
    assert not locks.is_locked("k")
    with pytest.raises(ValueError, match="No lock held by a"):
        locks.release_lock("k", "a")
    assert not (tmp_path / "none").exists()


class Told(threading.Event):
    """An event that something sees being set."""

    def __init__(self, before):
        super().__init__()
        self._before = before

    def set(self):
        self._before()
        super().set()


def test_a_release_that_comes_just_before_a_coroutine_waits_is_heard():
    turn = Turn()

    async def main():
        begun = asyncio.Event()

        def let_it_wait():
            # Who releases has seen nobody on a loop, and has not said so yet.
            asyncio.run_coroutine_threadsafe(wait(), loop)
            waits.wait(60)

        async def wait():
            loop.call_soon(waits.set)
            await turn.wait_async(3600)
            begun.set()

        waits = threading.Event()
        loop = asyncio.get_running_loop()
        told = Told(let_it_wait)
        turn._ear.heard = told
        await asyncio.to_thread(turn.come)
        await asyncio.wait_for(begun.wait(), 60)

    asyncio.run(main())


def test_a_release_does_not_fail_for_a_coroutine_whose_loop_was_closed(locks):
    locks.acquire_lock("k", "a")
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(locks.aacquire_lock("k", "b"))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    locks.release_lock("k", "a")
    waiting._log_destroy_pending = False
