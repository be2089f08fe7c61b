"""What a forked child does with what it has inherited in the midst of a run."""

from __future__ import annotations

import pytest

from noria.backend.port import RunFilter
from noria.core.states import StateType
from tests.engine.scripts import Script

FORKING = """
import multiprocessing
from noria import get_run_logger
from noria.futures import wait

forked = multiprocessing.get_context("fork")
go, gone = os.pipe()

@task
def step(n):
    return n

@task
def held():
    os.read(go, 1)
    return "let go"

def hook(flow, flow_run, state):
    note("hook:" + state.name)

def in_child(body):
    pid = os.fork()
    if pid == 0:
        body()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

@flow(on_completion=[hook], on_failure=[hook], on_crashed=[hook], on_cancellation=[hook], retries=2)
def leaves():
    # The child goes up through the whole run: by an exception, an exit, or simply by its end.
    future = held.submit()
    pid = os.fork()
    if pid == 0:
        if sys.argv[2] == "raises":
            raise ValueError
        if sys.argv[2] == "exits":
            sys.exit(3)
        return 0
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(gone, b"1")
    return [future.result(), code]

@task(retries=2, on_failure=[hook])
def forks():
    note("attempt")
    if os.getpid() != int(os.environ["PARENT"]) or os.fork() == 0:
        raise ValueError
    os.wait()
    return "parent"

@flow
def in_a_worker():
    return forks.submit().result()

@flow
def asks():
    future = held.submit()

    def ask():
        try:
            wait([future])
        except RuntimeError as error:
            say("refused", "forked" in str(error))
        os._exit(0)

    in_child(ask)
    os.write(gone, b"1")
    return future.result()

@flow
def logs():
    def child():
        get_run_logger().info("child")
        open_session_of_child()
        os._exit(in_child(grandchild))

    def grandchild():
        get_run_logger().info("grandchild")
        flush()
        os._exit(0)

    def open_session_of_child():
        step(1)
        flush()

    def flush():
        from noria.context import FlowRunContext
        FlowRunContext.get().execution.session.journal.flush()

    get_run_logger().info("parent")
    return in_child(child)

@flow
def terminates():
    child = forked.Process(target=time.sleep, args=(3600,))
    child.start()
    child.terminate()
    child.join()
    return child.exitcode

@flow
def inner():
    return sum(step.map(range(3)).result())

@flow
def beside_a_map():
    futures = step.map(range(300))
    children = [forked.Process(target=inner) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    futures.wait()
    return [child.exitcode for child in children]

def main():
    os.environ["PARENT"] = str(os.getpid())
    try:
        result = globals()[sys.argv[1]]()
    except ValueError:
        os._exit(4)
    if os.getpid() == int(os.environ["PARENT"]):
        say("result", result)
    else:
        sys.exit(5)
"""


@pytest.fixture
def runs(tmp_path, isolated):
    """Run a flow of the script; returns the script and the flow's result as text."""
    made = []

    def run(*arguments):
        script = Script(tmp_path, isolated, FORKING)
        made.append(script)
        script.start(*arguments)
        result = script.hears("result")
        code, errors = script.ends()
        assert (code, errors) == (0, "")
        return script, result

    yield run
    for script in made:
        script.close()


@pytest.mark.parametrize(("how", "code"), [("raises", 4), ("exits", 3), ("ends", 5)])
def test_a_child_that_leaves_the_run_says_nothing_of_it(runs, how, code):
    script, result = runs("leaves", how)
    assert result == f"['let go', {code}]"
    run = script.run()
    assert (run.state, run.run_count, run.epoch) == (StateType.COMPLETED, 1, 1)
    assert script.effects() == ["hook:Completed"]
    assert script.task_states() == ["COMPLETED"]


def test_a_child_that_leaves_a_task_in_a_thread_ends(runs):
    script, result = runs("in_a_worker")
    assert result == "parent"
    assert script.effects() == ["attempt"]
    assert script.task_states() == ["COMPLETED"]


def test_a_child_is_told_that_it_cannot_wait_for_what_its_parent_runs(tmp_path, isolated):
    script = Script(tmp_path, isolated, FORKING)
    script.start("asks")
    assert script.hears("refused") == "True"
    assert script.hears("result") == "let go"
    assert script.ends() == (0, "")


def test_lines_of_children_and_their_children_stand_in_the_log(runs):
    script, result = runs("logs")
    assert result == "0"
    backend = script.store()
    lines = [line.message for _, line in backend.logs(script.run().id)]
    assert sorted(lines) == ["child", "grandchild", "parent"]
    backend.close()


def test_a_child_can_be_terminated(runs):
    assert runs("terminates")[1] == "-15"


def test_children_run_flows_while_the_parent_runs_tasks(runs):
    script, result = runs("beside_a_map")
    assert result == "[0, 0, 0]"
    backend = script.store()
    found = [summary.run for summary in backend.flow_runs(RunFilter(top_level=True))]
    assert sorted(run.flow_name for run in found) == ["beside-a-map", "inner", "inner", "inner"]
    assert {run.state for run in found} == {StateType.COMPLETED}
    backend.close()
