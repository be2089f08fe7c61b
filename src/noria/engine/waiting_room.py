"""Where the tickets of this process wait for their slots, watched by one thread for all of them.

Slots that this process frees are noticed at once; those that others free, by the store's stamp,
which costs next to nothing to look at. The thread lives as long as somebody waits.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from noria.core import clock
from noria.engine.bell import Ear

if TYPE_CHECKING:
    from noria.engine.opening import Session

LISTEN_SECONDS = 0.05
"""How often the thread looks whether another process has freed slots."""
ROUNDS = 20
"""Every so many looks it also sees to holders that have died."""


class WaitingRoom:
    """The tickets of one session that wait.

    Parameters:
        session: The session.
    """

    def __init__(self, session: Session) -> None:
        self._backend = session.backend
        self._process = session.process
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._wake = threading.Event()
        self._ears: dict[bytes, Ear] = {}
        self._owed: list[bytes] = []
        self._thread: threading.Thread | None = None
        self._stamp: object = None
        self._due: int | None = None
        self._rounds = 0

    def join(self, ticket: bytes, due: int | None) -> Ear:
        """Wait with a ticket.

        Parameters:
            ticket: The ticket, which stands in line.
            due: When the line is to be looked at again, for limits that decay.

        Returns:
            An ear that hears when the ticket is granted, or there is no such ticket any more.
        """
        ear = Ear()
        with self._lock:
            self._ears[ticket] = ear
            # It may have been granted before anybody listened.
            self._stamp = None
        self._hear_of(due)
        self._rouse()
        return ear

    def leave(self, ticket: bytes) -> None:
        """Wait no longer."""
        # In a process of a pool nobody may ask the flow's process once its task has ended: a look
        # that is under way is waited for, and none begins for who has left.
        with self._looking, self._lock:
            self._ears.pop(ticket, None)

    def give_back(self, ticket: bytes) -> None:
        """Give a ticket back; when the store does not take it now, as soon as it does."""
        try:
            self._backend.release_slots(ticket, clock.now())
        except Exception:  # noqa: BLE001 - the work is done; its slots must not be lost for that
            with self._lock:
                self._owed.append(ticket)
            self._rouse()
        if self._ears:
            self._wake.set()

    def look(self, settle: bool = False) -> int | None:
        """Ring for those that have been granted.

        Parameters:
            settle: Serve whom time has made room for, and take back what the dead hold.

        Returns:
            When to look again, for limits that decay.
        """
        with self._looking:
            self._pay()
            if not self._ears:
                return self._due
            stamp = self._backend.slots_stamp()
            if settle or (self._due is not None and clock.now() >= self._due):
                self._settle()
            elif stamp == self._stamp:
                return self._due
            self._stamp = stamp
            # Who joins while the store is asked is not among these: an answer that is older than
            # its ticket would seem to say that it was dropped.
            waiting = list(self._ears)
            pid = os.getpid()
            for ticket in self._backend.granted_slots(self._process, pid):
                self._ring(ticket)
            if settle:
                there_are = set(self._backend.slots_of(self._process, pid))
                for ticket in waiting:
                    if ticket not in there_are:
                        self._ring(ticket)
            return self._due

    def _settle(self) -> None:
        """Serve whom time has made room for, and note when to do so again."""
        with self._lock:
            self._due = None
        self._hear_of(self._backend.settle_slots(clock.now()))

    def _hear_of(self, due: int | None) -> None:
        """Look at the line again at that time, or earlier; who joins and who settles both say."""
        with self._lock:
            if due is not None and (self._due is None or due < self._due):
                self._due = due

    def _ring(self, ticket: bytes) -> None:
        ear = self._ears.get(ticket)
        if ear is not None:
            ear.ring()

    def _rouse(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._watch, name="noria-slots", daemon=True)
                self._thread = thread
                thread.start()
        self._wake.set()

    def _watch(self) -> None:
        while True:
            self._wake.wait(LISTEN_SECONDS)
            self._wake.clear()
            with self._lock:
                if not self._ears and not self._owed:
                    self._thread = None
                    return
            self._rounds += 1
            try:
                self.look(settle=self._rounds % ROUNDS == 1)
            except Exception:  # noqa: BLE001 - the store is away; it is asked again
                continue

    def _pay(self) -> None:
        while self._owed:
            self._backend.release_slots(self._owed[0], clock.now())
            with self._lock:
                del self._owed[0]


_rooms: WeakKeyDictionary[Session, WaitingRoom] = WeakKeyDictionary()
_making = threading.Lock()


def room_of(session: Session) -> WaitingRoom:
    """The waiting room of a session."""
    with _making:
        room = _rooms.get(session)
        if room is None:
            room = _rooms[session] = WaitingRoom(session)
        return room
