"""A server that is stopped and started while a flow works: nothing is lost, no task fails."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import closing
from pathlib import Path

from noria import flow, task
from noria.backend.local import LocalBackend
from noria.core.settings import Settings
from noria.core.states import StateType
from noria.session import temporary_session, use
from tests.postgres import Server

TASKS = 600


def test_a_flow_outlives_its_server(tmp_path, capfd):
    stopped, started = threading.Event(), threading.Event()

    @task
    def step(number: int) -> int:
        if number == 200:
            server.stop()
            stopped.set()
        if number == 400:
            server.start()
            started.set()
        return number

    @flow
    def outlives() -> int:
        return sum(step(number) for number in range(TASKS))

    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = Server(Path(folder, "data"))
        with server.database() as url:
            settings = Settings(home=str(tmp_path), database_url=url)
            session = temporary_session(settings, lambda: LocalBackend(url))
            with use(session):
                assert outlives() == sum(range(TASKS))
            session.close()
            assert stopped.is_set()
            assert started.is_set()
            with closing(LocalBackend(url)) as backend:
                (run,) = backend.find_flow_runs("@last")
                assert run.state is StateType.COMPLETED
                rows = backend.task_runs(run.id, limit=TASKS + 1)
                assert len(rows) == TASKS
                assert {row.state for row in rows} == {StateType.COMPLETED}
                assert backend.groups(run.id)[0].counts[3] == TASKS
        server.stop()
    assert not (tmp_path / "spool").exists() or not os.listdir(tmp_path / "spool")
