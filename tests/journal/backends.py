"""Backends that misbehave in the ways that disks and networks do."""

from __future__ import annotations

import threading

from noria.backend.local import LocalBackend
from noria.core.errors import StoreError
from noria.core.records import Batch


class Kept(LocalBackend):
    """In memory, and remembers the batches it was given."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.batches: list[Batch] = []

    def append(self, batch: Batch) -> list[bytes]:
        refused = super().append(batch)
        self.batches.append(batch)
        return refused


class Failing(Kept):
    """Refuses the first `times` batches, or all that come while `broken`."""

    def __init__(self, times: int = 0) -> None:
        super().__init__()
        self.left = times
        self.broken = False
        self.attempts = 0
        self.attempted = threading.Event()

    def append(self, batch: Batch) -> list[bytes]:
        self.attempts += 1
        self.attempted.set()
        if self.broken or self.left > 0:
            self.left -= 1
            raise StoreError("the disk is full")
        return super().append(batch)


class Gated(Kept):
    """Takes a batch only once its gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.reached = threading.Event()

    def append(self, batch: Batch) -> list[bytes]:
        self.reached.set()
        self.gate.wait()
        return super().append(batch)
