"""stderr as it is at the moment of writing, whatever has become of it."""

from __future__ import annotations

import sys
from typing import TextIO

from noria.console.guard import Guard

_SIMPLER = str.maketrans(
    {
        "✓": "+", "■": "x", "▲": "x", "◐": ">", "○": "o", "⊘": "-", "‖": "=", "↻": "~", "≈": "=",
        "·": "-", "×": "x", "…": "...", "━": "=", "╸": "-", "╺": "-",
    }
)  # fmt: skip


_instead: list[TextIO] = []


def show_on(stream: TextIO) -> None:
    """Have this process's console write to a stream of its own from now on."""
    _instead[:] = [stream]


class Stderr:
    """Looks `sys.stderr` up at every write, since tests and hosts replace it, and never raises:
    a closed or broken stderr is no reason to fail a run."""

    def write(self, text: str) -> None:
        """Write and flush, or do nothing if that cannot be done."""
        stream = self.stream()
        if stream is None:
            return
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                stream.write(_encodable(text, stream))
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Broken pipe, closed file, not a file at all: the store still has everything.
            return

    def stream(self) -> TextIO | None:
        """The real stream of now; None where there is none, as under pythonw."""
        stream: TextIO | Guard | None = _instead[0] if _instead else sys.stderr
        return stream.guarded if isinstance(stream, Guard) else stream


def printed_elsewhere(logger: str) -> bool:
    """Whether a handler of the user's own, of `logging`, prints what a logger says."""
    logging = sys.modules.get("logging")
    found = logging and logging.root.manager.loggerDict.get(logger, logging.root)
    printed = False
    while found is not None and not printed:
        printed = any(_prints(handler) for handler in getattr(found, "handlers", ()))
        found = found.parent if getattr(found, "propagate", False) else None
    return printed


def _prints(handler: object) -> bool:
    stream = getattr(handler, "stream", None)
    return stream is not None and stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at it."""
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError, AttributeError):
        return False


def _encodable(text: str, stream: TextIO) -> str:
    """The text with simpler signs for what the stream's encoding does not have."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    simple = text.translate(_SIMPLER)
    return simple.encode(encoding, "backslashreplace").decode(encoding)
