"""Every test has a store of its own and leaves the process as it found it."""

from __future__ import annotations

import atexit
import builtins
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from noria.core.redaction import redactor
from noria.engine import session as sessions
from tests.postgres import Server, shared_folder

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

SIGNALS = (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Server:
    """The PostgreSQL server of this run of the tests."""
    return Server(shared_folder(testrun_uid))


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of an empty store on the server."""
    with postgres.database() as url:
        yield url


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the test's own store; what a run left behind in the process fails the test."""
    home = tmp_path / "noria-home"
    monkeypatch.setenv("NORIA_HOME", str(home))
    monkeypatch.setenv("NORIA_LOG_FORMAT", "off")
    handlers = [signal.getsignal(number) for number in SIGNALS]
    own_print = builtins.print
    yield home
    opened = sessions._current
    left = list(opened.executions) if opened is not None else []
    if opened is not None:
        opened.close()
        atexit.unregister(opened.close)
        sessions._current = None
    redactor.clear()
    redactor.on_add = None
    assert left == [], "a flow run is still registered with the session"
    assert [signal.getsignal(number) for number in SIGNALS] == handlers
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert builtins.print is own_print
