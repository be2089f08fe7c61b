"""Runs of deployments that wait for a person hold no process, and go on with a worker."""

from __future__ import annotations

import subprocess
import sys

import pytest

from noria.core import ids
from noria.core.states import Name, StateType
from noria.flow_runs import resume_flow_run


def approve(run):
    command = [sys.executable, "-m", "noria", "runs", "approve", run.hex(), "--set", "value=3"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "goes on with the next worker of its pool" in found.stderr


def resume(run):
    resume_flow_run(ids.to_uuid(run), {"value": 3})


@pytest.mark.parametrize("go_on", [approve, resume])
def test_a_suspended_run_goes_on_with_a_worker(lab, go_on):
    lab.worker()
    run = lab.run_of("asks", concurrency_limit=1)
    lab.until(lambda: lab.row(run).state_name == Name.SUSPENDED)
    process = lab.row(run).process
    assert process is None
    go_on(run)
    (row,) = lab.ended(run)
    assert (row.state, row.epoch) == (StateType.COMPLETED, 2)
    assert Name.RESUMING in row.history
    assert [line.split()[:2] for line in lab.effects()] == [
        ["step", "1"],
        ["answered", "3"],
        ["step", "2"],
    ]
    ((_, pid),) = lab.noted("answered")
    lab.gone(pid)
