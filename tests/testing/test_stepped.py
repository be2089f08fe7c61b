"""Time that a test steps: what waits on the way, and in which order it is over."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from noria import flow, get_run_logger, task
from noria.core import clock
from noria.exceptions import FlowPauseTimeout
from noria.flow_runs import pause_flow_run
from noria.futures import wait
from noria.testing import stepped_clock
from noria.utilities.hashing import hash_objects

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)
REAL_SLEEPS = time.sleep, asyncio.sleep  # noqa: TID251 - to see that they come back


@pytest.fixture
def failing():
    """A task's function that fails twice."""
    moments = []

    def fn():
        moments.append(clock.to_datetime(clock.now()))
        if len(moments) < 3:
            raise ConnectionError("not yet")
        return moments

    return fn


def test_it_stands_still_but_when_it_is_moved():
    with stepped_clock(MORNING) as stepped:
        assert stepped.now == MORNING
        stepped.advance(90)
        stepped.advance(timedelta(hours=1))
        assert stepped.now == datetime(2026, 3, 1, 9, 1, 30, tzinfo=UTC)
        stepped.advance_to(datetime(2026, 3, 2, tzinfo=UTC))
        assert clock.now() == clock.to_micros(datetime(2026, 3, 2, tzinfo=UTC))
    assert clock.is_real()


def test_it_does_not_go_back():
    with stepped_clock(MORNING) as stepped:
        with pytest.raises(ValueError, match="0 seconds or more, not by -1"):
            stepped.advance(-1)
        with pytest.raises(ValueError, match="0 seconds or more"):
            stepped.advance_to(datetime(2026, 2, 28, tzinfo=UTC))


def test_delays_of_retries_pass_by_themselves(noria_store, noria_clock, failing):
    load = task(retries=3, retry_delay_seconds=[3600, 7200, 1])(failing)

    @flow
    def pipeline():
        return load()

    first, second, third = pipeline()
    assert (second - first, third - second) == (timedelta(hours=1), timedelta(hours=2))
    (run,) = noria_store.task_runs()
    assert (run.state_name, run.run_count) == ("Completed", 3)
    assert run.end_time - run.start_time == timedelta(hours=3)


def test_delays_of_flows_and_of_submitted_tasks_too(noria_clock, failing):
    again = flow(retries=2, retry_delay_seconds=86_400)(failing)
    moments = again()
    assert moments[2] - moments[0] == timedelta(days=2)

    @flow
    def pipeline():
        later = task(retries=1, retry_delay_seconds=60)
        counts = dict.fromkeys(range(3), 0)

        @later
        def one(number):
            counts[number] += 1
            if counts[number] == 1:
                raise ConnectionError
            return number

        return one.map(range(3)).result()

    before = noria_clock.now
    assert pipeline() == [0, 1, 2]
    assert noria_clock.now - before >= timedelta(seconds=60)


def test_caches_expire_when_it_is_advanced(noria_clock):
    calls = []

    @task(cache_key_fn=lambda _, given: hash_objects(given), cache_expiration=timedelta(hours=1))
    def fetch(day):
        calls.append(day)

    @flow
    def pipeline():
        fetch("monday")

    pipeline()
    noria_clock.advance(timedelta(minutes=59))
    pipeline()
    assert len(calls) == 1
    noria_clock.advance(timedelta(minutes=2))
    pipeline()
    assert len(calls) == 2


@task(timeout_seconds=60)
def slow_task(seconds):
    time.sleep(seconds)  # noqa: TID251 - as a user's task
    return "done"


@pytest.mark.parametrize("seconds", [59, 61])
def test_timeouts_of_tasks_strike(noria_clock, seconds):
    @flow(on_unobserved_failure="ignore")
    def pipeline():
        called, submitted = slow_task(seconds, return_state=True), slow_task.submit(seconds)
        submitted.wait()
        return [called.name, submitted.state.name]

    expected = "Completed" if seconds < 60 else "TimedOut"
    began = noria_clock.now
    assert pipeline() == [expected, expected]
    assert noria_clock.now - began == timedelta(seconds=2 * min(seconds, 60))


def test_a_timeout_leaves_where_its_time_is_over(noria_clock):
    @flow(timeout_seconds=100)
    def pipeline():
        slow_task(50)
        slow_task(30)
        slow_task(59)

    began = noria_clock.now
    assert pipeline(return_state=True).name == "TimedOut"
    assert noria_clock.now - began == timedelta(seconds=100)


def test_a_flow_that_waits_for_a_task_times_out(noria_clock):
    @flow(timeout_seconds=30)
    def pipeline():
        return slow_task.submit(50).result()

    assert pipeline(return_state=True).name == "TimedOut"


def test_whoever_advances_it_ends_what_others_wait_for(noria_clock):
    began, gone = threading.Event(), []

    @flow(timeout_seconds=30)
    def pipeline():
        began.set()
        while not gone:
            pass

    def advance():
        began.wait()
        noria_clock.advance(31)

    other = threading.Thread(target=advance)
    other.start()
    assert pipeline(return_state=True).name == "TimedOut"
    other.join()


def test_on_a_loop_those_who_wait_together_wait_once(noria_clock):
    woken, failed = [], set()

    @task(retries=1, retry_delay_seconds=3600)
    async def one(number):
        if number not in failed:
            failed.add(number)
            raise ConnectionError
        await asyncio.sleep(10 * (5 - number))  # noqa: TID251 - as a user's task
        woken.append(number)

    @flow
    async def pipeline():
        await asyncio.gather(*map(one, range(5)))

    began = noria_clock.now
    asyncio.run(pipeline())
    assert woken == [4, 3, 2, 1, 0]
    assert noria_clock.now - began == timedelta(seconds=3650)


def test_on_a_loop_timeouts_strike_in_their_order(noria_clock):
    @task
    async def slow():
        await asyncio.sleep(7200)  # noqa: TID251 - as a user's task

    @flow
    async def pipeline():
        states = await asyncio.gather(
            slow.with_options(timeout_seconds=60)(return_state=True),
            slow.with_options(timeout_seconds=90)(return_state=True),
        )
        return [state.name for state in states]

    began = noria_clock.now
    assert asyncio.run(pipeline()) == ["TimedOut", "TimedOut"]
    assert noria_clock.now - began == timedelta(seconds=90)


def test_an_async_flow_times_out(noria_clock):
    @flow(timeout_seconds=60)
    async def pipeline():
        await asyncio.sleep(120)  # noqa: TID251 - as a user's flow

    assert asyncio.run(pipeline(return_state=True)).name == "TimedOut"


def test_sleeps_outside_runs_are_left_alone(noria_clock):
    before = noria_clock.now
    time.sleep(0)  # noqa: TID251 - as a user's test
    assert asyncio.run(asyncio.sleep(0, "slept")) == "slept"  # noqa: TID251 - as a user's test
    assert noria_clock.now == before


def test_lines_of_runs_bear_its_time(noria_store, noria_clock):
    @flow
    def pipeline():
        time.sleep(3600)  # noqa: TID251 - as a user's flow
        get_run_logger().info("an hour later")

    noria_clock.advance_to(datetime(2040, 1, 1, tzinfo=UTC))
    pipeline()
    (line,) = noria_store.logs()
    assert line.time == datetime(2040, 1, 1, 1, tzinfo=UTC)


def test_a_pause_that_nobody_ends_is_over_when_its_time_is(noria_clock):
    @flow
    def pipeline():
        pause_flow_run(timeout=3600)

    began = noria_clock.now
    with pytest.raises(FlowPauseTimeout):
        pipeline()
    assert noria_clock.now - began >= timedelta(hours=1)


def test_real_sleeps_come_back():
    with stepped_clock():
        assert (time.sleep, asyncio.sleep) != REAL_SLEEPS  # noqa: TID251 - not called
    assert (time.sleep, asyncio.sleep) == REAL_SLEEPS  # noqa: TID251 - not called


def test_what_really_takes_its_time_is_waited_for(noria_clock):
    may_end = threading.Event()

    @task
    def blocked():
        return may_end.wait()

    @flow
    def pipeline():
        future = blocked.submit()
        may_end.set()
        done, _ = wait([future], timeout=3600)
        return len(done)

    assert pipeline() == 1
