"""Locks: one holder at a time, and none that outlives its process or its time."""

from __future__ import annotations

import threading

import pytest

from noria.backend import processes
from noria.core.records import LockRow
from tests.conformance.rows import NOON, SECOND, new_id, process


@pytest.fixture
def here(backend):
    """This process, as the store knows it."""
    row = processes.this_process(NOON, 10 * SECOND)
    backend.register_process(row)
    return row.id


def row(holder, process, **changes):
    return LockRow("报告", holder, process, NOON, None)._replace(**changes)


def test_one_holds_it_until_he_gives_it_back(backend, here):
    assert backend.lock("报告", NOON) is None
    assert backend.acquire_lock(row("one", here))
    assert not backend.acquire_lock(row("two", here))
    assert backend.lock("报告", NOON) == row("one", here)
    assert not backend.release_lock("报告", "two")
    assert backend.release_lock("报告", "one")
    assert not backend.release_lock("报告", "one")
    assert backend.acquire_lock(row("two", here))


def test_its_holder_may_ask_again(backend, here):
    assert backend.acquire_lock(row("one", here))
    later = row("one", here, acquired=NOON + SECOND, expires=NOON + 2 * SECOND)
    assert backend.acquire_lock(later)
    assert backend.lock("报告", NOON) == later


def test_locks_of_other_keys_do_not_matter(backend, here):
    assert backend.acquire_lock(row("one", here))
    assert backend.acquire_lock(row("two", here, key="other"))


def test_it_ends_with_its_time(backend, here):
    backend.acquire_lock(row("one", here, expires=NOON + SECOND))
    assert backend.lock("报告", NOON + SECOND - 1) is not None
    assert backend.lock("报告", NOON + SECOND) is None
    assert backend.acquire_lock(row("two", here, acquired=NOON + SECOND))


def test_it_ends_with_its_process(backend, here):
    elsewhere = process(host="elsewhere", beat=NOON, lease=10 * SECOND)
    backend.register_process(elsewhere)
    backend.acquire_lock(row("one", elsewhere.id))
    still = NOON + 10 * SECOND
    assert not backend.acquire_lock(row("two", here, acquired=still))
    assert backend.acquire_lock(row("two", here, acquired=still + 1))
    backend.release_lock("报告", "two")
    backend.acquire_lock(row("one", elsewhere.id))
    backend.end_process(elsewhere.id, NOON, None)
    assert backend.lock("报告", NOON) is None


def test_a_process_that_nobody_knows_holds_nothing(backend, here):
    backend.acquire_lock(row("one", new_id()))
    assert backend.acquire_lock(row("two", here))


def test_of_many_that_want_it_at_once_one_gets_it(backend, here):
    got = []
    begin = threading.Barrier(4)

    def take(number):
        begin.wait()
        if backend.acquire_lock(row(f"holder {number}", here)):
            got.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
