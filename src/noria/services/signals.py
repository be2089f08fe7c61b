"""Signals that end a loop, noted where they cannot strike in the midst of a transaction."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """The signals that were sent so far, and what ends a wait when one comes.

    Attributes:
        heard: The numbers, in order.
        wake: A descriptor that can be read once one has come.
    """

    def __init__(self, wake: int) -> None:
        self.heard: list[int] = []
        self.wake = wake

    def drain(self) -> None:
        """Read what has made `wake` readable."""
        os.read(self.wake, 4096)

    def first(self) -> str:
        """The name of the first one."""
        return signal.Signals(self.heard[0]).name


@contextmanager
def listening() -> Iterator[Signals]:
    """Note SIGINT and SIGTERM instead of being struck by them, until the block ends."""
    wake, waker = os.pipe()
    for end in (wake, waker):
        os.set_blocking(end, False)
    found = Signals(wake)
    before = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    old = {
        number: signal.signal(number, lambda number, _frame: found.heard.append(number))
        for number in SIGNALS
    }
    try:
        yield found
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(wake)
        os.close(waker)
