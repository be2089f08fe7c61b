"""What must go on waiting is looked at without a lock: workers look many times a second."""

from __future__ import annotations

import pytest

from noria.backend import claiming, dispatch
from noria.backend.deployments_port import RunRequest
from noria.backend.local import LocalBackend
from noria.backend.processes import this_process
from noria.core.deployments import DeploymentSpec, Overlap
from noria.core.states import StateType
from tests.conformance.rows import LEASE, NOON

SPEC = DeploymentSpec("etl", "nightly", "etl.py:etl", path="/srv/etl")


@pytest.fixture
def backend():
    found = LocalBackend(":memory:")
    yield found
    found.close()


def asked(backend, spec):
    backend.apply_deployments([spec], NOON)
    (row,) = backend.find_deployments(spec.full_name)
    return backend.request_run(RunRequest(row.id, NOON), NOON)


def forbidden(*_args):
    raise AssertionError("a transaction that writes was begun for nothing")


@pytest.mark.parametrize("overlap", [Overlap.QUEUE, Overlap.CANCEL_RUNNING])
@pytest.mark.parametrize("limit", [0, 5])
def test_nothing_is_written_for_what_must_wait(backend, monkeypatch, overlap, limit):
    worker = this_process(NOON, LEASE)
    backend.register_process(worker)
    spec = SPEC._replace(overlap=overlap)
    asked(backend, spec)
    assert len(backend.claim(["default"], worker.id, 1, NOON)) == 1
    asked(backend, spec)
    # With cancel_running, the first look asks what is under way to stop.
    assert backend.claim(["default"], worker.id, limit, NOON) == []
    monkeypatch.setattr(claiming, "claim", forbidden)
    assert backend.claim(["default"], worker.id, limit, NOON) == []


def test_nobody_goes_on_looking_at_what_crashed_after_its_deployment_was_gone(backend, monkeypatch):
    alive = this_process(NOON, LEASE)
    gone = alive._replace(started=alive.started - 1)
    backend.register_process(gone)
    run = asked(backend, SPEC)
    backend.claim(["default"], gone.id, 1, NOON)
    backend.delete_deployment(backend.find_deployments("nightly")[0].id, NOON)
    backend.reap(NOON)
    assert backend.recover(NOON) == []
    assert backend.flow_run(run.id).state is StateType.CRASHED
    monkeypatch.setattr(dispatch, "recover", forbidden)
    assert backend.recover(NOON) == []
