"""Examples that run in this process leave it as it was, and do not make anybody wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an example makes importable is gone after it, and its sleeps take no time."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.chdir(tmp_path)
    aliased = {name: module for name, module in sys.modules.items() if _is_alias(name)}
    for name in aliased:
        del sys.modules[name]
    yield
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if _is_alias(name) or file.startswith(str(tmp_path)):
            del sys.modules[name]
    sys.modules.update(aliased)


def _is_alias(name: str) -> bool:
    return name.partition(".")[0] == "prefect" or name == "noria.compat.prefect"
