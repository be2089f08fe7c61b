"""Every complete example of the documents runs, and prints what it is said to print."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.docs.blocks import DOCUMENTS, ROOT, Block, blocks_of

EXAMPLES = [
    pytest.param(block, id=f"{document.relative_to(ROOT)}:{block.line}")
    for document in DOCUMENTS
    for block in blocks_of(document)
    if block.info == "python"
]


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
