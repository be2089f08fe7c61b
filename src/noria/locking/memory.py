"""Locks between the threads and coroutines of one process."""

from __future__ import annotations

import threading
from typing import Any, Self

from noria.core import clock
from noria.engine.locks import BaseLockManager

__all__ = ["MemoryLockManager"]


class MemoryLockManager(BaseLockManager):
    """Locks that this process keeps for itself; there is one such manager in a process.

    Example:
        >>> locks = MemoryLockManager()
        >>> locks.acquire_lock("report", holder="me")
        True
        >>> locks.acquire_lock("report", holder="you", acquire_timeout=0)
        False
        >>> locks.release_lock("report", holder="me")
        >>> locks.is_locked("report")
        False
    """

    _instance: MemoryLockManager | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls._instance is None:
            made = super().__new__(cls)
            BaseLockManager.__init__(made)
            made._guard = threading.Lock()
            made._held = {}
            cls._instance = made
        return cls._instance  # type: ignore[return-value]

    def __init__(self) -> None:
        self._guard: threading.Lock
        self._held: dict[str, tuple[str, int | None]]

    def __reduce__(self) -> Any:
        # In another process: the manager of that one.
        return type(self), ()

    def holder_of(self, key: str) -> str | None:
        """Who holds a lock."""
        with self._guard:
            return self._holder_of(key)

    def _holder_of(self, key: str) -> str | None:
        holder, expires = self._held.get(key, (None, None))
        return None if expires is not None and expires <= clock.now() else holder

    def take(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        """Take a lock that is free."""
        with self._guard:
            held = self._holder_of(key)
            if held is None:
                expires = None
                if hold_timeout is not None:
                    expires = clock.now() + int(hold_timeout * 1_000_000)
                self._held[key] = holder, expires
            return held in (None, holder)

    def give(self, key: str, holder: str) -> bool:
        """Give a lock back."""
        with self._guard:
            if self._holder_of(key) != holder:
                return False
            del self._held[key]
            return True
