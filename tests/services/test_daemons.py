"""Services in the background, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from noria.backend.local import LocalBackend
from noria.backend.processes import start_time
from noria.core import clock
from noria.core.settings import load
from noria.services.daemons import Daemon, Daemons, Standing

PATIENCE = 60.0


@pytest.fixture
def daemons(isolated):
    os.makedirs(isolated, exist_ok=True)
    found = Daemons(str(isolated))
    yield found
    for each in found.all():
        found.stop(each.name, 5)
        if each.pid is not None and start_time(each.pid) is not None:
            os.kill(each.pid, signal.SIGKILL)


@pytest.fixture
def backend(isolated):
    opened = LocalBackend(load(os.environ).database)
    yield opened
    opened.close()


def until(condition):
    end = clock.monotonic() + PATIENCE
    while not condition():
        assert clock.monotonic() < end, "it has not come about"
        clock.pause(0.02)


def started(daemons, name="worker", command=("worker", "start", "--all-pools")):
    assert daemons.start(Daemon(name, list(command), os.getcwd()))
    return daemons.wait_until_ready(name, PATIENCE)


def log(daemons, name="worker"):
    with open(daemons.path(name, "log"), encoding="utf-8") as file:
        return file.read()


def test_a_worker_is_ready_takes_runs_and_stops(daemons, backend):
    found = started(daemons)
    assert (found.standing, found.restarts) == (Standing.RUNNING, 0)
    (use,) = backend.workers(clock.now())
    assert (use.process.pid, use.lives) == (found.pid, True)
    assert daemons.is_minded("worker")
    assert daemons.stop("worker", PATIENCE)
    after = daemons.get("worker")
    assert (after.standing, after.pid, after.verdict) == (Standing.STOPPED, None, "exit code 0")
    assert start_time(found.pid) is None
    assert not daemons.is_minded("worker")
    assert "Taking runs of all pools" in log(daemons)


def test_what_dies_is_started_again(daemons):
    first = started(daemons, "scheduler", ("services", "start"))
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: daemons.get("scheduler").restarts == 1)
    until(lambda: daemons.get("scheduler").standing == Standing.RUNNING)
    again = daemons.get("scheduler")
    assert again.pid != first.pid
    assert "killed by signal 9 (SIGKILL)" in log(daemons, "scheduler")


def test_what_cannot_start_is_tried_again_and_says_why(daemons):
    found = started(daemons, "broken", ("worker", "start", "--limit", "none"))
    assert (found.standing, found.verdict) == (Standing.WAITING, "exit code 2")
    assert "--limit" in log(daemons, "broken")
    assert daemons.stop("broken", PATIENCE)
    assert daemons.get("broken").standing == Standing.STOPPED


def test_when_its_minder_is_killed_that_is_seen(daemons):
    found = started(daemons, "scheduler", ("services", "start"))
    os.kill(found.minder, signal.SIGKILL)
    until(lambda: not daemons.is_minded("scheduler"))
    assert daemons.get("scheduler").standing == Standing.FAILED
    os.kill(found.pid, signal.SIGTERM)
    until(lambda: start_time(found.pid) is None)


def test_there_is_one_minder_for_a_service(daemons):
    found = started(daemons, "scheduler", ("services", "start"))
    assert not daemons.start(Daemon("scheduler", ["services", "start"], os.getcwd()))
    launcher = [sys.executable, "-m", "noria.services.minder", daemons.folder, "scheduler"]
    assert subprocess.run(launcher, capture_output=True, check=False).returncode == 1
    assert start_time(found.minder) is not None
    assert start_time(found.pid) is not None


def test_what_was_never_started_is_not_known(daemons):
    assert daemons.get("worker") is None
    assert daemons.all() == []
    assert daemons.stop("worker", 0)
