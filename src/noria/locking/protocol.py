"""What a lock manager has to offer."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

__all__ = ["LockManager"]


@runtime_checkable
class LockManager(Protocol):
    """Keeps transactions of one key apart; any object with these methods can be one."""

    def acquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """Take a lock, and wait for it as long as another holder has it.

        Parameters:
            key: What is locked.
            holder: Who takes it.
            acquire_timeout: Seconds to wait at most; 0 does not wait, None waits for ever.
            hold_timeout: Seconds after which the lock ends by itself; None for never.

        Returns:
            False when the time was over before the lock was free.
        """
        ...

    async def aacquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """As `acquire_lock`, without blocking the event loop."""
        ...

    def release_lock(self, key: str, holder: str) -> None:
        """Give a lock back.

        Parameters:
            key: What is locked.
            holder: Who has it.
        """
        ...

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds a lock.

        Parameters:
            key: What may be locked.
        """
        ...

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether it is this one who holds a lock.

        Parameters:
            key: What may be locked.
            holder: Who may hold it.
        """
        ...

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds a lock, without taking it.

        Parameters:
            key: What may be locked.
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            False when the time was over before it was free.
        """
        ...

    async def await_for_lock(
        self,
        key: str,
        timeout: float | None = None,  # noqa: ASYNC109 - Prefect's
    ) -> bool:
        """As `wait_for_lock`, without blocking the event loop."""
        ...
