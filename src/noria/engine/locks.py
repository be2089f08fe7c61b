"""Locks of transactions: how one is waited for, and those that the store keeps.

Waiting is a program, so that it blocks neither an event loop nor a pool, and can be interrupted.
Within a process a release wakes who waits; others are looked after with growing pauses.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from noria.core import clock
from noria.core.records import LockRow
from noria.engine.bell import Ear
from noria.engine.drivers import adrive, drive
from noria.engine.effects import Ask, Effect, Wait
from noria.engine.futures import waiting
from noria.engine.gate import gate
from noria.engine.session import open_session

FIRST_PAUSE = 0.01
LONGEST_PAUSE = 0.25
"""Seconds between two looks at a lock that another process holds."""


class Turn:
    """One who waits until a lock may be free; what the effect `Wait` takes for a future."""

    def __init__(self) -> None:
        self._ear = Ear()

    def come(self) -> None:
        """Say that the lock may be free."""
        self._ear.ring()

    def wait_silently(self, timeout: float | None = None) -> None:
        """Wait on this thread; a pool may run something else meanwhile."""
        with waiting():
            gate().wait(self._ear.heard, timeout)

    async def wait_async(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as futures
        """Wait on the event loop."""
        import asyncio

        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(event.set)

        self._ear.on_ring = wake
        try:
            # It may have come before there was anybody to tell.
            if not self._ear.heard.is_set():
                async with asyncio.timeout(timeout):
                    await event.wait()
        except TimeoutError:
            return
        finally:
            self._ear.on_ring = None


class Turns:
    """Who waits for which lock in this process."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Turn]] = {}
        self._guard = threading.Lock()

    @contextmanager
    def turn(self, key: str) -> Iterator[Turn]:
        """Be told of releases while the block lasts."""
        turn = Turn()
        with self._guard:
            self._waiting.setdefault(key, []).append(turn)
        try:
            yield turn
        finally:
            with self._guard:
                self._waiting[key].remove(turn)
                if not self._waiting[key]:
                    del self._waiting[key]

    def call(self, key: str) -> None:
        """Tell all that a lock may be free."""
        with self._guard:
            turns = list(self._waiting.get(key, ()))
        for turn in turns:
            turn.come()


class BaseLockManager:
    """What lock managers have in common; a kind of its own says how a lock is taken and given."""

    def __init__(self) -> None:
        self.turns = Turns()

    def holder_of(self, key: str) -> str | None:
        """Who holds a lock."""
        raise NotImplementedError

    def take(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        """Take a lock that is free, or held by the same holder; False when it is not."""
        raise NotImplementedError

    def give(self, key: str, holder: str) -> bool:
        """Give a lock back; False when this holder does not have it."""
        raise NotImplementedError

    def _acquiring(
        self, key: str, holder: str, acquire_timeout: float | None, hold_timeout: float | None
    ) -> Generator[Effect, Any, bool]:
        take = partial(self.take, key, holder, hold_timeout)
        return (yield from self._until(take, key, acquire_timeout))

    def _until(self, done: Any, key: str, timeout: float | None) -> Generator[Effect, Any, bool]:
        """Try again whenever the lock may be free, for at most `timeout` seconds."""
        deadline = None if timeout is None else clock.monotonic() + timeout
        pause = FIRST_PAUSE
        while True:
            # Announced before it is tried: a release in between is not missed.
            with self.turns.turn(key) as turn:
                if (yield Ask(done)):
                    return True
                left = None if deadline is None else deadline - clock.monotonic()
                if left is not None and left <= 0:
                    return False
                within = pause if left is None else min(pause, left)
                yield Wait([turn], within)  # type: ignore[list-item]
            pause = min(2 * pause, LONGEST_PAUSE)

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
            holder: Who takes it; asking again for what one has is granted at once.
            acquire_timeout: Seconds to wait at most; 0 does not wait, None waits for ever.
            hold_timeout: Seconds after which the lock ends by itself; None for never.

        Returns:
            False when the time was over before the lock was free.
        """
        return drive(self._acquiring(key, holder, acquire_timeout, hold_timeout))

    async def aacquire_lock(
        self,
        key: str,
        holder: str,
        acquire_timeout: float | None = None,
        hold_timeout: float | None = None,
    ) -> bool:
        """As `acquire_lock`, without blocking the event loop."""
        return await adrive(self._acquiring(key, holder, acquire_timeout, hold_timeout))

    def release_lock(self, key: str, holder: str) -> None:
        """Give a lock back.

        Parameters:
            key: What is locked.
            holder: Who has it.

        Raises:
            ValueError: This holder does not have it.
        """
        if not self.give(key, holder):
            raise ValueError(f"No lock held by {holder} for transaction with key {key}")
        self.turns.call(key)

    def is_locked(self, key: str) -> bool:
        """Whether anybody holds a lock.

        Parameters:
            key: What may be locked.
        """
        return self.holder_of(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether it is this one who holds a lock.

        Parameters:
            key: What may be locked.
            holder: Who may hold it.
        """
        return self.holder_of(key) == holder

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody holds a lock, without taking it.

        Parameters:
            key: What may be locked.
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            False when the time was over before it was free.
        """
        return drive(self._until(lambda: not self.is_locked(key), key, timeout))

    async def await_for_lock(
        self,
        key: str,
        timeout: float | None = None,  # noqa: ASYNC109 - Prefect's
    ) -> bool:
        """As `wait_for_lock`, without blocking the event loop."""
        return await adrive(self._until(lambda: not self.is_locked(key), key, timeout))


class StoreLockManager(BaseLockManager):
    """Locks that the store of the runs keeps, for all processes that use it.

    A lock ends with the process that holds it: at once when that is on the same host, elsewhere
    when its lease has run out.
    """

    def holder_of(self, key: str) -> str | None:
        """Who holds a lock."""
        row = open_session().backend.lock(key, clock.now())
        return None if row is None else row.holder

    def take(self, key: str, holder: str, hold_timeout: float | None) -> bool:
        """Take a lock that is free."""
        session, now = open_session(), clock.now()
        if (held := session.backend.lock(key, now)) is not None and held.holder != holder:
            # Looking does not keep others from writing.
            return False
        expires = None if hold_timeout is None else now + int(hold_timeout * 1_000_000)
        row = LockRow(key, holder, session.process, now, expires)
        return session.backend.acquire_lock(row)

    def give(self, key: str, holder: str) -> bool:
        """Give a lock back."""
        return open_session().backend.release_lock(key, holder)


_in_store = StoreLockManager()


def default_lock_manager() -> StoreLockManager:
    """The manager of those who name none."""
    return _in_store
