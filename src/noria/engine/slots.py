"""Slots of concurrency limits: asking for them, waiting for one's turn, giving them back.

Written once, as a program; see `noria.engine.effects`. The flow, the task's own lifecycle and user
code ask in the same way, from whatever process.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from noria.backend.processes import start_time
from noria.core import clock
from noria.core.errors import AcquireConcurrencySlotTimeoutError, ConcurrencySlotAcquisitionError
from noria.core.ids import new_id
from noria.core.slots import Acquired, Pool, TicketRow
from noria.engine.effects import Listen, Program
from noria.engine.session import open_session
from noria.engine.waiting_room import WaitingRoom, room_of

if TYPE_CHECKING:
    from noria.engine.opening import Session

RETRY_SECONDS = 2.0
"""For who counts in tries: a try that finds no slots is made again after so long."""

holding: ContextVar[int] = ContextVar("noria_holding", default=0)
"""How many tickets the current code holds."""


class Slots:
    """A wish for slots, and once it is granted the slots. Each can be acquired once.

    Parameters:
        names: The limits; slots of all of them are given at once.
        occupy: How many slots of each.
        key: Each key of a limit has slots of its own; empty for the limit itself.
        rate: Whether the slots are not given back but decay.
        holder: JSON on who asks.
        timeout: Seconds to wait at most; None waits as long as it takes.
        tries: Tries after the first, two seconds apart; None waits as long as it takes.
        strict: Whether it is an error that there is none of the limits.
        warn: Told in a sentence of limits that there are not.
        on_wait: Called when it has to wait.
    """

    def __init__(
        self,
        names: Iterable[str],
        occupy: int = 1,
        *,
        key: str = "",
        rate: bool = False,
        holder: str | None = None,
        timeout: float | None = None,
        tries: int | None = None,
        strict: bool = False,
        warn: Callable[[str], object] = lambda message: None,
        on_wait: Callable[[], object] = lambda: None,
    ) -> None:
        self._names = sorted(set(names))
        self._occupy = occupy
        self._key = key
        self._rate = rate
        self._holder = holder
        self._timeout = timeout
        self._tries = tries
        self._strict = strict
        self._warn = warn
        self._on_wait = on_wait
        self._ticket = new_id()
        self._pid = os.getpid()
        self._room: WaitingRoom | None = None

    def acquire(self) -> Program[None]:
        """The program that waits for the slots.

        Raises:
            ConcurrencySlotAcquisitionError: They can never be had.
            AcquireConcurrencySlotTimeoutError: They were not free in time.
        """
        if self._occupy < 1:
            raise ConcurrencySlotAcquisitionError(
                f"{self._occupy} slots of {_listed(self._names)} were asked for; expected 1 or "
                "more."
            )
        session = open_session()
        self._room = room_of(session)
        since = clock.monotonic()
        try:
            while True:
                acquired = session.backend.acquire_slots(self._row(session), clock.now())
                if not self._exist(acquired) or acquired.granted:
                    break
                if (yield from self._stand_in_line(session, since, acquired.due)):
                    break
                # It was dropped: the limit was lowered, or this process was taken for dead.
        except BaseException:
            self.release()
            raise
        if self._rate:
            self.release()

    def release(self) -> None:
        """Give the slots back, or leave the line; doing it twice is harmless."""
        room, self._room = self._room, None
        # A forked process leaves what its parent holds to the parent.
        if room is not None and self._pid == os.getpid():
            room.give_back(self._ticket)

    def _row(self, session: Session) -> TicketRow:
        pid = os.getpid()
        return TicketRow(
            self._ticket,
            session.process,
            pid,
            _start_time(pid),
            tuple(Pool(name, self._key) for name in self._names),
            self._occupy,
            self._rate,
            holding.get() > 0,
            self._holder,
            clock.now(),
        )

    def _exist(self, acquired: Acquired) -> bool:
        """Whether there is any of the limits; says which there are not."""
        missing = [name for name in self._names if name not in acquired.found]
        if not missing:
            return True
        if not acquired.found and self._strict:
            raise ConcurrencySlotAcquisitionError(
                f"There is no concurrency limit {_listed(self._names)}. Make it first: "
                f"noria limit set {self._names[0]} SLOTS"
            )
        self._warn(
            f"There is no concurrency limit {_listed(missing)}: nothing is limited by it here."
        )
        return bool(acquired.found)

    def _stand_in_line(self, session: Session, since: float, due: int | None) -> Program[bool]:
        """Wait until the ticket is granted; False when it was dropped."""
        room = room_of(session)
        ear = room.join(self._ticket, due)
        self._on_wait()
        try:
            while not ear.heard.is_set():
                left = self._left(since)
                if left is not None and left <= 0:
                    if session.backend.withdraw_slots(self._ticket, clock.now()):
                        return True
                    self._give_up()
                if clock.is_real() or due is None:
                    yield Listen(ear, left)
                else:
                    # Time passes only by being waited for.
                    pause = max(0.0, (due - clock.now()) / 1_000_000)
                    yield Listen(ear, pause if left is None else min(pause, left))
                    due = room.look(settle=True)
        finally:
            room.leave(self._ticket)
        return self._ticket in session.backend.granted_slots(session.process, os.getpid())

    def _left(self, since: float) -> float | None:
        """Seconds that may still be waited."""
        limits = [] if self._timeout is None else [self._timeout]
        if self._tries is not None:
            limits.append(self._tries * RETRY_SECONDS)
        return min(limits) - (clock.monotonic() - since) if limits else None

    def _give_up(self) -> None:
        if self._tries is not None and (
            self._timeout is None or self._tries * RETRY_SECONDS < self._timeout
        ):
            raise ConcurrencySlotAcquisitionError(
                f"No slots of {_listed(self._names)} were free, and {self._tries} retries are "
                "allowed. Allow more with max_retries, or see who holds them: noria limit holders"
            )
        raise AcquireConcurrencySlotTimeoutError(
            f"Slots of {_listed(self._names)} did not come free within {self._timeout} second(s). "
            "See who holds them: noria limit holders"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))


@functools.cache
def _start_time(pid: int) -> int:
    return start_time(pid) or 0
