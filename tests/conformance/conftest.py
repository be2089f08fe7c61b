"""Every backend is held to this suite: to add one, add to `LOCATIONS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from noria.backend.local import LocalBackend
from noria.backend.port import Backend
from noria.backend.processes import this_process
from tests.conformance.rows import LEASE, NOON
from tests.postgres import Server

Location = AbstractContextManager[str]

LOCATIONS: dict[str, Callable[[pytest.FixtureRequest, Path], Location]] = {
    "sqlite-file": lambda request, folder: nullcontext(str(folder / "noria.db")),
    "sqlite-memory": lambda request, folder: nullcontext(":memory:"),
    "postgres": lambda request, folder: server_of(request).database(),
}


def server_of(request: pytest.FixtureRequest) -> Server:
    """The PostgreSQL server, started by the first test that needs it."""
    server: Server = request.getfixturevalue("postgres")
    return server


@pytest.fixture(params=LOCATIONS)
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store of each kind is, or is to be."""
    with LOCATIONS[request.param](request, tmp_path) as location:
        yield location


@pytest.fixture
def backend(location: str) -> Iterator[Backend]:
    """An empty backend of each kind."""
    opened = LocalBackend(location)
    yield opened
    opened.close()


@pytest.fixture
def worker(backend: Backend) -> bytes:
    """A process that lives."""
    row = this_process(NOON, LEASE)
    backend.register_process(row)
    return row.id


@pytest.fixture
def gone(backend: Backend) -> bytes:
    """A process of this host that is no more."""
    alive = this_process(NOON, LEASE)
    row = alive._replace(started=alive.started - 1)
    backend.register_process(row)
    return row.id
