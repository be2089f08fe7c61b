"""What listens to the journal: the console, and later whatever else wants to follow live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from noria.core.records import Record


class Tap(Protocol):
    """Sees every record in the order in which it was appended, on the journal's writer thread,
    once they are committed. It must be quick and must not raise."""

    def see(self, records: Sequence[Record]) -> None:
        """Take note of some records."""

    def idle(self) -> None:
        """Called a few times a second while nothing comes: redraw, if something moves."""

    def close(self) -> None:
        """Nothing will come any more."""
