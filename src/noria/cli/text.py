"""Text on a terminal: how wide it is, how it is cut, and how it is coloured."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import click

Paint = Callable[[str, str], str]
"""Puts a style, by name, around a text."""

# The roles of words are those of the console, and look the same.
STYLES: dict[str, dict[str, Any]] = {
    "": {},
    "bold": {"bold": True},
    "dim": {"dim": True},
    "trace": {"dim": True},
    "name": {"fg": "cyan"},
    "hint": {"fg": "cyan"},
    "ok": {"fg": "green"},
    "run": {"fg": "blue"},
    "cached": {"fg": "cyan"},
    "warn": {"fg": "yellow"},
    "fail": {"fg": "red", "bold": True},
    "debug": {"dim": True},
    "warning": {"fg": "yellow"},
    "error": {"fg": "red", "bold": True},
    "critical": {"fg": "red", "bold": True, "reverse": True},
}

_COLOR_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
_ZERO_WIDTH_JOINER = "\u200d"


def colored(text: str, style: str) -> str:
    """The text with the escape sequences of a style."""
    return click.style(text, **STYLES[style]) if style and text else text


def uncolored(text: str, style: str) -> str:
    """The text as it is."""
    return text


def width(text: str) -> int:
    """How many columns a text takes; a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - only for text that needs it

    return cell_len(text)


def fit(text: str, columns: int) -> str:
    """The text in at most so many columns, with an ellipsis where it is cut.

    Example:
        >>> fit("a long name", 7)
        'a long…'
    """
    if width(text) <= columns:
        return text
    cut = text[: max(columns - 1, 0)]
    while cut and width(cut) > columns - 1:
        cut = cut[:-1]
    return cut + "…" if columns > 0 else ""


def pad(text: str, columns: int, right: bool = False) -> str:
    """The text in exactly so many columns, or wider if it is."""
    space = " " * max(columns - width(text), 0)
    return space + text if right else text + space


def clean(text: str, lines: bool = False) -> str:
    """The text without anything that moves the cursor, rings or recolours the terminal.

    Parameters:
        text: Whatever a user's code produced.
        lines: Keep line breaks and tabs; otherwise they become spaces.

    Example:
        >>> clean("two\\nlines" + chr(27) + "[2J")
        'two lines\\\\x1b[2J'
    """
    if text.isprintable():
        return text
    text = _COLOR_SEQUENCE.sub("", text)
    return "".join(_visible(character, lines) for character in text)


def _visible(character: str, lines: bool) -> str:
    if character in "\n\t":
        return character if lines else " "
    if character == "\r":
        return ""
    category = unicodedata.category(character)
    if category[0] != "C" or character == _ZERO_WIDTH_JOINER:
        return character if category not in ("Zl", "Zp") else " "
    return character.encode("unicode_escape").decode("ascii")


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that reads best.

    Example:
        >>> bytes_text(512), bytes_text(1536), bytes_text(5 * 1024**3)
        ('512 B', '1.5 KiB', '5.0 GiB')
    """
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
