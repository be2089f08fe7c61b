"""The step that a service takes, and those of processes that are there for something else."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing

import pytest

from noria import flow
from noria.backend.local import LocalBackend
from noria.backend.retention import EVERY, NAME
from noria.core import clock
from noria.core.settings import Settings
from noria.core.spans import DAY
from noria.core.states import StateType
from noria.engine import session as sessions
from noria.services.retention import run_once
from tests.conformance.rows import batch, flow_run

SCRIPT = """
from noria import flow
@flow
def hello():
    return 1
hello()
"""


@pytest.fixture
def home(tmp_path):
    return str(tmp_path / "home")


def with_old_run(home):
    """A store with a run that ended a year ago."""
    then = clock.now() - 365 * DAY
    run = flow_run(state=StateType.COMPLETED, created=then, end=then)
    with closing(LocalBackend(os.path.join(home, "noria.db"))) as backend:
        backend.append(batch(run))
    return run


def is_there(home, run):
    with closing(LocalBackend(os.path.join(home, "noria.db"))) as backend:
        return backend.flow_run(run.id) is not None


def script(home, **environ):
    variables = {**os.environ, "NORIA_HOME": home, "NORIA_LOG_FORMAT": "plain", **environ}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=variables, capture_output=True, text=True, timeout=60
    )


def test_a_service_does_as_the_settings_say(home):
    run = with_old_run(home)
    with closing(LocalBackend(os.path.join(home, "noria.db"))) as backend:
        kept = Settings(home=home, retention="never")
        assert run_once(backend, kept, clock.now()).runs == 0
        assert run_once(backend, Settings(home=home), clock.now()).runs == 1
        assert backend.flow_run(run.id) is None
        # Whoever else is there need not look meanwhile.
        assert not backend.claim_upkeep(NAME, clock.now(), EVERY)


def test_the_end_of_a_script_takes_a_step(home):
    run = with_old_run(home)
    done = script(home)
    assert (done.returncode, is_there(home, run)) == (0, False)
    again = with_old_run(home)
    script(home)
    assert is_there(home, again), "once an hour is enough"


def test_a_script_with_other_rules(home):
    run = with_old_run(home)
    script(home, NORIA_RETENTION="never")
    assert is_there(home, run)


def test_whatever_is_wrong_with_it_is_nothing_to_a_run(isolated, monkeypatch, capfd):
    def fail(*args, **kwargs):
        raise OSError("no")

    monkeypatch.setattr("noria.backend.retention.run_once", fail)

    @flow
    def hello():
        return 1

    assert hello() == 1
    opened = sessions._current
    opened.journal.lease.on_rest(clock.now())
    opened.close()
    assert "no" not in capfd.readouterr().err


def test_a_process_that_lives_long_takes_steps_between_its_records(isolated):
    @flow
    def hello():
        return 1

    hello()
    then = clock.now() - 365 * DAY
    run = flow_run(state=StateType.COMPLETED, created=then, end=then)
    backend = sessions._current.backend
    backend.append(batch(run))
    backend.note_upkeep(NAME, 0)
    sessions._current.journal.lease.on_rest(clock.now())
    assert backend.flow_run(run.id) is None
