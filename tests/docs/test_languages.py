"""What exists in English and in Chinese shows the same commands and the same code in both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import (
    DOCUMENTS,
    ROOT,
    Block,
    blocks_of,
    commands_of,
    prose_of,
    without_comments,
)

ENDING = ".zh-CN.md"
PAIRS = [
    pytest.param(
        document.with_name(document.name.replace(ENDING, ".md")),
        document,
        id=str(document.relative_to(ROOT)),
    )
    for document in DOCUMENTS
    if document.name.endswith(ENDING)
]
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?](?:\s|$)")


def test_that_the_first_pages_exist_in_chinese() -> None:
    assert (ROOT / "README.zh-CN.md").exists()
    assert (ROOT / "docs" / "getting-started.zh-CN.md").exists()


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_have_the_same_code(english: Path, chinese: Path) -> None:
    assert commands_of(chinese) == commands_of(english)
    assert _code(chinese) == _code(english)


def _code(document: Path) -> list[Block]:
    # A block of no kind is a drawing, whose words are translated.
    return [without_comments(block) for block in blocks_of(document) if block.info]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_have_the_same_headings(english: Path, chinese: Path) -> None:
    assert _levels(chinese) == _levels(english)


def _levels(document: Path) -> list[str]:
    return re.findall(r"^(#+) ", prose_of(document), re.MULTILINE)


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_chinese_has_chinese_punctuation(english: Path, chinese: Path) -> None:
    found = [line for line in prose_of(chinese).splitlines() if HALF_WIDTH.search(line)]
    assert not found
