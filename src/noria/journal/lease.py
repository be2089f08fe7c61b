"""The duty to show that this process lives, done by the journal's writer between batches."""

from __future__ import annotations

from collections.abc import Callable

from noria.backend.port import Backend
from noria.core import clock

REAP_SECONDS = 2.0
"""How often to look for runs whose process has died."""
LISTEN_SECONDS = 0.25
"""How often to look whether another process has asked for a cancel."""


class Lease:
    """A process's lease.

    Parameters:
        backend: Where it is renewed.
        process: The id of the process.
        seconds: How long it lasts.
        on_cancel: Told of the runs of this process that were asked to cancel.
    """

    def __init__(
        self,
        backend: Backend,
        process: bytes,
        seconds: float,
        on_cancel: Callable[[list[bytes]], None],
    ) -> None:
        self.on_cancel = on_cancel
        self.on_change: Callable[[], None] = lambda: None
        """Called when another process may have written to the store."""
        self.on_rest: Callable[[int], object] = lambda now: None
        """Called now and then, with the time: for what can wait, and must not take long."""
        self._backend = backend
        self._process = process
        self._every = max(0.2, seconds / 4)
        self._next_beat = clock.monotonic() + self._every
        self._next_listen = 0.0
        self._next_reap = clock.monotonic() + REAP_SECONDS
        self._counter = -1

    def keep(self) -> list[bytes]:
        """Do what is due.

        Returns:
            The runs of this process that were asked to cancel.
        """
        moment = clock.monotonic()
        if moment < self._next_listen:
            return []
        self._next_listen = moment + LISTEN_SECONDS
        counter = self._backend.change_counter()
        if moment < self._next_beat and counter == self._counter:
            return []
        self._next_beat = moment + self._every
        now = clock.now()
        asked = self._backend.beat(self._process, now)
        if counter != self._counter:
            self.on_change()
            # Only now: when one of them has failed, the news is told with the next look.
            self._counter = counter
        if moment >= self._next_reap:
            # Whoever lives looks after those who died: nobody else may be there to do it.
            self._next_reap = moment + REAP_SECONDS
            self._backend.reap(now)
            self.on_rest(now)
        return asked
