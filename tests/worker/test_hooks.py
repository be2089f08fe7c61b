"""Hooks of runs that were killed are called by their workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from noria.core import clock
from noria.core.states import StateType
from noria.store import owed_hooks


def logged(lab, run):
    return [row.message for _, row in lab.backend.logs(run)]


def test_whose_process_was_killed_has_its_hooks_called(lab):
    lab.worker()
    run = lab.run_of("hooked", on_crash="fail")
    ((pid,),) = lab.noted("hooked")
    lab.kill(int(pid))
    ((state, flow_run, message),) = lab.noted("hook")
    assert (state, flow_run) == ("CRASHED", run.hex())
    assert "SIGKILL" in message
    lab.until(lambda: "a hook prints" in logged(lab, run))
    found = logged(lab, run)
    assert f"told of {lab.row(run).name}" in found
    assert any("ValueError: a hook refuses" in text for text in found)
    row = lab.row(run)
    assert (row.state, row.epoch) == (StateType.CRASHED, 1)
    assert lab.backend.take_owed_hooks(None, b"somebody", 0) == []


def test_so_has_one_that_did_not_heed_a_cancel(lab):
    lab.worker("--grace", "0.2")
    run = lab.run_of("hooked")
    lab.noted("hooked")
    command = [sys.executable, "-m", "noria", "runs", "cancel", run.hex()]
    subprocess.run(command, check=True, capture_output=True)
    ((state, flow_run, _),) = lab.noted("hook")
    assert (state, flow_run) == ("CANCELLED", run.hex())
    assert lab.row(run).state is StateType.CANCELLED


def test_they_are_called_at_each_crash_before_it_goes_on(lab):
    lab.worker()
    run = lab.run_of("hooked", most_crashes=1)
    for count in (1, 2):
        pid = lab.noted("hooked", count)[-1][0]
        lab.kill(int(pid))
        lab.noted("hook", count)
    lab.in_state(run, StateType.CRASHED)


@pytest.mark.parametrize("lab", ["sqlite"], indirect=True)
def test_of_very_many_a_few_are_called_at_a_time(lab):
    # More than the pair of sockets between a worker and its nursery would hold at once.
    run = lab.row(lab.run_of("plain"))
    with lab.backend._database.write() as connection:
        for epoch in range(10, 1200):
            owed_hooks.add(connection, run._replace(epoch=epoch), clock.now())
    lab.worker()
    (row,) = lab.ended(run.id)
    assert row.state is StateType.COMPLETED
    lab.until(lambda: len(owed(lab)) < 1180)


def owed(lab):
    with lab.backend._database.read() as connection:
        return owed_hooks.owed(connection)


def test_the_next_worker_calls_those_that_the_last_one_could_not(lab):
    worker = lab.worker()
    run = lab.run_of("hooked", on_crash="fail")
    ((pid,),) = lab.noted("hooked")
    worker.kill()
    worker.wait()
    lab.kill(int(pid))
    lab.worker()
    ((state, flow_run, _),) = lab.noted("hook")
    assert (state, flow_run) == ("CRASHED", run.hex())
