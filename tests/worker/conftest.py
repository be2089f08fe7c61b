from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.support import Lab


@pytest.fixture
def lab(tmp_path: Path, isolated: Path) -> Iterator[Lab]:
    """A folder with flows, a store, and no worker yet."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Lab(folder, isolated)
    yield made
    made.close()
