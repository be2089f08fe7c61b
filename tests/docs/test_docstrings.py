"""Every example in a docstring of the package gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import noria

PACKAGE = Path(noria.__file__).parent


def _with_examples() -> list[str]:
    names = []
    for file in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in file.read_text(encoding="utf-8"):
            parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


MODULES = _with_examples()


def test_that_there_are_examples() -> None:
    assert "noria.tasks" in MODULES


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(name), report=False)
    assert attempted
    assert not failed, f"{failed} of {attempted} examples in {name}: see what was printed"
