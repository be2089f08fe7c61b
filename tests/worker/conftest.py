from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Server, own_server
from tests.worker.support import Lab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the flows are."""
    made = tmp_path / "project"
    made.mkdir()
    return made


@pytest.fixture(params=["sqlite", "postgres"])
def lab(
    request: pytest.FixtureRequest,
    folder: Path,
    isolated: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:
    """A folder with flows, a store of either kind, and no worker yet."""
    location = str(isolated / "noria.db")
    if request.param == "postgres":
        location = request.getfixturevalue("postgres_url")
        monkeypatch.setenv("NORIA_DATABASE_URL", location)
    made = Lab(folder, location)
    yield made
    made.close()


@pytest.fixture
def lab_and_server(
    folder: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Lab, Server]]:
    """The same, with the server of its store, which may be stopped."""
    with own_server() as server, server.database() as url:
        monkeypatch.setenv("NORIA_DATABASE_URL", url)
        made = Lab(folder, url)
        yield made, server
        made.close()
