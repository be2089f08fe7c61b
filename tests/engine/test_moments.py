"""A cancel or a signal that strikes in the midst of Noria's own code, at each of its lines."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from noria import flow, task
from noria.backend.port import RunFilter
from noria.core.errors import CancelRun
from noria.core.states import StateType
from noria.engine.session import open_session
from tests.engine.moments import each_moment

ENOUGH = 40
"""So many moments there are at least: a flow's function stands in some hundred lines of Noria."""


class Play:
    """What is known of one performance of some flows."""

    def __init__(self):
        self.session = open_session()
        self.begin()

    def begin(self):
        self.began = False
        self.states = []
        self.heard = []
        self.raised = []
        return self

    def execution(self, name):
        for each in list(self.session.executions.values()):
            if each.flow.name == name:
                return each
        return None

    def is_about_to_begin(self):
        return not self.began and self.execution("below") is not None

    def cancel(self):
        execution = self.execution("below")
        if execution is not None:
            execution.cancel("just that one")

    def hook(self, flow, run, state):
        self.heard.append(state.name)

    def ends(self):
        """The states of the newest runs by name of their flow, and whether they have an end."""
        self.session.journal.flush()
        found = self.session.backend.flow_runs(RunFilter(top_level=False, limit=3))
        runs = [summary.run for summary in found][::-1]
        return {run.flow_name: (run.state, run.end is not None) for run in runs}


@pytest.fixture
def play(isolated):
    return Play()


CANCELLED, COMPLETED = (StateType.CANCELLED, True), (StateType.COMPLETED, True)


def cancelled_alone(play, body, every):
    """Cancel the sub-flow at each moment until its function begins; what is above goes on."""
    count = 0
    for place, outcome in each_moment(body, play.is_about_to_begin, play.cancel, every):
        found = outcome, list(map(str, play.raised)), play.heard, play.ends(), play.began
        ends = {"below": CANCELLED, "above": COMPLETED}
        assert found == ("on", ["just that one"], ["Cancelling"], ends, False), place
        assert play.session.executions == {}, place
        count += 1
    assert count > ENOUGH


@pytest.mark.parametrize(("kind", "every"), [("flow", 1), ("generator", 3)])
def test_a_sub_flow_on_a_loop_is_cancelled_alone_at_whatever_moment(play, kind, every):
    if kind == "flow":

        @flow(on_cancellation=[play.hook])
        async def below():
            play.began = True

    else:

        @flow(on_cancellation=[play.hook])
        async def below():
            play.began = True
            yield 1

    @task
    async def after():
        return "on"

    @flow
    async def above():
        try:
            if kind == "flow":
                await below()
            else:
                async for _ in below():
                    pass
        except CancelRun as error:
            play.raised.append(error)
        current = asyncio.current_task()
        return await after() if current is not None and not current.cancelling() else "off"

    def body():
        play.begin()
        return asyncio.run(above())

    cancelled_alone(play, body, every)


@pytest.mark.parametrize("kind", ["flow", "generator"])
def test_a_sub_flow_in_a_thread_is_cancelled_alone_at_whatever_moment(play, kind):
    if kind == "flow":

        @flow(on_cancellation=[play.hook])
        def below():
            play.began = True

    else:

        @flow(on_cancellation=[play.hook])
        def below():
            play.began = True
            yield 1

    @task
    def after():
        return "on"

    @flow
    def above():
        try:
            list(below() or ())
        except CancelRun as error:
            play.raised.append(error)
        return after()

    def body():
        play.begin()
        return above()

    cancelled_alone(play, body, every=3)


def test_what_stands_beside_a_cancelled_sub_flow_on_a_loop_goes_on(play):
    @flow
    async def below():
        await asyncio.Event().wait()

    @task
    async def step(n):
        return n

    @flow
    async def beside():
        found = await step(1) + await step(2)
        # The last time nothing has struck.
        await asyncio.to_thread(play.cancel)
        return found

    @flow
    async def above():
        gathered = await asyncio.gather(below(), beside(), return_exceptions=True)
        play.raised.append(gathered[0])
        return gathered[1]

    def body():
        play.begin()
        return asyncio.run(above())

    def is_beside():
        # The lines of what stands beside, once both are there.
        current = play.execution("beside")
        return current is not None and play.execution("below") is not None

    count = 0
    for place, outcome in each_moment(body, is_beside, play.cancel, every=11):
        assert (outcome, list(map(str, play.raised))) == (3, ["just that one"]), place
        ends = {"below": CANCELLED, "beside": COMPLETED, "above": COMPLETED}
        assert play.ends() == ends, place
        count += 1
    assert count > ENOUGH


@flow(name="stopped")
def in_a_thread():
    return 1


@flow(name="stopped")
async def on_a_loop():
    return 1


@flow(name="stopped")
def one_by_one():
    yield 1


@pytest.mark.parametrize(
    "run",
    [in_a_thread, lambda: asyncio.run(on_a_loop()), lambda: list(one_by_one())],
    ids=["thread", "loop", "generator"],
)
def test_a_termination_signal_is_lost_at_no_moment(play, run):
    def is_under_way():
        return play.execution("stopped") is not None

    def terminate():
        os.kill(os.getpid(), signal.SIGTERM)

    count = 0
    for place, outcome in each_moment(run, is_under_way, terminate, every=2):
        assert isinstance(outcome, SystemExit), (place, outcome)
        assert outcome.code == 143
        assert play.ends()["stopped"] in (CANCELLED, COMPLETED), place
        count += 1
    assert count > ENOUGH
