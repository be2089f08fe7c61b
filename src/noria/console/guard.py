"""What stands in for `sys.stdout` and `sys.stderr` while bars are drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, TextIO


class Guard:
    """Passes everything on to the stream it stands for; before text is written, `make_room` is
    called with it, so that what a task prints does not land in the middle of the bars.

    Parameters:
        stream: The real stream.
        make_room: Called with the text that is about to be written.
    """

    def __init__(self, stream: TextIO, make_room: Callable[[str], None]) -> None:
        self.guarded = stream
        self._make_room = make_room
        self._process = os.getpid()

    def write(self, text: str) -> int:
        """Write to the real stream."""
        # A forked child has no bars, and the lock that protects them may be held there for ever.
        if text and os.getpid() == self._process:
            self._make_room(text)
        return self.guarded.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.guarded, name)
