"""Deadlines that strike for real: in the main thread, in others, in sub-flows, on an event loop.

Each test blocks for ever unless its timeout fires, so nothing is measured and nothing sleeps.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from noria import flow, task
from noria.core.errors import FlowRunTimeoutError, TaskRunTimeoutError
from noria.engine import interrupts
from noria.engine.gate import gate
from noria.task_runners import ThreadPoolTaskRunner

SHORT = 0.02
LONG = 3600.0


@pytest.fixture
def never():
    """A lock that nobody will ever release."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@pytest.fixture
def silent():
    """A pipe that nobody will ever write to."""
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


def spin():
    """Python that never ends; what another thread can interrupt."""
    while True:
        pass


# --- in the main thread ---------------------------------------------------------------------


def test_a_lock_that_is_never_released(never):
    @task(timeout_seconds=SHORT)
    def blocked():
        never.acquire()

    @flow
    def pipeline():
        return blocked(return_state=True)

    state = pipeline(return_state=True).data
    assert (state.name, state.type.value) == ("TimedOut", "FAILED")
    with pytest.raises(TaskRunTimeoutError):
        blocked()


def test_a_pipe_that_stays_silent(silent):
    @task(timeout_seconds=SHORT)
    def blocked():
        os.read(silent, 1)

    assert blocked(return_state=True).name == "TimedOut"


def test_a_child_process_that_never_ends():
    children = []

    @task(timeout_seconds=SHORT)
    def blocked():
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            children.append(child)
            try:
                child.wait()
            finally:
                child.kill()

    assert blocked(return_state=True).name == "TimedOut"
    assert children[0].returncode == -signal.SIGKILL


def test_computing_for_ever():
    @task(timeout_seconds=SHORT)
    def busy():
        spin()

    assert busy(return_state=True).name == "TimedOut"


def test_every_attempt_has_its_own_time(never):
    attempts = []

    @task(timeout_seconds=SHORT, retries=2)
    def blocked():
        attempts.append(1)
        if len(attempts) < 3:
            never.acquire()
        return "at last"

    assert blocked() == "at last"
    assert len(attempts) == 3


def test_the_user_can_clean_up(never):
    cleaned = []

    @task(timeout_seconds=SHORT)
    def blocked():
        try:
            never.acquire()
        finally:
            cleaned.append(1)

    blocked(return_state=True)
    assert cleaned == [1]


def test_a_flow(never):
    @flow(timeout_seconds=SHORT)
    def blocked():
        never.acquire()

    assert blocked(return_state=True).name == "TimedOut"
    with pytest.raises(FlowRunTimeoutError):
        blocked()


@pytest.mark.parametrize(
    ("outer", "inner", "error"),
    [(LONG, SHORT, TaskRunTimeoutError), (SHORT, LONG, FlowRunTimeoutError)],
)
def test_nested_timeouts(never, outer, inner, error):
    raised = []

    @task(timeout_seconds=inner)
    def blocked():
        try:
            never.acquire()
        except BaseException as exc:
            raised.append(type(exc))
            raise

    @flow(timeout_seconds=outer)
    def pipeline():
        blocked()

    state = pipeline(return_state=True)
    assert raised == [error]
    assert state.name == "TimedOut"


def test_an_inner_timeout_leaves_the_outer_one_running(never):
    @task(timeout_seconds=SHORT)
    def blocked():
        never.acquire()

    @flow(timeout_seconds=5 * SHORT)
    def pipeline():
        assert blocked(return_state=True).name == "TimedOut"
        spin()

    state = pipeline(return_state=True)
    assert state.message == f"Flow run exceeded timeout of {5 * SHORT} second(s)"


def test_a_sub_flow(never):
    @flow(timeout_seconds=SHORT)
    def child():
        never.acquire()

    @flow
    def parent():
        return child(return_state=True).name

    @flow
    def propagating():
        child()

    assert parent() == "TimedOut"
    state = propagating(return_state=True)
    assert state.name == "TimedOut"
    assert "None" not in state.message


def test_a_timeout_that_user_code_raises_is_not_ours():
    @task(timeout_seconds=LONG)
    def load():
        raise TimeoutError("the server's")

    state = load(return_state=True)
    assert state.message == 'Task run failed due to timeout: TimeoutError("the server\'s")'


def test_nothing_stray_comes_after_a_timeout(never):
    """Timeouts that fire about when their block ends must not hit what follows."""
    outcomes = set()

    @task(timeout_seconds=0.0005)
    def brief(n):
        for _ in range(n):
            pass

    @flow
    def pipeline():
        for n in range(0, 12_000, 60):
            outcomes.add(brief(n, return_state=True).name)
            assert sum(k for k in range(50)) == 1225

    pipeline()
    assert outcomes <= {"Completed", "TimedOut"}
    assert gate().opened
    assert interrupts._deadlines == []


def test_a_signal_handler_of_the_users_is_put_back(never):
    calls = []
    own = signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
    try:

        @task(timeout_seconds=SHORT)
        def blocked():
            never.acquire()

        blocked(return_state=True)
        signal.raise_signal(signal.SIGALRM)
        assert calls == [1]
    finally:
        signal.signal(signal.SIGALRM, own)


# --- in other threads -----------------------------------------------------------------------


@pytest.mark.parametrize("block", ["lock", "spin"])
def test_a_submitted_task(never, block):
    @task(timeout_seconds=SHORT)
    def blocked():
        never.acquire() if block == "lock" else spin()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def pipeline():
        future = blocked.submit()
        future.wait()
        return future.state.name, [f.result() for f in [add.submit(1), add.submit(2)]]

    assert pipeline() == ("TimedOut", [2, 3])
    never.release()


@task
def add(x):
    return x + 1


def test_a_mapped_task_of_which_one_hangs(never):
    @task(timeout_seconds=SHORT)
    def stuck_at(n):
        if n == 2:
            never.acquire()
        return n

    @flow
    def pipeline():
        futures = stuck_at.map(range(4))
        futures.wait()
        return [future.state.name for future in futures]

    names = pipeline()
    never.release()
    assert names == ["Completed", "Completed", "TimedOut", "Completed"]


def test_a_timed_out_thread_ends_without_a_word(never, capsys):
    stopped = threading.Event()

    @task(timeout_seconds=SHORT)
    def blocked():
        try:
            never.acquire()
            spin()
        finally:
            stopped.set()

    @flow
    def pipeline():
        return blocked.submit(return_state=True).name

    assert pipeline() == "TimedOut"
    never.release()
    stopped.wait()
    assert capsys.readouterr().err == ""


def test_a_flow_that_a_thread_runs(never):
    @flow(timeout_seconds=SHORT)
    def blocked():
        never.acquire()

    found = []
    thread = threading.Thread(target=lambda: found.append(blocked(return_state=True).name))
    thread.start()
    thread.join()
    never.release()
    assert found == ["TimedOut"]


def test_a_flow_whose_time_is_up_stops_the_tasks_it_submitted():
    begun = threading.Event()

    @task
    def endless():
        begun.set()
        spin()

    @flow(timeout_seconds=0.2)
    def pipeline(kept):
        kept.append(endless.submit())
        begun.wait()
        spin()

    kept: list[Any] = []
    assert pipeline(kept, return_state=True).name == "TimedOut"
    assert kept[0].done()
    assert kept[0].state.is_cancelled()


def test_the_time_of_a_flow_covers_what_it_submitted():
    @task
    def endless():
        spin()

    @flow(timeout_seconds=0.05)
    def pipeline(kept):
        kept.append(endless.submit())

    kept: list[Any] = []
    assert pipeline(kept, return_state=True).name == "TimedOut"
    assert kept[0].state.is_cancelled()


# --- on an event loop -----------------------------------------------------------------------


async def forever():
    await asyncio.Event().wait()


def test_async_tasks_and_flows():
    @task(timeout_seconds=SHORT)
    async def hanging():
        await forever()

    @flow(timeout_seconds=SHORT)
    async def hanging_flow():
        await forever()

    @flow
    async def pipeline():
        states = [await hanging(return_state=True), await hanging_flow(return_state=True)]
        return [state.name for state in states]

    assert asyncio.run(pipeline()) == ["TimedOut", "TimedOut"]


def test_one_of_many_async_tasks():
    @task(timeout_seconds=SHORT)
    async def stuck_at(n):
        if n == 2:
            await forever()
        return n

    @flow
    async def pipeline():
        states = await asyncio.gather(*[stuck_at(n, return_state=True) for n in range(4)])
        return [state.name for state in states]

    assert asyncio.run(pipeline()) == ["Completed", "Completed", "TimedOut", "Completed"]


def test_a_sync_task_in_an_async_flow(never):
    @task(timeout_seconds=SHORT)
    def blocked():
        never.acquire()

    @flow
    async def pipeline():
        return blocked(return_state=True).name

    assert asyncio.run(pipeline()) == "TimedOut"


def test_a_submitted_async_task():
    @task(timeout_seconds=SHORT)
    async def hanging():
        await forever()

    @flow
    def pipeline():
        return hanging.submit(return_state=True).name

    assert pipeline() == "TimedOut"


# --- generators -----------------------------------------------------------------------------


def test_a_generator_task(never):
    @task(timeout_seconds=SHORT)
    def numbers():
        yield 1
        never.acquire()

    @flow
    def pipeline():
        seen = []
        with pytest.raises(TaskRunTimeoutError):
            seen.extend(numbers())
        return seen

    assert pipeline() == [1]


def test_an_async_generator_task():
    @task(timeout_seconds=SHORT)
    async def numbers():
        yield 1
        await forever()

    @flow
    async def pipeline():
        values = numbers()
        first = await anext(values)
        with pytest.raises(TaskRunTimeoutError):
            await anext(values)
        return [first]

    assert asyncio.run(pipeline()) == [1]


# --- where Python ignores what is raised ----------------------------------------------------


class Last:
    """Does something when it goes."""

    def __init__(self, last):
        self.last = last

    def __del__(self):
        self.last()


def test_a_deadline_that_strikes_in_a_finalizer_strikes_again(never):
    @task(timeout_seconds=SHORT)
    def blocked():
        # The first is swallowed with what interrupts it.
        Last(never.acquire)
        never.acquire()

    @flow
    def pipeline():
        return blocked(return_state=True).name

    assert blocked(return_state=True).name == "TimedOut"
    assert pipeline() == "TimedOut"


def test_a_cancel_that_strikes_in_a_finalizer_strikes_again(never):
    begun = threading.Event()

    @task
    def spins():
        begun.set()
        Last(spin)
        spin()

    @flow
    def in_a_thread():
        future = spins.submit()
        begun.wait()
        future.cancel()
        future.wait()
        return future.state.name

    assert in_a_thread() == "Cancelled"


def test_a_signal_that_strikes_in_a_finalizer_strikes_again(never):
    @flow
    def terminated():
        main = threading.main_thread().ident
        sender = threading.Thread(target=signal.pthread_kill, args=(main, signal.SIGTERM))

        def last():
            sender.start()
            never.acquire()

        Last(last)
        never.acquire()

    with pytest.raises(SystemExit):
        terminated()
    assert sys.unraisablehook is not interrupts._on_unraisable
