"""What cannot be sent, and what comes back in its place: functions, values, exceptions, modules."""

from __future__ import annotations

import importlib
import os
import threading

from noria import task
from noria.core.errors import CancelRun, SerializationError
from noria.core.tracebacks import error_facts, format_exception


@task
def square(n):
    return n * n


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


class AwkwardError(Exception):
    """Cannot be pickled, and cannot be made from its arguments."""

    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")
        self.lock = threading.Lock()


def test_an_exception_that_cannot_be_pickled_keeps_its_class(on_processes):
    @task
    def awkward():
        raise AwkwardError(7, "no")

    state = outcome_of(on_processes, awkward)
    assert type(state.data) is AwkwardError
    assert str(state.data) == "7: no"


class TwiceError(Exception):
    """Builds its message from an argument."""

    def __init__(self, code):
        super().__init__(f"code {code}")


def test_an_exception_that_would_come_back_changed(on_processes):
    @task
    def twice():
        raise TwiceError(7)

    state = outcome_of(on_processes, twice)
    assert (type(state.data), str(state.data)) == (TwiceError, "code 7")


def test_an_exception_of_a_class_that_is_unknown_here(on_processes):
    @task
    def unknown():
        class StrangeError(Exception):
            """Known only here."""

        error = StrangeError("hm")
        vars(error)["lock"] = threading.Lock()
        raise error

    state = outcome_of(on_processes, unknown)
    assert isinstance(state.data, RuntimeError)
    assert (type(state.data).__name__, str(state.data)) == ("StrangeError", "hm")


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
    unguarded = importlib.import_module("unguarded")

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
        only_here = importlib.import_module("only_here")

    @on_processes(1)
    def sends():
        return only_here.make.submit(only_here.Thing(1)).result()

    thing = sends()
    assert type(thing) is only_here.Thing
    assert thing.n == 2


def test_a_task_that_cancels_itself(on_processes):
    @task
    def cancels():
        raise CancelRun("enough")

    assert outcome_of(on_processes, cancels).is_cancelled()
