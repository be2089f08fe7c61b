"""Task runs whose tags are limited."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from noria import concurrency, flow, tags, task
from noria.concurrency import set_limit
from noria.core import clock
from noria.core.errors import ConcurrencySlotAcquisitionError
from noria.core.jsontext import from_json
from noria.core.states import StateType
from noria.engine.session import open_session
from noria.store import slots
from noria.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner
from tests.concurrency.test_concurrency import Stepped, in_line, in_thread, tickets, until


class Gauge:
    """Counts how many are in the block at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *failure: object) -> None:
        with self._lock:
            self._now -= 1


def rows():
    session = open_session()
    session.journal.flush()
    (run,) = session.backend.find_flow_runs("@last")
    return session.backend.task_runs(run.id)


def test_no_more_task_runs_at_a_time_than_the_limit():
    set_limit("tag:db", 2)
    gauge = Gauge()
    met = threading.Barrier(2)

    @task(tags=["db"])
    def work(number):
        with gauge:
            met.wait()
            return number

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
    def main():
        return work.map(range(10)).result()

    assert main() == list(range(10))
    assert gauge.most == 2
    assert tickets() == []


def test_a_task_that_waits_occupies_no_thread():
    set_limit("tag:db", 1)

    @task(tags=["db"])
    def limited():
        return "limited"

    @task
    def free():
        return "free"

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def main():
        with concurrency("tag:db"):
            first, second = limited.submit(), limited.submit()
            found = [free.submit().result()]
            in_line(2)
        return [*found, first.result(), second.result()]

    assert main() == ["free", "limited", "limited"]
    assert tickets() == []


def test_a_task_that_waits_is_seen_to_wait():
    set_limit("tag:db", 1)
    set_limit("tag:other", 1)

    @task(tags=["db", "other", "free"])
    def work():
        return 1

    @flow
    def main():
        return work()

    with concurrency("tag:db"):
        thread = in_thread(main)
        in_line(1)
        until(lambda: [row.state_name for row in rows()] == ["AwaitingConcurrencySlot"])
        (row,) = rows()
        assert row.state is StateType.SCHEDULED
        assert row.message == "waits for a slot of 'db', 'other'"
        waiting = tickets()[1]
        assert [pool.name for pool in waiting.pools] == ["tag:db", "tag:other"]
        assert from_json(waiting.holder)["type"] == "task_run"
    thread.join()
    (row,) = rows()
    assert row.state is StateType.COMPLETED
    assert [name for name, _, _ in from_json(row.history)] == ["Pending", "AwaitingConcurrencySlot"]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_task_that_is_cancelled_while_it_waits_leaves_the_line(workers):
    set_limit("tag:db", 1)

    @task(tags=["db"])
    def work():
        raise AssertionError

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=workers))
    def main():
        future = work.submit()
        in_line(1)
        assert future.cancel()
        future.wait()
        return future.state.type, len(tickets())

    with concurrency("tag:db"):
        assert main() == (StateType.CANCELLED, 1)
    assert tickets() == []


def test_async_tasks_wait_without_holding_up_the_loop():
    set_limit("tag:db", 1)
    gauge = Gauge()

    @task(tags=["db"])
    async def work(number):
        with gauge:
            return number

    @flow
    async def main():
        async with concurrency("tag:db"):
            waiting = [asyncio.create_task(work(number)) for number in range(3)]
            await asyncio.to_thread(in_line, 3)
        return await asyncio.gather(*waiting)

    assert asyncio.run(main()) == [0, 1, 2]
    assert gauge.most == 1
    assert tickets() == []


def test_a_task_that_waits_for_its_retry_holds_no_slot():
    set_limit("tag:db", 1)
    held = []

    class Noting(Stepped):
        def sleep(self, seconds):
            held.append(len(tickets()))
            super().sleep(seconds)

    @task(tags=["db"], retries=2, retry_delay_seconds=600)
    def work():
        held.append(len(tickets()))
        if len(held) < 5:
            raise ConnectionError
        return "done"

    @flow
    def main():
        return work()

    with clock.use(Noting()):
        assert main() == "done"
    assert held == [1, 0, 1, 0, 1]
    assert tickets() == []


def test_a_result_from_the_cache_needs_no_slot():
    @task(tags=["db"], cache_key_fn=lambda *_: "key", persist_result=True)
    def work():
        return 1

    @flow
    def main():
        return work(return_state=True).name

    assert main() == "Completed"
    set_limit("tag:db", 0)
    assert main() == "Cached"


def test_a_limit_of_nothing_fails_the_task():
    set_limit("tag:db", 0)

    @task(tags=["db"])
    def work():
        raise AssertionError

    @flow
    def main():
        return work()

    with pytest.raises(
        ConcurrencySlotAcquisitionError, match="'tag:db' were asked for, and it has"
    ):
        main()
    assert [row.state for row in rows()] == [StateType.FAILED]
    with pytest.raises(ConcurrencySlotAcquisitionError):
        work()


def test_a_task_outside_flows_waits_too_and_hears_of_new_limits():
    @task
    def work():
        return len(tickets())

    with tags("db"):
        assert work() == 0
        set_limit("tag:db", 1)
        assert work() == 1
        set_limit("tag:db", 1, active=False)
        assert work() == 0


def test_the_limits_of_tags_are_read_once(monkeypatch):
    read = []
    own = slots.limited
    monkeypatch.setattr(slots, "limited", lambda *args: read.append(1) or own(*args))

    @task(tags=["a", "b"])
    def work():
        return 1

    @flow
    def main():
        return sum(work() for _ in range(20))

    open_session().backend.change_counter()
    assert main() == 20
    assert len(read) == 1


def test_a_task_within_a_task_holds_slots_of_its_own():
    set_limit("tag:db", 2)

    @task(tags=["db"])
    def inner():
        return [(row.occupy, row.nested) for row in tickets()]

    @task(tags=["db"])
    def outer():
        return inner()

    @flow
    def main():
        return outer()

    assert main() == [(1, False), (1, True)]


@task(tags=["db"])
def in_child(number):
    return number


@task(tags=["db"])
def killed_child():
    os.kill(os.getpid(), signal.SIGKILL)


@task
def child_that_holds():
    with concurrency("mine"):
        os.kill(os.getpid(), signal.SIGKILL)


@task
def child_that_waits():
    with concurrency("mine"):
        return [row.pid == os.getpid() for row in tickets()]


@task
def nested_in_child(number):
    return in_child(number)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def over_processes():
    done = in_child.map(range(4)).result(), nested_in_child.map(range(3)).result()
    killed = killed_child.submit()
    killed.wait()
    held = child_that_holds.submit()
    held.wait()
    return done, killed.state.type, held.state.type, child_that_waits.submit().result()


def test_tasks_in_processes_of_a_pool_hold_slots_and_lose_them_when_killed():
    set_limit("tag:db", 1)
    set_limit("mine", 1)
    done, killed, held, alone = over_processes()
    assert done == ([0, 1, 2, 3], [0, 1, 2])
    assert (killed, held) == (StateType.CRASHED, StateType.CRASHED)
    assert alone == [True]
    assert tickets() == []
