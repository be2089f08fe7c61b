"""Pools of one: whatever waits in a worker lets another task run."""

from __future__ import annotations

import asyncio
import threading

import pytest

from noria import flow, task
from noria.task_runners import ThreadPoolTaskRunner

ONE = ThreadPoolTaskRunner(max_workers=1)
LONG = 3600.0
SHORT = 0.05


@task
def inner(n=1):
    return n


@task(timeout_seconds=LONG)
def with_a_timeout(depth):
    return with_a_timeout.submit(depth - 1).result() + 1 if depth else inner.submit().result()


@task
async def on_a_loop(depth):
    if not depth:
        return await inner.submit().result_async()
    return await on_a_loop.submit(depth - 1).result_async() + 1


@task(timeout_seconds=LONG)
async def on_a_loop_with_a_timeout(depth):
    return await on_a_loop.submit(depth).result_async(timeout=LONG)


@task
async def several_at_once(depth):
    futures = [inner.submit(n) for n in range(5)]
    return sum(await asyncio.gather(*[future.result_async() for future in futures])) - 10 + depth


@task
def a_coroutine_in_the_midst(depth):
    async def wait():
        return await on_a_loop.submit(depth).result_async()

    return asyncio.run(wait())


@pytest.mark.parametrize(
    "waits",
    [
        with_a_timeout,
        on_a_loop,
        on_a_loop_with_a_timeout,
        several_at_once,
        a_coroutine_in_the_midst,
    ],
    ids=lambda waits: waits.name,
)
def test_a_task_that_waits_lets_another_take_its_turn(waits):
    @flow(task_runner=ONE)
    def pipeline():
        return [waits.submit(depth).result() for depth in (0, 3)]

    first, second = pipeline()
    assert second - first == 3


def test_a_task_that_timed_out_in_its_wait_gives_its_turn_back_once():
    never = threading.Lock()
    never.acquire()
    running, most = [], []

    @task
    def blocked():
        never.acquire()

    @task(timeout_seconds=SHORT)
    def waits():
        blocked.submit().result()

    @task
    def counted(n):
        running.append(n)
        most.append(len(running))
        running.remove(n)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2), on_unobserved_failure="ignore")
    def pipeline():
        timed_out = waits.submit()
        timed_out.wait()
        never.release()
        counted.map(range(200)).wait()
        return timed_out.state.name

    assert pipeline() == "TimedOut"
    assert max(most) <= 2
