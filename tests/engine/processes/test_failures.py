"""Processes that die, tasks that take too long, and what cannot be sent."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from noria import flow, task
from noria.core.errors import CancelRun, CrashedRun, SerializationError
from noria.core.tracebacks import error_facts, format_exception
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
        with pytest.raises(CrashedRun, match="The process .* that ran it"):
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


def outcome_of(on_processes, task, *args):
    """The state of a task on processes, and that the pool is fit for another one."""

    states = []

    @on_processes(1)
    def one_of_two():
        states.append(task.submit(*args, return_state=True))
        assert square.submit(3).result() == 9

    one_of_two()
    return states[0]


def test_a_function_that_cannot_be_pickled(on_processes):
    lock = threading.Lock()

    @task
    def locked():
        with lock:
            return 1

    state = outcome_of(on_processes, locked)
    assert state.is_failed()
    assert "Task 'locked' cannot be sent to another process" in state.message
    assert "__closure__['lock'] is a '_thread.lock'" in state.message


def test_an_argument_that_cannot_be_pickled(on_processes):
    state = outcome_of(on_processes, square, {"deep": [threading.Lock()]})
    assert state.is_failed()
    assert "Task 'square' cannot be run in another process" in state.message
    assert "parameters['n']['deep'][0] is a '_thread.lock'" in state.message


def test_a_result_that_cannot_be_pickled(on_processes):
    @task
    def gives_lock():
        return {"deep": [threading.Lock()]}

    state = outcome_of(on_processes, gives_lock)
    assert state.is_failed()
    assert "What task 'gives_lock' returned cannot be sent back from its process" in state.message
    assert "result['deep'][0] is a '_thread.lock'" in state.message
    assert isinstance(state.data, SerializationError)


class Awkward(Exception):
    """Cannot be pickled, and cannot be made from its arguments."""

    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")
        self.lock = threading.Lock()


def test_an_exception_that_cannot_be_pickled_keeps_its_class(on_processes):
    @task
    def awkward():
        raise Awkward(7, "no")

    state = outcome_of(on_processes, awkward)
    assert type(state.data) is Awkward
    assert str(state.data) == "7: no"


class Twice(Exception):
    """Builds its message from an argument."""

    def __init__(self, code):
        super().__init__(f"code {code}")


def test_an_exception_that_would_come_back_changed(on_processes):
    @task
    def twice():
        raise Twice(7)

    state = outcome_of(on_processes, twice)
    assert (type(state.data), str(state.data)) == (Twice, "code 7")


def test_an_exception_of_a_class_that_is_unknown_here(on_processes):
    @task
    def unknown():
        class Strange(Exception):
            """Known only here."""

        error = Strange("hm")
        error.lock = threading.Lock()
        raise error

    state = outcome_of(on_processes, unknown)
    assert isinstance(state.data, RuntimeError)
    assert (type(state.data).__name__, str(state.data)) == ("Strange", "hm")


def outer_function(n):
    try:
        return 1 // n
    except ZeroDivisionError as exc:
        raise LookupError("nothing there") from exc


@task
def looks():
    outer_function(0)


def test_an_exception_brings_its_traceback_and_causes(on_processes, recorded):
    states = []

    @on_processes(1)
    def seen():
        states.append(looks.submit(return_state=True))

    state = seen(return_state=True)
    error = states[0].data
    assert isinstance(error, LookupError)
    assert isinstance(error.__cause__, ZeroDivisionError)
    text = format_exception(error)
    assert 'in outer_function\n    raise LookupError("nothing there") from exc' in text
    assert "return 1 // n" in text
    assert error_facts(error)["frame"].endswith("in outer_function")
    (row,) = recorded(state.state_details.flow_run_id)["looks"]
    assert "in outer_function" in row.error


def test_it_can_be_raised_and_caught(on_processes):
    @on_processes(1)
    def catches():
        try:
            looks.submit().result()
        except LookupError as exc:
            return str(exc)

    assert catches() == "nothing there"


def test_exit_is_a_crash_of_the_task_alone(on_processes):
    @task
    def leaves():
        raise SystemExit(4)

    state = outcome_of(on_processes, leaves)
    assert state.is_crashed()
    assert "system exit" in state.message


def test_retries_do_not_reach_a_final_crash(on_processes, tmp_path):
    path = tmp_path / "attempts"

    @task(retries=3)
    def counted():
        with open(path, "a") as file:
            file.write(".")
        os._exit(1)

    assert outcome_of(on_processes, counted).is_crashed()
    assert path.read_text() == "."


def test_a_module_that_runs_a_flow_when_it_is_imported(on_processes, tmp_path, monkeypatch):
    (tmp_path / "unguarded.py").write_text(
        "import noria, os\n"
        "@noria.task\n"
        "def work():\n    return 1\n"
        "@noria.flow\n"
        "def main():\n    return 2\n"
        "if os.getpid() != int(os.environ['FIRST_PROCESS']):\n    main()\n"
    )
    monkeypatch.setenv("FIRST_PROCESS", str(os.getpid()))
    monkeypatch.syspath_prepend(str(tmp_path))
    import unguarded  # type: ignore[import-not-found]

    state = outcome_of(on_processes, unguarded.work)
    assert state.is_failed()
    assert "`if __name__ == '__main__':`" in state.message


def test_a_module_that_is_only_here_is_sent(on_processes, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text(
        "import noria\n"
        "class Thing:\n    def __init__(self, n):\n        self.n = n\n"
        "@noria.task\n"
        "def make(thing):\n    return Thing(thing.n + 1)\n"
    )
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        import only_here  # type: ignore[import-not-found]

    @on_processes(1)
    def sends():
        return only_here.make.submit(only_here.Thing(1)).result()

    thing = sends()
    assert type(thing) is only_here.Thing
    assert thing.n == 2


def test_a_flow_that_is_cancelled_by_its_own_task(on_processes):
    @task
    def cancels():
        raise CancelRun("enough")

    @flow
    def never():
        """For the name only."""

    assert outcome_of(on_processes, cancels).is_cancelled()
