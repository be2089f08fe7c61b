"""The local backend is a `Backend`, and light to load."""

from __future__ import annotations

import subprocess
import sys

from noria.backend.local import LocalBackend
from noria.backend.port import Backend

HEAVY = ("asyncio", "logging", "inspect", "concurrent.futures", "socket", "subprocess", "pydantic")


def test_it_answers_the_port():
    backend: Backend = LocalBackend(":memory:")
    methods = [name for name in vars(Backend) if not name.startswith("_")]
    assert [name for name in methods if not callable(getattr(backend, name, None))] == []
    backend.close()


def test_it_loads_nothing_heavy():
    code = f"import sys, noria.backend.local; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
