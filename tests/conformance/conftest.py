"""Every backend is held to this suite: to add one, add a parameter to `backend`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from noria.backend.local import LocalBackend
from noria.backend.port import Backend

BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "sqlite-file": lambda folder: LocalBackend(str(folder / "noria.db")),
    "sqlite-memory": lambda folder: LocalBackend(":memory:"),
}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """An empty backend of each kind."""
    opened = BACKENDS[request.param](tmp_path)
    yield opened
    opened.close()
