from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.programs import Stage, stage


@pytest.fixture(name="stage")
def make_stage() -> Iterator[Stage]:
    with stage() as made:
        yield made
