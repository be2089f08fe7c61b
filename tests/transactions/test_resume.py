"""A killed run goes on: no rollback is lost, no half is committed. The kills are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from noria.backend.local import LocalBackend
from noria.backend.port import RunFilter
from noria.core.records import Batch, TransactionMark, TransactionRow

SCRIPT = """
import asyncio, os, signal, sys
from pathlib import Path
from noria import flow, task
from noria.cache_policies import INPUTS
from noria.runs import resume
from noria.session import open_session
from noria.task_runners import ProcessPoolTaskRunner
from noria.transactions import atransaction, get_transaction, transaction

FOLDER = Path(__file__).parent

def note(what):
    with open(FOLDER / "effects", "a") as file:
        file.write(what + "\\n")

def at(point):
    note(point)
    if point in sys.argv[2:]:
        open_session().journal.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    fail_if_told(point)

def fail_if_told(point):
    if "fail " + point in sys.argv[2:]:
        raise ValueError(point)

def hooked(name, **options):
    def body():
        at(name)
        get_transaction().set("name", name)
        return name
    made = task(body, name=name, **options)
    made.on_commit(lambda txn: at("commit " + txn.get("name")))
    made.on_rollback(lambda txn: at("undo " + txn.get("name")))
    return made

a, b = hooked("a"), hooked("b")
cached = hooked("cached", cache_policy=INPUTS, result_storage=str(FOLDER / "results"))
plain = task(lambda: at("plain"), name="plain")

@task
def outer():
    at("outer begins")
    a()
    at("outer ends")

@flow
def child():
    a()
    at("child ends")

@task
def last():
    at("last")

def work(kind):
    if kind == "tasks":
        a(), plain(), b()
    elif kind == "nested":
        outer()
    elif kind == "sub-flow":
        child()
    elif kind == "cached":
        cached()
    elif kind == "submitted":
        a.submit().result(), b.submit().result()
    last()

@flow(durability="strict")
def publish(kind):
    with transaction():
        work(kind)
        fail_if_told("block")
    at("after the block")

@flow(durability="strict")
async def apublish(kind):
    async with atransaction():
        work(kind)
    at("after the block")

@flow(durability="strict", task_runner=ProcessPoolTaskRunner(max_workers=1))
def in_processes(kind):
    with transaction():
        a.submit().result()
        at("last")

@flow(durability="strict")
def alone(kind):
    a()
    at("after the task")

if __name__ == "__main__":
    what, kind = sys.argv[1].split(":")
    made = globals()[what]
    runs = open_session().backend.find_flow_runs("@last")
    if runs:
        from noria.core.ids import to_uuid
        state = resume(to_uuid(runs[0].id), flow=made)
    else:
        state = made(kind, return_state=True)
    if asyncio.iscoroutine(state):
        state = asyncio.run(state)
    note(state.name)
"""


class Program:
    """The script, and what its executions have done."""

    def __init__(self, folder, home):
        self._path = folder / "program.py"
        self._path.write_text(SCRIPT)
        self._effects = folder / "effects"
        self._home = home

    def execute(self, what, *points, killed=False):
        """Run it, or resume its run; returns what it did."""
        self._effects.write_text("")
        command = [sys.executable, str(self._path), what, *points]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == (-signal.SIGKILL if killed else 0), ended.stderr
        return self._effects.read_text().splitlines()

    def mark(self, task, mark):
        """Put a mark on record for the newest run of a task."""
        backend = LocalBackend(str(self._home / "noria.db"))
        (run,) = (found.run for found in backend.flow_runs(RunFilter()))
        (number,) = (group.number for group in backend.groups(run.id) if group.name == task)
        (row,) = backend.task_runs(run.id, number)
        known = dict(backend.memo(run.id))[row.identity].transaction
        marked = TransactionRow(row.id, run.id, row.epoch, mark, False, known[2])
        backend.append(Batch([], [], [], [], [], [], [marked]))
        backend.close()

    def states(self):
        """The last state of each task run, by the name of the task."""
        backend = LocalBackend(str(self._home / "noria.db"))
        (run,) = (found.run for found in backend.flow_runs(RunFilter()))
        names = {group.number: group.name for group in backend.groups(run.id)}
        found = {names[row.group]: row for row in backend.task_runs(run.id)}
        backend.close()
        return {name: (row.state_name, row.result is not None) for name, row in found.items()}


@pytest.fixture
def program(tmp_path, isolated):
    return Program(tmp_path, isolated)


@pytest.mark.parametrize("flow", ["publish", "apublish"])
def test_what_was_done_before_the_kill_is_committed_with_the_rest(program, flow):
    assert program.execute(f"{flow}:tasks", "last", killed=True) == ["a", "plain", "b", "last"]
    assert program.execute(f"{flow}:tasks") == [
        "last",
        "commit a",
        "commit b",
        "after the block",
        "Completed",
    ]


@pytest.mark.parametrize("flow", ["publish", "apublish"])
def test_what_was_done_before_the_kill_is_undone_with_the_rest(program, flow):
    program.execute(f"{flow}:tasks", "last", killed=True)
    assert program.execute(f"{flow}:tasks", "fail last") == ["last", "undo b", "undo a", "Failed"]
    undone = ("RolledBack", False)
    states = program.states()
    assert (states["a"], states["plain"], states["b"]) == (undone, undone, undone)
    assert program.execute(f"{flow}:tasks") == [
        "a",
        "plain",
        "b",
        "last",
        "commit a",
        "commit b",
        "after the block",
        "Completed",
    ]


def test_it_may_be_killed_again_and_again(program):
    program.execute("publish:tasks", "last", killed=True)
    for _ in range(2):
        assert program.execute("publish:tasks", "last", killed=True) == ["last"]
    assert program.execute("publish:tasks", "fail last") == ["last", "undo b", "undo a", "Failed"]


def test_a_commit_that_was_cut_off_is_finished_and_not_undone(program):
    before = program.execute("publish:tasks", "commit b", killed=True)
    assert before[-2:] == ["commit a", "commit b"]
    # The call of `a` was committed for sure, that of `b` perhaps: its hook is called once more.
    assert program.execute("publish:tasks", "fail block") == ["commit b", "Failed"]
    assert program.execute("publish:tasks") == ["after the block", "Completed"]


def test_a_kill_between_the_marks_of_a_commit_leaves_all_undecided(program):
    program.execute("publish:tasks", "last", killed=True)
    # The mark of the first task is placed last of all.
    program.mark("b", TransactionMark.COMMITTING)
    assert program.execute("publish:tasks", "fail last") == ["last", "undo b", "undo a", "Failed"]


def test_a_kill_in_the_first_hook_of_a_commit(program):
    before = program.execute("publish:tasks", "commit a", killed=True)
    assert before[-1:] == ["commit a"]
    after = program.execute("publish:tasks")
    assert after == ["commit a", "commit b", "after the block", "Completed"]


def test_a_rollback_that_was_cut_off_is_finished_and_then_done_anew(program):
    before = program.execute("publish:tasks", "fail last", "undo a", killed=True)
    assert before[-2:] == ["undo b", "undo a"]
    assert program.execute("publish:tasks") == [
        "undo a",
        "a",
        "plain",
        "b",
        "last",
        "commit a",
        "commit b",
        "after the block",
        "Completed",
    ]


def test_what_is_committed_is_not_undone_by_a_later_failure(program):
    program.execute("publish:tasks", "after the block", killed=True)
    assert program.execute("publish:tasks", "fail after the block") == [
        "after the block",
        "Failed",
    ]
    assert program.execute("publish:tasks") == ["after the block", "Completed"]


@pytest.mark.parametrize(
    ("kind", "again"), [("nested", ["outer begins", "outer ends"]), ("sub-flow", ["child ends"])]
)
def test_tasks_deeper_inside_are_undone_too(program, kind, again):
    program.execute(f"publish:{kind}", "last", killed=True)
    assert program.execute(f"publish:{kind}", "fail last") == [*again, "last", "undo a", "Failed"]
    after = program.execute(f"publish:{kind}")
    assert after[-4:] == ["last", "commit a", "after the block", "Completed"]
    assert "a" in after


@pytest.mark.parametrize("kind", ["nested", "sub-flow"])
def test_tasks_deeper_inside_are_committed_once(program, kind):
    program.execute(f"publish:{kind}", "after the block", killed=True)
    assert program.execute(f"publish:{kind}") == ["after the block", "Completed"]


def test_a_cached_result_is_written_only_with_the_commit(program):
    program.execute("publish:cached", "last", killed=True)
    assert program.execute("publish:cached", "fail last")[-2:] == ["undo cached", "Failed"]
    assert program.execute("publish:cached")[0] == "cached"


def test_submitted_tasks(program):
    program.execute("publish:submitted", "last", killed=True)
    assert program.execute("publish:submitted", "fail last") == [
        "last",
        "undo b",
        "undo a",
        "Failed",
    ]


def test_tasks_in_processes(program):
    program.execute("in_processes:", "last", killed=True)
    assert program.execute("in_processes:", "fail last") == ["last", "undo a", "Failed"]


def test_a_task_alone_whose_commit_was_cut_off(program):
    assert program.execute("alone:", "commit a", killed=True) == ["a", "commit a"]
    assert program.execute("alone:") == ["commit a", "after the task", "Completed"]


def test_the_plan_tells_of_what_was_undone(program, capfd):
    program.execute("publish:tasks", "fail last")
    environment = {**os.environ, "NO_COLOR": "1"}
    told = subprocess.run(
        [sys.executable, "-m", "noria", "runs", "resume", "@last", "--plan"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert "it was rolled back" in told.stdout, told.stderr
