"""The documents of the repository and the code blocks in them.

A block is what stands between two fences. What follows the opening fence says what it is:

- ```` ```python ```` is a complete program: it is run, and a ```` ```text ```` block right after it
  is what it prints;
- ```` ```python no-run ```` is a fragment;
- ```` ```python test ```` is a file that pytest runs together with the others of its document; its
  first line, a comment, is its name;
- ```` ```console ```` is a terminal: lines that begin with `$` were typed, the others came back;
- ```` ```sh ```` is to be typed.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/*.md")),
]

_BLOCK = re.compile(
    r"^(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ ]*$", re.MULTILINE | re.DOTALL
)


class Block(NamedTuple):
    """What stands between two fences."""

    info: str
    text: str
    line: int
    """The line of the document on which the text begins."""
    printed: str | None
    """The text of a `text` block right after it."""


def blocks_of(document: Path) -> list[Block]:
    """The blocks of a document, in order."""
    text = document.read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    blocks = []
    for block, following in zip_longest(found, found[1:]):
        printed = None
        if following is not None and following["info"].strip() == "text":
            between = text[block.end() : following.start()]
            printed = following["text"] if not between.strip() else None
        line = text.count("\n", 0, block.start("text")) + 1
        blocks.append(Block(block["info"].strip(), block["text"], line, printed))
    return blocks


def files_of(document: Path) -> dict[str, str]:
    """The files of a document that pytest runs, by name."""
    texts = [block.text for block in blocks_of(document) if block.info == "python test"]
    return {text.partition("\n")[0].removeprefix("# "): text for text in texts}


def prose_of(document: Path) -> str:
    """A document without its blocks."""
    return _BLOCK.sub("", document.read_text(encoding="utf-8"))


def code_of(document: Path) -> str:
    """All code of a document: its blocks, and what stands between backticks in its prose."""
    inline = re.findall(r"`([^`\n]+)`", prose_of(document))
    return "\n".join([*(block.text for block in blocks_of(document)), *inline])


def commands_of(document: Path) -> list[str]:
    """What the blocks of a document show or ask to be typed."""
    typed = []
    for block in blocks_of(document):
        lines = block.text.splitlines()
        if block.info == "console":
            typed += [line[2:] for line in lines if line.startswith("$ ")]
        elif block.info == "sh":
            typed += lines
    commands = [re.sub(r"(^|\s+)# .*", "", line).strip() for line in typed]
    return [command for command in commands if command]


def without_comments(block: Block) -> Block:
    """A block as it is in every language: comments may be translated, code may not."""
    if block.info.split(" ")[0] not in ("python", "sh", "console"):
        return block._replace(line=0)
    lines = [re.sub(r"(^|\s+)# .*", "", line) for line in block.text.splitlines()]
    return block._replace(line=0, text="\n".join(line for line in lines if line.strip()))
