"""Flows as people write them: what they wait for, what they return, what stays behind."""

from __future__ import annotations

import asyncio
import builtins
import threading

import pytest

from noria import flow, get_run_logger, task
from noria.backend.port import RunFilter
from noria.core.records import GroupCount
from noria.core.states import StateType
from noria.session import open_backend, open_session
from noria.task_runners import ThreadPoolTaskRunner


@task
def double(n):
    return 2 * n


@task
async def adouble(n):
    return 2 * n


def newest():
    return open_session().backend.flow_runs(RunFilter())[0].run


# --- sync and async -------------------------------------------------------------------------


def test_any_depth_of_nesting():
    @flow
    def nested(depth):
        return depth if depth == 0 else 1 + nested(depth - 1)

    assert nested(20) == 20
    run = newest()
    depth = 0
    backend = open_session().backend
    while children := backend.children(run.id):
        [run] = children
        depth += 1
    assert depth == 20


def test_any_depth_of_async_nesting():
    @flow
    async def nested(depth):
        return depth if depth == 0 else 1 + await nested(depth - 1)

    assert asyncio.run(nested(20)) == 20


def test_async_calls_side_by_side():
    @flow
    async def child(n):
        return await adouble(n) + double(n)

    @flow
    async def parent():
        tasks = asyncio.gather(*[adouble(n) for n in range(50)])
        flows = asyncio.gather(*[child(n) for n in range(5)])
        return sum(await tasks), sum(await flows)

    assert asyncio.run(parent()) == (2450, 40)
    run = newest()
    backend = open_session().backend
    assert {child.state for child in backend.children(run.id)} == {StateType.COMPLETED}
    rows = backend.task_runs(run.id)
    assert len(rows) == 55
    assert all(row.parent is None for row in rows)


def test_flows_in_threads_of_the_users():
    @flow
    def child(n):
        return sum(double.map(range(n)).result())

    results = {}
    threads = [threading.Thread(target=lambda n=n: results.update({n: child(n)})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: n * (n - 1) for n in range(8)}
    runs = open_session().backend.flow_runs(RunFilter())
    assert {found.run.state for found in runs} == {StateType.COMPLETED}
    assert len(runs) == 8


def test_a_sub_flow_in_a_submitted_task():
    @flow
    def child(n):
        return double.submit(n).result()

    @task
    def calling(n):
        return child(n)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def parent():
        return calling.map(range(3)).result()

    assert parent() == [0, 2, 4]
    assert len(open_session().backend.children(newest().id)) == 3


# --- ends -----------------------------------------------------------------------------------


def test_a_run_is_reported_completed_only_once_all_is_stored():
    seen = []

    @flow
    def pipeline():
        double.map(range(500)).wait()

    pipeline()
    # Another connection, as another process would have it.
    backend = open_backend(open_session().settings)
    run = backend.flow_runs(RunFilter())[0].run
    seen.append(run.state)
    [group] = backend.groups(run.id)
    assert (seen, group.counts[GroupCount.COMPLETED]) == ([StateType.COMPLETED], 500)
    assert len(backend.task_runs(run.id)) == 500
    backend.close()


def test_a_failure_shows_the_users_frames_only():
    @task
    def broken():
        raise ValueError("no")

    @flow
    def child():
        broken()

    @flow
    def parent():
        child()

    with pytest.raises(ValueError, match="no") as caught:
        parent()
    assert caught.traceback[-1].name == "broken"
    assert '"frame": "test_flows.py:' in newest().error


def test_a_base_exception_of_the_users_crashes_the_run_and_passes():
    class Odd(BaseException):
        pass

    @flow
    def child():
        raise Odd

    @flow
    def parent():
        double(1)
        child()

    with pytest.raises(Odd):
        parent()
    backend = open_session().backend
    run = newest()
    assert run.state is StateType.CRASHED
    assert [child.state for child in backend.children(run.id)] == [StateType.CRASHED]
    counts = [sum(group.counts) for group in backend.groups(run.id)]
    assert counts == [1, 1]


def test_a_flow_may_be_called_again_after_any_end():
    ends = iter([ValueError("no"), SystemExit(3), KeyboardInterrupt()])

    @flow
    def pipeline():
        end = next(ends, None)
        if end is not None:
            raise end
        return double.submit(3).result()

    for error in (ValueError, SystemExit, KeyboardInterrupt):
        with pytest.raises(error):
            pipeline()
    assert pipeline() == 6
    states = [found.run.state for found in open_session().backend.flow_runs(RunFilter())]
    assert states == [
        StateType.COMPLETED,
        StateType.CANCELLED,
        StateType.CRASHED,
        StateType.FAILED,
    ]


def test_a_cancelled_async_flow_is_on_record():
    begun = asyncio.Event()

    @flow
    async def forever():
        begun.set()
        await asyncio.Event().wait()

    async def main():
        running = asyncio.create_task(forever())
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert newest().state is StateType.CANCELLED


def test_prints_are_put_back_even_after_a_failure():
    own = builtins.print

    @flow(log_prints=True)
    def talking():
        print("hello")  # noqa: T201 - what is tested
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - any
        talking()
    assert builtins.print is own
    [(_, line)] = open_session().backend.logs(newest().id)
    assert line.message == "hello"


def test_lines_of_tasks_in_threads_belong_to_them():
    @task
    def talking(n):
        get_run_logger().info("line %d", n, extra={"n": n})

    @flow
    def pipeline():
        talking.map(range(20)).wait()

    pipeline()
    backend = open_session().backend
    run = newest()
    ids = {row.id for row in backend.task_runs(run.id)}
    lines = [line for _, line in backend.logs(run.id)]
    assert {line.task_run for line in lines} == ids
    assert sorted(str(line.extra) for line in lines) == sorted(f'{{"n": {n}}}' for n in range(20))
