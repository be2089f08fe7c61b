"""Runs that wait for people, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from noria.core.states import StateType
from tests.engine.scripts import Script

BODY = """
from noria import pause_flow_run, suspend_flow_run
from noria.engine import pauses
from noria.input import RunInput

entered = pauses._enter

def enter(stop, row):
    entered(stop, row)
    settled("waiting", row.key)

pauses._enter = enter

class Approval(RunInput):
    同意: bool
    备注: str = ""

@task
def work(n):
    note(f"work{n}")
    return n

@flow
def paused():
    first = work(1)
    answer = pause_flow_run(wait_for_input=Approval, timeout=600, poll_interval=600)
    note(f"answer:{answer.备注}")
    second = pause_flow_run(wait_for_input=int, timeout=600, poll_interval=600)
    return first + work(second)

@flow
async def suspended():
    first = work(1)
    answer = await suspend_flow_run(wait_for_input=Approval, timeout=600)
    note(f"answer:{answer.备注}")
    return work(2)

def main():
    if sys.argv[1] == "paused":
        say("gave", paused())
    else:
        asyncio.run(suspended(return_state=True))
"""


@pytest.fixture
def script(tmp_path: Path, isolated: Path) -> Iterator[Script]:
    made = Script(tmp_path, isolated, BODY)
    yield made
    made.close()


@pytest.fixture
def noria(script: Script) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "noria", *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return call


def test_a_paused_run_is_answered_from_another_process(script, noria):
    script.start("paused")
    assert script.hears("waiting") == "paused-1"
    assert script.run().state is StateType.PAUSED
    refused = noria("runs", "approve", "@last", "-i", "同意=perhaps")
    assert refused.returncode == 2
    assert "同意: expected true or false, found 'perhaps'" in refused.stderr
    done = noria("runs", "approve", "@last", "-i", "同意=yes", "-i", "备注=好")
    assert done.returncode == 0, done.stderr
    assert script.hears("waiting") == "paused-2"
    noria("runs", "approve", "@last", "--input", "4")
    assert script.hears("gave") == "5"
    assert script.effects() == ["work1", "answer:好", "work4"]


def test_an_answer_outlives_a_killed_process_and_only_what_is_open_is_asked_again(script, noria):
    script.start("paused")
    script.hears("waiting")
    noria("runs", "approve", "@last", "-i", "同意=no", "-i", "备注=一")
    assert script.hears("waiting") == "paused-2"
    script.signal(signal.SIGKILL)
    script.ends()
    assert noria("runs", "waiting").stdout == ""
    assert script.run().state is StateType.CRASHED
    refused = noria("runs", "approve", "@last", "--input", "2")
    assert (refused.returncode, "it is Crashed" in refused.stderr) == (6, True)
    assert "noria runs resume" in refused.stderr
    resumed = subprocess.Popen(
        [sys.executable, "-m", "noria", "runs", "resume", "@last"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert resumed.stdout is not None
    assert resumed.stdout.readline() == "waiting paused-2\n"
    assert noria("runs", "approve", "@last", "--input", "2").returncode == 0
    assert resumed.wait() == 0
    resumed.stdout.close()
    assert script.run().state is StateType.COMPLETED
    assert script.effects() == ["work1", "answer:一", "answer:一", "work2"]


def test_a_suspended_run_holds_no_process_and_goes_on_in_another(script, noria):
    script.start("suspended")
    assert script.ends()[0] == 0
    row = script.run()
    assert (row.state, row.state_name, row.process) == (StateType.PAUSED, "Suspended", None)
    refused = noria("runs", "resume", "@last")
    assert refused.returncode == 2
    assert "同意: expected true or false, found nothing" in refused.stderr
    assert script.run().state is StateType.PAUSED
    done = noria("runs", "approve", "@last", "--input", '{"同意": true, "备注": "好"}')
    assert done.returncode == 0, done.stderr
    assert script.run().state is StateType.COMPLETED
    assert script.effects() == ["work1", "answer:好", "work2"]


def test_a_rejected_run_ends_in_its_process(script, noria):
    script.start("paused")
    script.hears("waiting")
    assert noria("runs", "reject", "@last", "--reason", "太贵").returncode == 0
    code, errors = script.ends()
    assert code == 1
    assert "太贵" in errors
    row = script.run()
    assert (row.state, row.message) == (StateType.CANCELLED, "The run was rejected: 太贵")
