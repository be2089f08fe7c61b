"""A store of its own for every example, and no waiting."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from noria.backend.local import LocalBackend
from noria.core.settings import load
from noria.session import temporary_session, use


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty home, for what runs in this process and for what it starts."""
    environ = {"NORIA_HOME": str(tmp_path / "home"), "NORIA_LOG_FORMAT": "off"}
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    settings = load(environ)
    session = temporary_session(settings, lambda: LocalBackend(settings.database_path))
    try:
        with use(session):
            yield
    finally:
        session.close()


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an example makes importable is gone after it, and its sleeps are short."""
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
