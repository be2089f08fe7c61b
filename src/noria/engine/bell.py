"""Tells those who wait that something in the store may have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Ear:
    """One who waits for a bell.

    A ring is not lost: it stays heard until `forget`. So who waits first forgets, then looks at the
    store, and then listens.
    """

    def __init__(self) -> None:
        self.heard = threading.Event()
        self.on_ring: Callable[[], None] | None = None
        """Called, from any thread, when it rings; for those who cannot block."""

    def forget(self) -> None:
        """Be ready for the next ring."""
        self.heard.clear()

    def ring(self) -> None:
        """Hear the bell."""
        self.heard.set()
        tell = self.on_ring
        if tell is not None:
            # An event loop that waited may be closed by now.
            with suppress(RuntimeError):
                tell()


class Bell:
    """Rung when something in the store may have changed; costs nothing while nobody listens."""

    def __init__(self) -> None:
        self._ears: set[Ear] = set()
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Wake everybody who listens."""
        if self._ears:
            with self._lock:
                ears = list(self._ears)
            for ear in ears:
                ear.ring()

    @contextmanager
    def listening(self) -> Iterator[Ear]:
        """An ear for as long as the block lasts."""
        ear = Ear()
        with self._lock:
            self._ears.add(ear)
        try:
            yield ear
        finally:
            with self._lock:
                self._ears.discard(ear)
