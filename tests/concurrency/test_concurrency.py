"""`concurrency` and `rate_limit` as users call them."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading

import pytest

import noria
from noria import concurrency, flow, rate_limit, task
from noria.concurrency import asyncio as for_async
from noria.concurrency import remove_limit, set_limit
from noria.concurrency import sync as for_sync
from noria.context import FlowRunContext
from noria.core import clock
from noria.core.errors import (
    AcquireConcurrencySlotTimeoutError,
    CancelledRun,
    ConcurrencySlotAcquisitionError,
)
from noria.core.jsontext import from_json
from noria.engine.session import open_session
from noria.engine.waiting_room import WaitingRoom


class Stepped(clock.Clock):
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_795_348_863_000_000

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1e6

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1e6)


def tickets():
    return open_session().backend.slot_tickets()


def until(condition):
    """Wait for what another thread or process does."""
    while not condition():
        threading.Event().wait(0.002)


def in_line(count):
    until(lambda: len([row for row in tickets() if row.granted is None]) == count)


def in_thread(fn):
    thread = threading.Thread(target=fn)
    thread.start()
    return thread


def test_slots_are_held_while_the_block_runs():
    set_limit("db", 3)
    with concurrency("db", occupy=2):
        (held,) = tickets()
        assert held.occupy == 2
        assert held.granted is not None
    assert tickets() == []


def test_they_are_free_again_when_the_block_fails():
    set_limit("db", 1)
    with pytest.raises(KeyError), concurrency("db"):
        raise KeyError
    assert tickets() == []


def test_threads_get_slots_in_order_of_arrival():
    set_limit("db", 1)
    order = []

    def work(number):
        with concurrency("db"):
            order.append(number)

    with concurrency("db"):
        threads = []
        for number in range(5):
            threads.append(in_thread(lambda number=number: work(number)))
            in_line(number + 1)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == list(range(5))
    assert tickets() == []


def test_coroutines_get_slots_in_order_of_arrival():
    set_limit("db", 1)
    order = []

    async def work(number):
        async with concurrency("db"):
            order.append(number)

    async def everything():
        async with concurrency("db"):
            tasks = [asyncio.create_task(work(number)) for number in range(5)]
            await asyncio.to_thread(in_line, 5)
        await asyncio.gather(*tasks)

    asyncio.run(everything())
    assert order == list(range(5))
    assert tickets() == []


def test_one_line_for_sync_and_async_code():
    set_limit("db", 1)
    order = []

    def blocking():
        with concurrency("db"):
            order.append("sync")

    async def everything():
        async with concurrency("db"):
            thread = in_thread(blocking)
            in_line(1)
            order.append("async")
        async with concurrency("db"):
            order.append("async again")
        await asyncio.to_thread(thread.join)

    asyncio.run(everything())
    assert order == ["async", "sync", "async again"]


def test_a_wait_ends_in_time_and_leaves_no_ticket():
    set_limit("db", 1)
    with concurrency("db"):
        with (
            pytest.raises(
                AcquireConcurrencySlotTimeoutError, match="'db' did not come free within"
            ),
            concurrency("db", timeout_seconds=0.01),
        ):
            raise AssertionError
        with pytest.raises(TimeoutError), concurrency("db", timeout_seconds=0):
            raise AssertionError
        assert len(tickets()) == 1

    async def waits():
        async with concurrency("db"):
            with pytest.raises(TimeoutError):
                async with concurrency("db", timeout_seconds=0.01):
                    raise AssertionError
            assert len(tickets()) == 1

    asyncio.run(waits())
    assert tickets() == []


def test_tries_are_counted():
    set_limit("db", 1)
    with clock.use(Stepped()) as stepped, concurrency("db"):
        before = stepped.now()
        with pytest.raises(ConcurrencySlotAcquisitionError, match="3 retries"):
            concurrency("db", max_retries=3).__enter__()
        assert stepped.now() - before == 6_000_000
        with pytest.raises(ConcurrencySlotAcquisitionError, match="0 retries"):
            concurrency("db", max_retries=0).__enter__()
        assert len(tickets()) == 1


def test_a_waiter_that_is_cancelled_leaves_no_ticket():
    set_limit("db", 1)

    async def everything():
        async with concurrency("db"):
            waiter = asyncio.create_task(concurrency("db").__aenter__())
            await asyncio.to_thread(in_line, 1)
            waiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiter
            assert len(tickets()) == 1

    asyncio.run(everything())
    assert tickets() == []


def test_a_task_that_times_out_while_it_waits_leaves_no_ticket():
    set_limit("db", 1)

    @task(timeout_seconds=0.05)
    def waits():
        with concurrency("db"):
            raise AssertionError

    @flow
    def main():
        return waits.submit().wait() or waits(return_state=True)

    with concurrency("db"):
        assert main(return_state=True).is_failed()
        until(lambda: len(tickets()) == 1)
    assert tickets() == []


def test_unknown_limits_limit_nothing_and_are_told(caplog):
    with caplog.at_level(logging.WARNING), concurrency(["nope", "neither"]):
        assert tickets() == []
    assert "no concurrency limit 'neither', 'nope'" in caplog.text
    caplog.clear()
    set_limit("db", 1)
    with caplog.at_level(logging.WARNING), concurrency(["nope", "db"], strict=True):
        assert [row.pools[0].name for row in tickets()] == ["db"]
    assert "no concurrency limit 'nope'" in caplog.text


def test_a_warning_in_a_run_stands_in_its_log():
    @flow
    def main():
        with concurrency("nope"):
            return FlowRunContext.get().flow_run.raw_id

    run = main()
    session = open_session()
    session.journal.flush()
    lines = [row.message for _, row in session.backend.logs(run)]
    assert "There is no concurrency limit 'nope': nothing is limited by it here." in lines


def test_strict_asks_for_the_limit_to_exist():
    with pytest.raises(ConcurrencySlotAcquisitionError, match="noria limit set nope SLOTS"):
        concurrency("nope", strict=True).__enter__()
    with pytest.raises(ConcurrencySlotAcquisitionError, match="'nope'"):
        rate_limit("nope", strict=True)
    rate_limit("nope")


def test_a_limit_of_nothing_refuses_and_an_inactive_one_lets_pass():
    set_limit("zero", 0)
    with pytest.raises(ConcurrencySlotAcquisitionError, match="it has 0"):
        concurrency("zero").__enter__()
    set_limit("zero", 0, active=False)
    with concurrency("zero"):
        pass


@pytest.mark.parametrize("occupy", [0, -1])
def test_no_slots_cannot_be_asked_for(occupy):
    set_limit("db", 1)
    with pytest.raises(ConcurrencySlotAcquisitionError, match="expected 1 or more"):
        concurrency("db", occupy=occupy).__enter__()


def test_nothing_is_limited_without_a_name():
    with concurrency([]), concurrency(""):
        rate_limit([])
        assert tickets() == []


def test_a_name_or_key_that_cannot_be_is_told():
    with pytest.raises(TypeError, match="got 3"):
        concurrency([3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="key of a concurrency limit is empty"):
        concurrency("db", key="")


def test_one_name_twice_is_one_limit():
    set_limit("db", 1)
    with concurrency(["db", "db"]):
        assert len(tickets()[0].pools) == 1


def test_keys_are_limited_each_by_itself():
    set_limit("api", 1)
    with concurrency("api", key=7), concurrency("api", key="客户"), concurrency("api"):
        with pytest.raises(TimeoutError):
            concurrency("api", key="7", timeout_seconds=0).__enter__()
        assert len(tickets()) == 3


def test_a_limit_that_grows_or_goes_lets_those_who_wait_pass():
    set_limit("db", 1)
    passed = threading.Semaphore(0)

    def work():
        with concurrency("db"):
            passed.release()

    with concurrency("db"):
        first = in_thread(work)
        in_line(1)
        set_limit("db", 2)
        passed.acquire()
        first.join()
        with concurrency("db"):
            second = in_thread(work)
            in_line(1)
            remove_limit("db")
            passed.acquire()
            second.join()


def test_who_waits_for_more_than_there_will_ever_be_is_told():
    set_limit("db", 2)
    told = []

    def work():
        try:
            concurrency("db", occupy=2).__enter__()
        except ConcurrencySlotAcquisitionError as exc:
            told.append(str(exc))

    with concurrency("db"):
        thread = in_thread(work)
        in_line(1)
        set_limit("db", 1)
        thread.join()
    assert "2 slots of limit 'db' were asked for, and it has 1" in told[0]


def test_a_rate_is_kept_by_the_clock():
    set_limit("api", 3, decay=2)
    with clock.use(Stepped()) as stepped:
        begin, taken = stepped.now(), []
        for _ in range(7):
            rate_limit("api")
            taken.append((stepped.now() - begin) / 1e6)
        rate_limit("api", occupy=3)
        taken.append((stepped.now() - begin) / 1e6)
        assert taken == [0, 0, 0, 0.5, 1.0, 1.5, 2.0, 3.5]
        with pytest.raises(TimeoutError):
            rate_limit("api", timeout_seconds=0.2)
    assert tickets() == []


def test_a_rate_is_kept_in_async_code():
    set_limit("api", 1, decay=2)

    @flow
    async def main():
        with clock.use(Stepped()) as stepped:
            begin = stepped.now()
            await rate_limit("api")
            await for_async.rate_limit("api")
            return stepped.now() - begin

    assert asyncio.run(main()) == 500_000


def test_a_rate_needs_a_decay():
    set_limit("db", 1)
    with pytest.raises(ConcurrencySlotAcquisitionError, match="noria limit set db 1 --decay 1"):
        for_sync.rate_limit("db")


def test_it_decorates_functions():
    set_limit("db", 1)

    @concurrency("db")
    def held(count):
        return [row.occupy for row in tickets()] * count

    @concurrency("db")
    async def aheld():
        return len(tickets())

    assert held(2) == [1, 1]
    assert asyncio.run(aheld()) == 1
    assert tickets() == []


def test_the_module_and_the_function_are_one():
    assert noria.concurrency is concurrency
    assert for_sync.concurrency is for_async.concurrency
    set_limit("db", 1)
    with for_sync.concurrency("db"), pytest.raises(TimeoutError):
        concurrency("db", timeout_seconds=0).__enter__()


def test_the_holder_is_the_run_or_who_is_named():
    set_limit("db", 5)

    @task(task_run_name="加载")
    def load():
        with concurrency("db"):
            return [from_json(row.holder) for row in tickets()]

    @flow(flow_run_name="nightly")
    def main():
        with concurrency("db"):
            return load()

    of_flow, of_task = main()
    assert (of_flow["type"], of_flow["name"]) == ("flow_run", "nightly")
    assert (of_task["type"], of_task["name"]) == ("task_run", "加载")
    with concurrency("db", holder={"type": "deployment", "id": 3}):
        assert from_json(tickets()[0].holder) == {"type": "deployment", "id": "3"}


def test_a_limit_that_cannot_be_is_told():
    for facts in (("", 1), ("x" * 300, 1), ("a\nb", 1), ("a", -1), ("a", True), ("a", 1.5)):
        with pytest.raises(ValueError, match="expected"):
            set_limit(*facts)
    for decay in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="decay"):
            set_limit("a", 1, decay=decay)
    assert not remove_limit("a")


HOLDER = """
from noria import concurrency
with concurrency("db"):
    print("held", flush=True)
    input()
"""


def holder():
    program = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    return program


def test_the_slots_of_a_killed_process_come_free():
    set_limit("db", 1)
    with holder() as program:
        assert program.stdout.readline() == "held\n"
        thread = in_thread(lambda: concurrency("db").__enter__())
        in_line(1)
        program.kill()
        thread.join()
    (held,) = tickets()
    assert held.process == open_session().process


def test_two_processes_share_one_line():
    set_limit("db", 1)
    with concurrency("db"):
        program = holder()
        in_line(1)
        thread = in_thread(lambda: concurrency("db").__enter__())
        in_line(2)
    with program:
        assert program.stdout.readline() == "held\n"
        assert [row.granted is not None for row in tickets()] == [True, False]
        program.communicate("\n")
        thread.join()
    assert [row.process for row in tickets()] == [open_session().process]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_cancel_that_strikes_as_slots_are_given_back_leaves_none_taken(monkeypatch, kind):
    set_limit("db", 1)
    give_back = WaitingRoom.give_back

    def struck(room, ticket):
        [execution] = open_session().executions.values()
        asking = in_thread(lambda: execution.cancel("just now"))
        asking.join()
        give_back(room, ticket)

    monkeypatch.setattr(WaitingRoom, "give_back", struck)

    @flow
    def blocking():
        with concurrency("db"):
            pass

    @flow
    async def on_a_loop():
        async with concurrency("db"):
            pass

    with pytest.raises(CancelledRun, match="just now"):
        blocking() if kind == "sync" else asyncio.run(on_a_loop())
    assert tickets() == []
