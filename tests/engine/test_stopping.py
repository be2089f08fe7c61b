"""Stopping runs in this process: what is stopped, what goes on, and what comes too late."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from noria import flow, task
from noria.backend.port import RunFilter
from noria.core.errors import CancelledRun, CancelRun, StoreError
from noria.core.ids import to_uuid
from noria.core.states import StateType
from noria.engine.gate import Gate
from noria.engine.pool import Work
from noria.engine.session import open_session
from noria.engine.stopping import Stopper
from noria.journal.journal import Journal
from noria.runs import resume
from noria.runtime import flow_run
from noria.task_runners import ThreadPoolTaskRunner


def runs():
    """The flow runs of the store by name of their flow."""
    session = open_session()
    session.journal.flush()
    found = [summary.run for summary in session.backend.flow_runs(RunFilter(top_level=False))]
    return {run.flow_name: run for run in found}


def execution(name):
    """The execution of a run that is under way, once there is one."""
    session = open_session()
    while True:
        for each in list(session.executions.values()):
            if each.flow.name == name:
                return each


@pytest.fixture
def asked_at_the_end(monkeypatch):
    """Ask every run to cancel while its end is being committed."""
    when_committed = Journal.when_committed

    def late(journal, fn):
        for each in list(open_session().executions.values()):
            if each.flow_run.end is not None:
                each.cancel("too late")
        when_committed(journal, fn)

    monkeypatch.setattr(Journal, "when_committed", late)


@pytest.mark.parametrize("kind", ["sync", "async", "thread"])
def test_a_cancel_that_comes_while_the_end_is_committed_is_too_late(asked_at_the_end, kind):
    heard, results = [], []

    def hook(flow, run, state):
        heard.append(state.name)

    @flow(on_completion=[hook])
    def blocking():
        return 42

    @flow(on_completion=[hook])
    async def on_a_loop():
        return 42

    if kind == "async":
        results.append(asyncio.run(on_a_loop()))
    elif kind == "sync":
        results.append(blocking())
    else:
        thread = threading.Thread(target=lambda: results.append(blocking()))
        thread.start()
        thread.join()
    assert results == [42]
    assert heard == ["Completed"]


def test_a_sub_flow_on_a_loop_is_cancelled_alone():
    raised = []

    @task
    async def waits():
        await asyncio.Event().wait()

    @flow
    async def below():
        await waits()

    @task(timeout_seconds=60)
    async def after():
        pass

    @flow
    async def above():
        try:
            await below()
        except CancelRun as error:
            raised.append(str(error))
        # It goes on, and no trace of the cancel is left in its asyncio task.
        await after()
        task = asyncio.current_task()
        return 0 if task is None else task.cancelling()

    def cancel():
        execution("below").cancel("just that one")

    thread = threading.Thread(target=cancel)
    thread.start()
    assert asyncio.run(above()) == 0
    thread.join()
    assert raised == ["just that one"]
    found = runs()
    assert found["below"].state is StateType.CANCELLED
    assert found["above"].state is StateType.COMPLETED


def test_sub_flows_side_by_side_on_a_loop_are_cancelled_with_their_parent():
    @flow
    async def below(n: int):
        await asyncio.Event().wait()

    @flow
    async def above():
        await asyncio.gather(*[below(n) for n in range(3)])

    def cancel():
        while len(open_session().executions) < 4:
            pass
        execution("above").cancel("all")

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Exception, match="all"):
        asyncio.run(above())
    thread.join()
    assert {run.state for run in runs().values()} == {StateType.CANCELLED}


def test_a_coroutine_that_is_closed_was_cancelled():
    @task
    async def waits():
        await asyncio.Event().wait()

    @flow
    async def closed():
        await waits()

    async def main():
        coroutine = closed()
        coroutine.send(None)
        coroutine.close()

    asyncio.run(main())
    run = runs()["closed"]
    assert run.state is StateType.CANCELLED
    [row] = open_session().backend.task_runs(run.id)
    assert row.state is StateType.CANCELLED


def test_a_run_knows_that_it_was_asked_in_its_hooks():
    names = []

    @flow(on_cancellation=[lambda flow, run, state: names.append(flow_run.name)])
    def waits():
        execution("waits").cancel("now")
        threading.Event().wait(60)

    with pytest.raises(Exception, match="now"):
        waits()
    assert names == [runs()["waits"].name]


class Turn:
    """Lets an event loop do what else there is to do."""

    def __await__(self):
        yield


def in_another_thread(fn):
    """What a function that runs in a thread of its own returns."""
    found = []
    thread = threading.Thread(target=lambda: found.append(fn()))
    thread.start()
    thread.join()
    return found[0]


def test_a_sub_flow_that_blocks_the_loop_is_not_struck_for_its_neighbour():
    @flow
    async def below():
        await asyncio.Event().wait()

    @flow
    async def beside():
        # Between two waits of its own, while the loop is blocked.
        in_another_thread(lambda: execution("below").cancel("just that one"))
        return "on"

    @flow
    async def above():
        return await asyncio.gather(below(), beside(), return_exceptions=True)

    error, went_on = asyncio.run(above())
    assert (str(error), went_on) == ("just that one", "on")
    assert {run.flow_name: run.state for run in runs().values()} == {
        "below": StateType.CANCELLED,
        "beside": StateType.COMPLETED,
        "above": StateType.COMPLETED,
    }


@pytest.mark.parametrize("asked", ["above", "below"])
def test_a_sub_flow_that_blocks_the_loop_is_interrupted_once(asked):
    heard = []

    async def hook(flow, run, state):
        for _ in range(5):
            await Turn()
        heard.append(flow.name)

    @flow(on_cancellation=[hook])
    async def below():
        in_another_thread(lambda: execution(asked).cancel("now"))
        threading.Event().wait(60)

    @flow(on_cancellation=[hook])
    async def above():
        await below()

    with pytest.raises(BaseException, match="now"):
        asyncio.run(above())
    assert heard == ["below", "above"]
    found = runs()
    assert {run.state for run in found.values()} == {StateType.CANCELLED}
    backend = open_session().backend
    assert [line.message for _, line in backend.logs(found["above"].id)] == []


@pytest.mark.parametrize("heeds", [True, False])
def test_no_cancel_of_a_flow_is_left_in_the_asyncio_task_around_it(heeds):
    @flow
    async def stopped():
        in_another_thread(lambda: execution("stopped").cancel("now"))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if heeds:
                raise

    async def main():
        with suppress(CancelledRun):
            await stopped()
        current = asyncio.current_task()
        return current is not None and current.cancelling()

    # No signal reaches the loop there: its task is cancelled.
    assert in_another_thread(lambda: asyncio.run(main())) == 0
    assert runs()["stopped"].state is (StateType.CANCELLED if heeds else StateType.COMPLETED)


def test_a_cancel_that_a_task_group_has_wrapped_comes_out_bare():
    raised = []

    @flow
    async def below():
        async with asyncio.TaskGroup():
            in_another_thread(lambda: execution("below").cancel("just that one"))
            threading.Event().wait(60)

    @flow
    async def above():
        try:
            await below()
        except CancelRun as error:
            raised.append(str(error))

    asyncio.run(above())
    assert raised == ["just that one"]


def test_the_consumer_of_a_generator_on_a_loop_is_not_cancelled_in_its_turn():
    turns = []

    @flow
    async def below():
        # Its asyncio task is to be cancelled as soon as the loop comes to it.
        execution("below").cancel("just that one")
        yield 1
        turns.append("below")

    @flow
    async def above():
        try:
            async for _ in below():
                for _ in range(5):
                    await Turn()
                turns.append("above")
        except CancelRun as error:
            return str(error)

    assert in_another_thread(lambda: asyncio.run(above())) == "just that one"
    assert turns == ["above"]
    assert runs()["below"].state is StateType.CANCELLED


def test_a_generator_is_stopped_in_the_thread_that_takes_its_items():
    struck, spinning = [], threading.Event()

    @flow
    def items():
        yield 1
        spinning.set()
        try:
            while True:
                pass
        except CancelRun:
            struck.append(threading.current_thread().name)
            raise

    def take_the_next():
        with pytest.raises(CancelledRun):
            next(given)

    given = items()
    first = threading.Thread(target=lambda: next(given))
    first.start()
    first.join()
    second = threading.Thread(target=take_the_next, name="second")
    second.start()
    spinning.wait()
    execution("items").cancel("now")
    second.join()
    assert struck == ["second"]


class Meanwhile:
    """Something that happens between two steps of another thread, once."""

    def __init__(self, fn):
        self.left = [fn]

    def __call__(self):
        if self.left:
            self.left.pop()()


def test_a_cancel_on_its_way_to_a_run_in_a_thread_does_not_outlive_it(monkeypatch):
    """The run ends after it was asked whether it can still be stopped."""
    at, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    strike = Gate.strike

    def late(own, *args):
        at.set()
        ended.wait(60)
        return strike(own, *args)

    @flow
    def below():
        go_on.wait(60)
        return 1

    @flow
    def above():
        found = below()
        ended.set()
        asking.join()
        return found

    monkeypatch.setattr(Gate, "strike", late)
    results = []
    thread = threading.Thread(target=lambda: results.append(above()))
    thread.start()
    asking = threading.Thread(target=lambda: execution("below").cancel("too late"))
    asking.start()
    at.wait(60)
    go_on.set()
    thread.join()
    assert results == [1]


def test_two_who_cancel_a_run_at_once_interrupt_it_once(monkeypatch):
    class Slow(CancelRun):
        def __init__(self, reason):
            super().__init__(reason)
            meanwhile()

    @flow
    def stopped():
        asking.start()
        threading.Event().wait(60)

    asking = threading.Thread(target=lambda: execution("stopped").cancel("second"))
    struck = []
    stop = Stopper.stop
    monkeypatch.setattr(
        Stopper, "stop", lambda own, error: struck.append(error) or stop(own, error)
    )
    meanwhile = Meanwhile(lambda: execution("stopped").cancel("first"))
    monkeypatch.setattr("noria.engine.execution.CancelRun", Slow)
    with pytest.raises(CancelledRun, match="first"):
        stopped()
    asking.join()
    assert [str(error) for error in struck] == ["first"]


def test_a_task_that_starts_while_it_is_cancelled_is_stopped(monkeypatch):
    """It has not begun when that is asked, and would have when it is withdrawn."""
    running, go_on = threading.Event(), threading.Event()

    @task
    def spins():
        running.set()
        while True:
            pass

    @task
    def blocked():
        go_on.wait(60)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def holds():
        first = blocked.submit()
        future = spins.submit()
        withdraw = Work.withdraw

        def late(work, reason):
            go_on.set()
            running.wait(60)
            withdraw(work, reason)

        monkeypatch.setattr(Work, "withdraw", late)
        future.cancel()
        go_on.set()
        first.wait()
        future.wait()
        return future.state.type

    assert holds() is StateType.CANCELLED


@pytest.mark.parametrize(
    ("error", "state"),
    [(KeyboardInterrupt(), StateType.CANCELLED), (StoreError("away"), StateType.FAILED)],
)
def test_a_sub_flow_that_is_interrupted_as_it_is_taken_over_has_an_end(monkeypatch, error, state):
    """It was begun in an earlier execution of its parent, and is to go on in this one."""
    fails = [True]

    @flow
    def below():
        if fails:
            raise KeyboardInterrupt

    @flow
    def above():
        below()

    with pytest.raises(KeyboardInterrupt):
        above()
    fails.clear()
    backend = type(open_session().backend)
    begin = backend.begin_execution

    def interrupted(self, flow_run, process, now):
        taken = begin(self, flow_run, process, now)
        if taken.flow_name == "below":
            raise error
        return taken

    monkeypatch.setattr(backend, "begin_execution", interrupted)
    with suppress(KeyboardInterrupt):
        resume(to_uuid(runs()["above"].id), flow=above)
    found = runs()["below"]
    assert (found.state, found.end is not None, found.epoch) == (state, True, 2)
    monkeypatch.setattr(backend, "begin_execution", begin)
    assert resume(to_uuid(runs()["above"].id), flow=above).is_completed()
