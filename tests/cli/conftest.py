"""The command over a store in memory, a minute after the rows of `tests.cli.rows` began."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from noria.backend.local import LocalBackend
from noria.cli.app import App
from noria.cli.main import cli
from noria.core import clock
from noria.core.settings import load
from noria.session import temporary_session, use
from tests.cli.rows import SECOND, START

NOW = START + 60 * SECOND

Call = Callable[..., Result]


class StoppedClock(clock.Clock):
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = NOW
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += int(seconds * SECOND)
        self.on_sleep()


@pytest.fixture
def stopped() -> Iterator[StoppedClock]:
    with clock.use(StoppedClock()) as installed:
        assert isinstance(installed, StoppedClock)
        yield installed


@pytest.fixture
def store() -> Iterator[LocalBackend]:
    backend = LocalBackend(":memory:")
    yield backend
    backend.close()


@pytest.fixture
def noria(store: LocalBackend, tmp_path: Path, stopped: StoppedClock) -> Call:
    """Call the command; `tty=True` as on a terminal of 100 columns without colours."""

    def call(*args: str, tty: bool = False, input: str | None = None, **environ: str) -> Result:
        settings = {"NORIA_HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "100", **environ}
        app = Terminal(settings, store) if tty else App(settings, store)
        return CliRunner().invoke(cli, list(args), input=input, obj=app)

    return call


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def real_noria(store: LocalBackend, workplace: Path) -> Iterator[Call]:
    """Call the command with a session that records real flows into the store."""
    settings = {"NORIA_HOME": str(workplace / "home"), "NO_COLOR": "1"}
    session = temporary_session(load(settings), lambda: store)

    def call(*args: str, input: str | None = None) -> Result:
        return CliRunner().invoke(cli, list(args), input=input, obj=App(settings, store))

    with use(session):
        yield call
        session.close()


class Terminal(App):
    """A call whose stdout is a terminal."""

    @property
    def for_people(self) -> bool:
        return self.output in (None, "table")
