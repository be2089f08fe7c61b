"""A cancel reaches whatever a run is doing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from noria.core.states import Name, StateType


def cancel(lab, run):
    command = [sys.executable, "-m", "noria", "runs", "cancel", run.hex()]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("flow", "word"),
    [("spins", "spins"), ("sleeps", "sleeps"), ("waits_for_a_program", "program")],
)
def test_a_run_stops_by_itself(lab, flow, word):
    lab.worker()
    run = lab.run_of(flow)
    ((pid, *further),) = lab.noted(word)
    cancel(lab, run)
    (row,) = lab.ended(run)
    assert row.state is StateType.CANCELLED
    lab.gone(pid, *further)


@pytest.mark.parametrize("flow", ["deaf", "stubborn"])
def test_one_that_does_not_is_made_to(lab, flow):
    lab.worker("--grace", "0.5", program=None)
    run = lab.run_of(flow)
    ((pid,),) = lab.noted(flow)
    cancel(lab, run)
    (row,) = lab.ended(run)
    assert row.state is StateType.CANCELLED
    lab.gone(pid)


def test_one_that_had_not_begun_never_does(lab):
    worker = lab.worker()
    nursery = lab.nursery_of(worker)
    deployment = lab.deployed("plain")
    lab.ended(lab.asked(deployment))
    lab.stop(nursery)
    run = lab.asked(deployment, n=1)
    lab.in_state(run, StateType.PENDING)
    cancel(lab, run)
    assert lab.row(run).state is StateType.CANCELLING
    lab.go_on(nursery)
    (row,) = lab.ended(run)
    assert (row.state, lab.effects()) == (StateType.CANCELLED, ["step 0"])


def test_one_whose_process_dies_meanwhile_is_cancelled(lab):
    lab.worker("--grace", "3600")
    run = lab.run_of("stubborn")
    ((pid,),) = lab.noted("stubborn")
    cancel(lab, run)
    lab.noted("unmoved")
    lab.kill(int(pid))
    (row,) = lab.ended(run)
    assert row.state is StateType.CANCELLED


def test_one_that_does_not_heed_its_timeout_is_ended(lab):
    lab.worker("--grace", "0.2")
    run = lab.run_of("limited")
    ((pid,),) = lab.noted("limited")
    (row,) = lab.ended(run)
    assert (row.state, row.state_name) == (StateType.FAILED, Name.TIMED_OUT)
    assert "exceeded its timeout of 0.2 second(s)" in row.message
    lab.gone(pid)
    lab.ended(lab.run_of("plain"))
    assert (lab.row(run).state, lab.row(run).epoch) == (StateType.FAILED, 1)
