"""Every complete example of the documents runs, and prints what it is said to print."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import DOCUMENTS, ROOT, Block, blocks_of, files_of

EXAMPLES = [
    pytest.param(block, id=f"{document.relative_to(ROOT)}:{block.line}")
    for document in DOCUMENTS
    for block in blocks_of(document)
    if block.info == "python"
]


TESTED = [
    pytest.param(document, id=document.name)
    for document in DOCUMENTS
    if files_of(document) and not document.name.endswith(".zh-CN.md")
]


@pytest.mark.parametrize("document", TESTED)
def test_files(document: Path, tmp_path: Path) -> None:
    for name, text in files_of(document).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "noria-home").exists()


def test_that_there_are_examples() -> None:
    assert len(EXAMPLES) > 20


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "example.py"
    # Blank lines before it, so that a traceback names the line of the document.
    script.write_text("\n" * (example.line - 1) + example.text, encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    if example.printed is not None:
        assert capsys.readouterr().out == example.printed
