"""The task runner itself: its options, and what is done around tasks."""

from __future__ import annotations

import os

import pytest

from noria import flow, get_run_logger, task
from noria.context import FlowRunContext
from noria.task_runners import ConcurrentTaskRunner, ProcessPoolTaskRunner


@task
def square(n: int) -> int:
    return n * n


def test_outside_flows():
    with ProcessPoolTaskRunner(max_workers=1) as runner:
        future = runner.submit(square, {"n": 4})
        assert future.result() == 16
        futures = runner.map(square, {"n": [1, 2]})
        assert futures.result() == [1, 4]


def test_the_runner_itself(monkeypatch):
    def prepare(n):
        """Stands for an initializer."""

    runner = ProcessPoolTaskRunner(3, initializer=prepare, initargs=(1,))
    assert (runner._max_workers, runner.name) == (3, "processpool")
    assert not isinstance(runner, ConcurrentTaskRunner)
    copy = runner.duplicate()
    assert copy == runner
    assert copy is not runner
    assert (copy._initializer, copy._initargs) == (prepare, (1,))
    assert runner != ProcessPoolTaskRunner(4)
    assert hash(copy) == hash(runner)
    assert ProcessPoolTaskRunner()._max_workers == os.cpu_count()
    monkeypatch.setenv("NORIA_TASK_RUNNER_PROCESS_POOL_MAX_WORKERS", "5")
    assert ProcessPoolTaskRunner()._max_workers == 5
    with pytest.raises(ValueError, match="max_workers"):
        ProcessPoolTaskRunner(-1)
    with pytest.raises(TypeError, match="initializer"):
        ProcessPoolTaskRunner(initializer="prepare")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="must be started"):
        runner.submit(square, {"n": 1})


def test_message_processors(on_processes, lines):
    def shout():
        def processor(kind, content):
            if "secret" in content["message"]:
                return None
            return kind, {**content, "message": content["message"].upper()}

        return processor

    def broken():
        raise OSError("no such processor")

    @task
    def talk():
        get_run_logger().info("hello")
        get_run_logger().info("a secret")

    runner = ProcessPoolTaskRunner(1)
    runner.set_subprocess_message_processor_factories([shout, broken])
    assert runner.subprocess_message_processor_factories == (shout, broken)

    @flow(task_runner=runner)
    def talking():
        around = FlowRunContext.get()
        assert around is not None
        with pytest.raises(RuntimeError, match="while task runner is started"):
            around.task_runner.subprocess_message_processor_factories = ()
        talk.submit().wait()

    state = talking(return_state=True)
    assert [row.message for row in lines(state.state_details.flow_run_id)] == ["HELLO"]


_ready: list = []


def get_ready(name):
    _ready.append(name)


@task
def readiness():
    return list(_ready)


def test_initializer_runs_once_in_each_process(on_processes):
    @on_processes(1, initializer=get_ready, initargs=("tools",))
    def prepared():
        return [readiness.submit().result() for _ in range(2)]

    assert prepared() == [["tools"], ["tools"]]
    assert _ready == []


def test_a_failing_initializer_is_named(on_processes):
    def cannot():
        raise OSError("no licence")

    @on_processes(1, initializer=cannot)
    def unprepared():
        states = [square.submit(n, return_state=True) for n in range(2)]
        return [state.message for state in states]

    for message in unprepared():
        assert "initializer 'cannot' of ProcessPoolTaskRunner failed in process" in message
        assert "OSError: no licence" in message
