"""A script that serves deployments, and its end."""

from __future__ import annotations

import pytest

from noria.backend.processes import this_process
from noria.core import clock
from noria.core.deployments import DeploymentSpec
from noria.core.pools import SERVED, WorkerRow
from noria.engine.session import open_session
from noria.worker import serving

POOL = f"{SERVED}etl/nightly"
SPEC = DeploymentSpec("etl", "nightly", "etl.py:etl", pool=POOL)


@pytest.mark.parametrize(
    ("pools", "lives", "paused"),
    [((POOL,), True, False), ((POOL,), False, True), ((f"{SERVED}etl/other",), True, True)],
)
def test_schedules_rest_once_nobody_serves_them_any_more(
    isolated, monkeypatch, pools, lives, paused
):
    backend = open_session().backend

    class Worker:
        def __init__(self, *_arguments):
            pass

        def run(self):
            row = this_process(clock.now(), 10_000_000)
            row = row if lives else row._replace(started=row.started - 1)
            backend.register_process(row)
            backend.register_worker(WorkerRow(row.id, "the next one", pools, None, 0))

    monkeypatch.setattr(serving, "Worker", Worker)
    serving.serve([SPEC])
    (row,) = backend.find_deployments("etl/nightly")
    assert row.paused is paused
