"""The bottom of the terminal: a block of lines that is redrawn while everything else scrolls by."""

from __future__ import annotations

import sys
import threading
from typing import TextIO, cast

from noria.console.guard import Guard
from noria.console.stream import Stderr, is_terminal


class Screen:
    """Draws the block below all that is written.

    The cursor rests below the block, at the left edge, and is never hidden: a process killed at any
    moment leaves a terminal that works.
    """

    def __init__(self, stderr: Stderr) -> None:
        self._stderr = stderr
        self._lock = threading.RLock()
        self._height = 0
        self._mid_line = False
        self._guards: dict[str, Guard] = {}

    def update(self, text: str, block: str) -> None:
        """Write `text` (whole lines) where the block was, and `block` below it."""
        with self._lock:
            out = self._erasure()
            if text:
                out += "\n" + text if self._mid_line else text
                self._mid_line = False
            if block:
                self._watch()
            if block and not self._mid_line:
                out += block
                self._height = block.count("\n")
            if out:
                self._stderr.write(out)
            if not block:
                self._unwatch()

    def _erasure(self) -> str:
        height, self._height = self._height, 0
        return f"\r\x1b[{height}A\x1b[J" if height else ""

    def _make_room(self, text: str) -> None:
        with self._lock:
            if self._height:
                self._stderr.write(self._erasure())
            # Half a line of somebody else's: drawing below it would tear it apart.
            self._mid_line = not text.endswith("\n")

    def _watch(self) -> None:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if not isinstance(stream, Guard) and is_terminal(stream):
                self._guards[name] = guard = Guard(stream, self._make_room)
                setattr(sys, name, cast(TextIO, guard))

    def _unwatch(self) -> None:
        for name, guard in self._guards.items():
            if getattr(sys, name) is guard:
                setattr(sys, name, guard.guarded)
        self._guards = {}
        self._mid_line = False
