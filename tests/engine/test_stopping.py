"""Stopping runs in this process: what is stopped, what goes on, and what comes too late."""

from __future__ import annotations

import asyncio
import threading

import pytest

from noria import flow, task
from noria.backend.port import RunFilter
from noria.core.errors import CancelRun
from noria.core.states import StateType
from noria.engine.session import open_session
from noria.journal.journal import Journal
from noria.runtime import flow_run


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
