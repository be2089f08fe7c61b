"""What can be wrong around a run: each gets a sentence, nothing is lost, nothing hangs."""

from __future__ import annotations

import itertools
import re
import sqlite3
from typing import Any

import pytest

from noria import flow, task
from noria.backend.port import RunFilter
from noria.core import clock
from noria.core.errors import ConfigurationError, ParameterBindError, StoreError
from noria.core.records import GroupCount
from noria.core.states import StateType
from noria.runs import resume
from noria.session import open_session
from tests.engine.scripts import Script


@task
def step(n):
    return n + 1


@flow
def pipeline():
    return sum(step(n) for n in range(3))


# --- the store ------------------------------------------------------------------------------


def _corrupt(file):
    file.write_bytes(b"once upon a time" * 400)


def _newer(file):
    pipeline()
    open_session().close()
    connection = sqlite3.connect(file)
    connection.execute("pragma user_version = 999")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_corrupt, r"noria\.db is not a SQLite database.*NORIA_HOME"),
        (_newer, r"noria\.db has schema version 999.*Upgrade Noria"),
    ],
    ids=["corrupt", "newer"],
)
def test_a_store_that_cannot_be_used(isolated, monkeypatch, spoil, words):
    isolated.mkdir()
    spoil(isolated / "noria.db")
    before = (isolated / "noria.db").read_bytes()
    monkeypatch.setattr("noria.engine.session._current", None)
    with pytest.raises(StoreError, match=words):
        pipeline()
    assert (isolated / "noria.db").read_bytes() == before


def test_a_home_that_is_no_folder(isolated):
    isolated.write_text("a file")
    with pytest.raises(StoreError, match=r"cannot hold the store.*NORIA_HOME"):
        pipeline()


def test_a_setting_that_cannot_be_used(monkeypatch):
    monkeypatch.setenv("NORIA_LOG_FORMAT", "fancy")
    with pytest.raises(ConfigurationError, match="NORIA_LOG_FORMAT is 'fancy'; expected one of"):
        pipeline()


def test_the_users_line_comes_first_in_the_traceback(tmp_path, isolated):
    isolated.mkdir()
    _corrupt(isolated / "noria.db")
    script = Script(tmp_path, isolated, "@flow\ndef f(): ...\ndef main():\n    f()\n")
    script.start()
    code, errors = script.ends()
    assert code == 1
    assert "script_under_test.py" in re.findall(r'File "(.*?)"', errors)[0]
    assert errors.splitlines()[-1].startswith("noria.core.errors.StoreError: ")


FULL_DISK = """
import resource

@task
def step(n):
    return n

@flow
def pipeline():
    step(-1)
    settled("full")
    # As on a full disk, no file can grow any more: neither the store nor its log.
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (130_000, most))
    return sum(step(n) for n in range(400))

def main():
    say("returned", pipeline())
"""


def test_a_full_disk_costs_no_record_and_no_result(tmp_path, isolated, monkeypatch):
    monkeypatch.setenv("NORIA_JOURNAL_FLUSH_TIMEOUT", "0.05")
    script = Script(tmp_path, isolated, FULL_DISK)
    script.start()
    assert script.hears("returned") == str(sum(range(400)))
    code, errors = script.ends()
    assert code == 0
    told = errors.splitlines()
    assert len(told) == 2
    assert "does not take records just now" in told[0]
    assert "will be stored when Noria next starts" in told[1]
    # The next start, with room again, finds it all.
    backend = open_session().backend
    run = backend.flow_runs(RunFilter())[0].run
    assert run.state is StateType.COMPLETED
    counts = [group.counts for group in backend.groups(run.id)]
    assert sum(count[GroupCount.COMPLETED] for count in counts) == 401 == sum(map(sum, counts))
    assert len(backend.task_runs(run.id)) == 401
    assert list((isolated / "spool").iterdir()) == []


# --- the clock ------------------------------------------------------------------------------


class Jumping(clock.Clock):
    """A wall clock that is set an hour back and forth at every look."""

    def __init__(self):
        self._hours = itertools.cycle([0, -1, 1, 0, 1, -1])

    def now(self):
        return super().now() + next(self._hours) * 3_600_000_000


def test_a_clock_that_jumps_loses_nothing():
    failed: list[int] = []

    @flow
    def jumpy():
        values = [step(1), *step.map(range(5)).result(), step(2)]
        if not failed:
            failed.append(1)
            raise ValueError("once")
        return values

    with clock.use(Jumping()):
        state = jumpy(return_state=True)
        again = resume(state.state_details.flow_run_id, flow=jumpy)
    assert again.result() == [2, 1, 2, 3, 4, 5, 3]
    backend = open_session().backend
    run = backend.flow_runs(RunFilter())[0].run
    assert run.state is StateType.COMPLETED
    rows = backend.task_runs(run.id)
    assert len(rows) == 7
    assert all((row.end or 0) >= (row.start or 0) > 0 for row in rows)
    assert all(group.busy >= 0 for group in backend.groups(run.id))
    assert backend.reap(clock.now()) == []


# --- calls ----------------------------------------------------------------------------------


def test_too_many_arguments_of_a_flow():
    with pytest.raises(ParameterBindError, match="pipeline"):
        pipeline(1, 2)


def test_a_wrong_option_of_a_flow_is_named():
    misspelt: Any = {"retires": 1}
    with pytest.raises(TypeError, match="retires"):
        flow(**misspelt)(lambda: None)
    with pytest.raises(ValueError, match="on_unobserved_failure is 'explode'; expected one of"):
        flow(on_unobserved_failure="explode")(lambda: None)
    with pytest.raises(ValueError, match="durability"):
        flow(durability="eternal")(lambda: None)


def test_a_flow_that_returns_what_cannot_be_kept():
    @flow
    def odd():
        return {"lines": (line for line in "ab")}

    result = odd()
    assert "".join(result["lines"]) == "ab"
    run = open_session().backend.flow_runs(RunFilter())[0].run
    assert (run.state, run.result) == (StateType.COMPLETED, None)
    [(_, line)] = open_session().backend.logs(run.id)
    assert "cannot be kept" in line.message
    assert "generator" in line.message


def test_text_of_every_kind_is_kept_as_it_is():
    odd = "名字 🎡 \x00 \udc80 \"quotes\" 'n' \n"

    @task(name="载入 🌊")
    def load(text):
        raise ValueError(text)

    @flow(name="管道")
    def pipe():
        return load(odd, return_state=True).message

    assert odd in pipe()
    backend = open_session().backend
    run = backend.flow_runs(RunFilter())[0].run
    assert run.flow_name == "管道"
    [row] = backend.task_runs(run.id)
    assert "名字 🎡" in str(row.message)
