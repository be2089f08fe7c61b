"""Processes that die, tasks that take too long, and cancels."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from noria import task
from noria.core.errors import CancelRun, CrashedRun
from tests.engine.processes.conftest import gone


@task
def square(n):
    return n * n


@task
def where():
    return os.getpid()


@task
def die(how):
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), how)


@task
def for_ever(path):
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    threading.Event().wait()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "ended with exit code 3"),
        (signal.SIGKILL, "was killed by SIGKILL"),
        (signal.SIGSEGV, "was killed by SIGSEGV"),
        (signal.SIGTERM, "was killed by SIGTERM"),
    ],
)
def test_a_killed_process_crashes_its_task_and_no_other(on_processes, recorded, how, message):
    @on_processes(1)
    def goes_on():
        doomed = die.submit(how)
        others = square.map(range(3))
        doomed.wait()
        with pytest.raises(CrashedRun, match=r"The process \d+ that ran it"):
            doomed.result()
        return others.result(), doomed.state

    state = goes_on(return_state=True)
    values, doomed = state.result()
    assert values == [0, 1, 4]
    assert doomed.is_crashed()
    (row,) = recorded(state.state_details.flow_run_id)["die"]
    assert doomed.message == f"The process {row.process} that ran it {message}."


def test_a_crash_that_nobody_sees_fails_the_flow(on_processes):
    @on_processes(1)
    def unseen():
        die.submit("exit")

    assert unseen(return_state=True).is_failed()


def test_a_process_killed_between_tasks_is_replaced(on_processes):
    @on_processes(1)
    def replaced():
        pid = where.submit().result()
        os.kill(pid, signal.SIGKILL)
        # Reaped once the pool has noticed; until then the pid names a zombie.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return pid, where.submit().result()

    one, two = replaced()
    assert one != two


def test_a_killed_process_that_has_forked_is_noticed(on_processes, fifo):
    @task
    def forks():
        if os.fork() == 0:
            # Holds the pipe open after its parent has died.
            threading.Event().wait()
        os.kill(os.getpid(), signal.SIGKILL)

    @on_processes(1)
    def forking():
        return forks.submit(return_state=True).is_crashed()

    assert forking()


@task(timeout_seconds=0.3)
def too_long(path):
    try:
        with open(path, "w") as file:
            file.write(str(os.getpid()))
        threading.Event().wait()
    finally:
        with open(path, "a") as file:
            file.write(" cleaned up")


def test_a_timeout_ends_the_process(on_processes, tmp_path):
    path = str(tmp_path / "pid")

    @on_processes(1)
    def goes_on():
        state = too_long.submit(path, return_state=True)
        return state, where.submit().result()

    state, fresh = goes_on()
    assert (state.name, state.message) == (
        "TimedOut",
        "Task run exceeded timeout of 0.3 second(s)",
    )
    pid, *words = Path(path).read_text().split()
    assert words == ["cleaned", "up"]
    assert int(pid) != fresh
    assert gone(int(pid))


def test_a_timeout_ends_what_does_not_want_to_end(on_processes, tmp_path, monkeypatch):
    path = str(tmp_path / "pid")

    @task(timeout_seconds=0.2)
    def stubborn():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(path, "w") as file:
            file.write(str(os.getpid()))
        threading.Event().wait()

    @on_processes(1)
    def patient():
        return stubborn.submit(return_state=True).name

    monkeypatch.setattr("noria.engine.processes.process.GRACE", 0.1)
    assert patient() == "TimedOut"
    assert gone(int(Path(path).read_text()))


def test_a_task_in_time_keeps_its_process(on_processes):
    @on_processes(1)
    def quick():
        quickly = where.with_options(timeout_seconds=60)
        return {quickly.submit().result() for _ in range(3)}

    assert len(quick()) == 1


def test_cancel_ends_the_process(on_processes, fifo):
    @on_processes(1)
    def impatient():
        future = for_ever.submit(fifo)
        with open(fifo) as file:
            pid = int(file.read())
        assert future.cancel()
        future.wait()
        return future.state, pid, where.submit().result()

    state, pid, fresh = impatient()
    assert state.is_cancelled()
    assert isinstance(state.data, CancelRun)
    assert pid != fresh
    assert gone(pid)


def test_cancel_before_the_start(on_processes, fifo):
    @on_processes(1)
    def crowded():
        running = for_ever.submit(fifo)
        waiting = square.submit(2)
        with open(fifo) as file:
            file.read()
        waiting.cancel()
        running.cancel()
        waiting.wait()
        return waiting.state.message

    assert crowded() == "Cancelled before it started."


def test_a_failing_flow_does_not_wait_for_what_runs(on_processes, fifo):
    class Stop(BaseException):
        """Not an error: an interruption."""

    @on_processes(1)
    def interrupted():
        future = for_ever.submit(fifo)
        with open(fifo) as file:
            pids.append(int(file.read()))
        raise Stop(future)

    pids: list = []
    with pytest.raises(Stop):
        interrupted()
    assert gone(pids[0])
