"""Further runs of a flow are forked from a process that has imported it, while nobody can tell."""

from __future__ import annotations

import signal

import pytest

from noria.core.states import StateType
from noria.worker.template import passing_call

HERE = pytest.mark.parametrize("lab", ["sqlite"], indirect=True)
"""Which store it is makes no difference to a template."""
HEAD = """
import os, random, sys, threading
from pathlib import Path
from noria import flow

def note(*words):
    with open("effects", "a") as file:
        file.write(" ".join(map(str, words)) + "\\n")

note("imported")
"""
FLOW = """
@flow
def warm(name=None):
    note("ran", os.getpid(), os.getppid(), random.random(), os.environ.get("WHO"), VALUE)
    if name is not None:
        note("at", os.getpid())
        with open(name) as pipe:
            pipe.read()
"""


@pytest.fixture
def written(lab):
    """Writes the file of the flow."""

    def write(text="VALUE = 1"):
        (lab.folder / "warm.py").write_text(HEAD + text + "\n" + FLOW, encoding="utf-8")

    write()
    return write


@pytest.fixture
def deployment(lab, written):
    return lab.deployed("warm", entrypoint="warm.py:warm")


def ran(lab, deployment, **parameters):
    """The notes of a run, once it has ended."""
    before = len(lab._notes("ran"))
    lab.ended(lab.asked(deployment, **parameters))
    return lab.noted("ran", before + 1)[-1]


def warm_up(lab, deployment, nursery):
    """The process that further runs are forked from, once they are."""
    found = []

    def forked():
        parent = int(ran(lab, deployment)[1])
        found.append(parent)
        return parent != nursery

    lab.until(forked)
    return found[-1]


@HERE
def test_a_flow_is_imported_once_for_many_runs(lab, deployment):
    nursery = lab.nursery_of(lab.worker())
    template = warm_up(lab, deployment, nursery)
    imported = len(lab.noted("imported"))
    rows = [ran(lab, deployment) for _ in range(3)]
    assert {int(row[1]) for row in rows} == {template}
    assert len({row[0] for row in rows}) == 3
    assert len({row[2] for row in rows}) == 3, "runs have drawn the same random numbers"
    assert len(lab.noted("imported")) == imported


@HERE
def test_threads_that_a_library_ends_before_a_fork_are_no_hindrance(lab, deployment, written):
    written("import numpy\nVALUE = numpy.ones((300, 300)).dot(numpy.ones((300, 300)))[0, 0]")
    warm_up(lab, deployment, lab.nursery_of(lab.worker()))
    first, second = (ran(lab, deployment)[-1] for _ in range(2))
    assert first == second == "300.0"


@HERE
def test_a_changed_file_is_imported_again(lab, deployment, written):
    nursery = lab.nursery_of(lab.worker())
    warm_up(lab, deployment, nursery)
    written("VALUE = 'changed'")
    assert ran(lab, deployment)[-1] == "changed"


@HERE
def test_so_is_one_that_has_read_a_file_that_was_changed(lab, deployment, written):
    data = lab.folder / "config.txt"
    data.write_text("one")
    written("VALUE = Path('config.txt').read_text()")
    nursery = lab.nursery_of(lab.worker())
    warm_up(lab, deployment, nursery)
    data.write_text("other")
    assert ran(lab, deployment)[-1] == "other"


@HERE
@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        (
            "try:\n    VALUE = open('new.txt').read()\nexcept OSError:\n    VALUE = 'none'",
            "none",
            "new",
        ),
        ("VALUE = len(list(Path('queries').glob('*.sql')))", "0", "1"),
    ],
    ids=["file", "folder"],
)
def test_so_is_one_that_has_looked_for_what_is_there_now(
    lab, deployment, written, text, before, after
):
    written(text)
    (lab.folder / "queries").mkdir()
    nursery = lab.nursery_of(lab.worker())
    warm_up(lab, deployment, nursery)
    assert ran(lab, deployment)[-1] == before
    (lab.folder / "queries" / "a.sql").write_text("select 1")
    (lab.folder / "new.txt").write_text("new")
    assert ran(lab, deployment)[-1] == after


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("def day():\n    return date.today()\nDAY = day()", "today"),
        ("class A:\n    def __init__(self):\n        self.id = uuid4()\nX = A()", "uuid4"),
        ("def f():\n    return g()\ndef g():\n    return getpid()\nX = f()", "getpid"),
        ("def mark(f):\n    f.at = now()\n    return f\n@mark\ndef g(): pass", "now"),
        ("def f(at=now()): pass", "now"),
        ("def f():\n    return now()", None),
        ("X = lambda: now()", None),
        ("@flow\ndef etl():\n    return now()\netl()", None),
        ("def main():\n    now()\nif __name__ == '__main__':\n    main()", None),
        ("def f():\n    return f()\nX = f()", None),
        ("class A:\n    def now(self): return now()\nX = A()", None),
        ("this is no Python", None),
    ],
)  # fmt: skip
def test_what_passes_is_found_in_what_is_called_at_the_import(tmp_path, text, name):
    path = tmp_path / "module.py"
    path.write_text(text)
    assert passing_call([str(path)]) == (None if name is None else (str(path), name))


@HERE
def test_runs_with_other_variables_are_forked_from_other_processes(lab, written):
    own = {"job_variables": {"env": {"WHO": "own"}}}
    plain = lab.deployed("warm", entrypoint="warm.py:warm")
    other = lab.deployed("warm", name="other", entrypoint="warm.py:warm", **own)
    nursery = lab.nursery_of(lab.worker())
    first, second = (warm_up(lab, each, nursery) for each in (plain, other))
    assert first != second
    assert [ran(lab, each)[3] for each in (plain, other)] == ["None", "own"]


@HERE
@pytest.mark.parametrize(
    "text",
    [
        "VALUE = 1\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
        "VALUE = open(os.devnull)\nVALUE = VALUE and 1; kept = open('config.txt', 'w')",
        "import datetime\nVALUE = datetime.date.today().isoformat()",
        "import polars\nVALUE = 1",
        "generator = random.Random()\nVALUE = 1",
        "class Settings:\n    seed = random.random()\nVALUE = 1",
        "import subprocess\nVALUE = subprocess.check_output(['echo', '1'], text=True).strip()",
    ],
    ids=["thread", "file", "time", "library", "generator", "number", "program"],
)
def test_what_cannot_be_shared_is_imported_for_each_run(lab, deployment, written, text):
    written(text)
    nursery = lab.nursery_of(lab.worker())
    for count in (1, 2, 3):
        assert int(ran(lab, deployment)[1]) == nursery
        # What was tried once, and given up, was imported as well.
        lab.until(lambda count=count: len(lab._notes("imported")) >= count + 1)


@HERE
def test_a_deployment_may_ask_for_a_new_process(lab, written):
    cold = lab.deployed("warm", entrypoint="warm.py:warm", job_variables={"warm": False})
    nursery = lab.nursery_of(lab.worker())
    assert {int(ran(lab, cold)[1]) for _ in range(3)} == {nursery}
    assert len(lab.noted("imported")) == 3


@HERE
def test_runs_outlive_the_process_that_they_were_forked_from(lab, deployment):
    nursery = lab.nursery_of(lab.worker())
    template = warm_up(lab, deployment, nursery)
    run = lab.asked(deployment, name=lab.gate("gate"))
    lab.noted("at")
    lab.kill(template)
    assert int(ran(lab, deployment)[1]) == nursery
    lab.open("gate")
    (row,) = lab.ended(run)
    assert (row.state, row.epoch) == (StateType.COMPLETED, 1)


@HERE
def test_one_that_dies_there_is_buried(lab, deployment):
    worker = lab.worker()
    template = warm_up(lab, deployment, lab.nursery_of(worker))
    failing = lab.deployed("warm", entrypoint="warm.py:warm", on_crash="fail")
    run = lab.asked(failing, name=lab.gate("gate"))
    ((pid,),) = lab.noted("at")
    lab.kill(template)
    lab.kill(int(pid))
    lab.in_state(run, StateType.CRASHED)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
