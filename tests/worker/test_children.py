"""What a worker does about its processes when their runs have become those of others."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from noria.backend.deployments_port import RunRequest
from noria.backend.local import LocalBackend
from noria.backend.processes import this_process
from noria.core.deployments import DeploymentSpec
from noria.core.jsontext import to_json
from noria.core.pools import WorkerRow
from noria.core.states import StateType
from noria.worker import children as module
from noria.worker.children import WATCH_SECONDS, Children
from noria.worker.orders import Birth, Death
from tests.conformance.rows import LEASE, NOON, SECOND, batch

PID = 2**22 + 7
"""No process has this number."""


@pytest.fixture
def backend():
    opened = LocalBackend(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def process(backend):
    """Makes processes: of this host, that live or have died."""

    def make(lives=True, worker=False):
        row = this_process(NOON, LEASE)
        row = row if lives else row._replace(started=row.started - 1)
        backend.register_process(row)
        if worker:
            backend.register_worker(WorkerRow(row.id, "w", None, None, NOON))
        return row.id

    return make


@pytest.fixture
def struck(monkeypatch):
    """The process groups that were sent signals."""
    found = []
    monkeypatch.setattr(module, "_signal_group", lambda pid, _number: found.append(pid))
    return found


@pytest.fixture
def said():
    return []


@pytest.fixture
def me(process):
    return process(worker=True)


@pytest.fixture
def children(backend, me, tmp_path, struck, said, monkeypatch):
    nursery = SimpleNamespace(order=lambda order: None, close=lambda: None)
    monkeypatch.setattr(module, "Link", lambda: nursery)
    made = Children(backend, me, 10.0, 1.0, said.append, str(tmp_path))
    yield made
    made.close()


@pytest.fixture
def begun(backend, me, process, children):
    """A run that began in a process of the worker, which has died unheard."""
    backend.apply_deployments([DeploymentSpec("etl", "nightly", "etl.py:etl")], NOON)
    (row,) = backend.find_deployments("etl/nightly")
    run = backend.request_run(RunRequest(row.id, NOON), NOON).id
    (claim,) = backend.claim(["default"], me, 1, NOON)
    children.begin(claim)
    children._note(Birth(run.hex(), PID))
    backend.begin_claimed(run, me, process(lives=False), NOON)
    backend.reap(NOON)
    backend.recover(NOON)
    return run


def taken_by(backend, worker, run):
    (claim,) = backend.claim(["default"], worker, 1, NOON + 9 * SECOND)
    assert claim.run.id == run
    return claim


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_another_worker_has_taken_is_not_touched(
    backend, process, children, begun, struck, goes_on
):
    other = process(worker=True)
    taken_by(backend, other, begun)
    holder = other
    if goes_on:
        holder = process()
        row = backend.begin_claimed(begun, other, holder, NOON + 9 * SECOND)
        backend.append(batch(row._replace(state=StateType.RUNNING, start=NOON)))
    before = backend.flow_run(begun)
    children._note(Death(begun.hex(), PID, 9))
    assert len(children) == 0, "its place is free"
    assert backend.flow_run(begun) == before
    assert backend.lives(holder, NOON + 9 * SECOND)
    assert set(struck) == {PID}


def test_what_it_has_taken_again_itself_is_shown(backend, me, children, begun, said, tmp_path):
    children.begin(taken_by(backend, me, begun))
    with open(tmp_path / f"{begun.hex()}.out", "ab") as file:
        file.write("第二次\n".encode())
    children.look(0.0, False)
    assert any(text.endswith("| 第二次") for text in said)
    # What is heard of the first process now is no news of the second.
    children._note(Death(begun.hex(), PID, 9))
    assert len(children) == 1


def test_a_clock_that_is_set_ends_no_run(
    backend, me, children, begun, process, struck, monkeypatch
):
    claim = taken_by(backend, me, begun)
    children.begin(claim)
    children._note(Birth(begun.hex(), PID))
    row = backend.begin_claimed(begun, me, process(), NOON + 9 * SECOND)
    settings = to_json({"allowance": 60.0})
    backend.append(batch(row._replace(state=StateType.RUNNING, start=NOON, settings=settings)))
    moment = 1000.0
    monkeypatch.setattr(module.clock, "monotonic", lambda: moment)
    children.look(moment, False)
    monkeypatch.setattr(module.clock, "now", lambda: NOON + 86_400 * SECOND)
    moment += 60.9
    children.look(moment, False)
    assert struck == []
    moment += WATCH_SECONDS
    children.look(moment, False)
    assert set(struck) == {PID}
