"""How long processes have been silent while this one has listened.

A lease that has run out by the clock proves little: clocks of hosts differ and are set, and after a
store was away nobody has been able to renew one. Silence counts while somebody listens to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from noria.core import clock
from noria.core.records import ProcessRow

GAP = 5.0
"""Who looks less often than that has not listened in between, seconds."""


class _Silence(NamedTuple):
    beat: int
    heard: float
    """Monotonic time of the last look."""
    seconds: float | None
    """None after a single look."""


class Silences:
    """What one listener knows of the beats of others.

    Example:
        >>> from noria.backend.processes import this_process
        >>> silences = Silences()
        >>> row = this_process(0, 10)
        >>> silences.listen([row])
        >>> silences.of(row) is None
        True
    """

    def __init__(self) -> None:
        self._known: dict[bytes, _Silence] = {}

    def listen(self, rows: Iterable[ProcessRow]) -> None:
        """Look at some processes; others are forgotten."""
        moment, before = clock.monotonic(), self._known
        self._known = {}
        for row in rows:
            known = before.get(row.id)
            if known is None or known.beat != row.beat:
                first = None if known is None else 0.0
                self._known[row.id] = _Silence(row.beat, moment, first)
            else:
                seconds = (known.seconds or 0.0) + min(GAP, max(0.0, moment - known.heard))
                self._known[row.id] = _Silence(row.beat, moment, seconds)

    def of(self, row: ProcessRow) -> float | None:
        """For how many seconds a process has been silent while it was listened to; None if it was
        looked at but once."""
        known = self._known.get(row.id)
        return None if known is None else known.seconds

    def is_over(self, row: ProcessRow) -> bool | None:
        """Whether a process has been silent for longer than its lease; None when nobody knows."""
        seconds = self.of(row)
        return None if seconds is None else seconds > row.lease / 1_000_000
