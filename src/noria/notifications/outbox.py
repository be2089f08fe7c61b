"""Delivery in the background: tried again with pauses, bounded, waited for at the end, never in the
way of a run."""

from __future__ import annotations

import atexit
import heapq
import os
import threading
from collections.abc import Callable
from typing import NamedTuple

from noria.core import clock
from noria.core.backoff import Delays, delay_for
from noria.core.redaction import redactor
from noria.core.tracebacks import type_name
from noria.notifications.targets import Undeliverable

MOST = 1000
"""Messages that may wait; further ones are given up."""
HURRY = 1.0
"""Seconds between attempts, at most, once somebody waits for the end."""


class Delivery(NamedTuple):
    """One message on its way."""

    label: str
    """What its target is called."""
    send: Callable[[], None]
    report: Callable[[str], None]
    """Takes a sentence on why it was given up."""
    retries: int
    delays: Delays | None


class _Due(NamedTuple):
    at: float
    number: int
    attempt: int
    delivery: Delivery


class Outbox:
    """Messages on their way, and the thread that delivers them while there are any."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._due: list[_Due] = []
        self._changed = threading.Condition()
        self._busy = False
        self._hurry = False
        self._thread: threading.Thread | None = None
        self._number = 0
        self._last: dict[int, str] = {}
        """Why the messages that wait for another attempt were not delivered, by number."""

    def put(self, delivery: Delivery) -> None:
        """Deliver a message as soon as may be."""
        with self._changed:
            if len(self._due) >= MOST:
                full = f"{MOST} others wait to be delivered"
            else:
                full = ""
                self._number += 1
                self._enter(_Due(clock.monotonic(), self._number, 0, delivery))
        if full:
            delivery.report(f"A notification to {delivery.label} was given up: {full}.")

    def _enter(self, due: _Due) -> None:
        heapq.heappush(self._due, due)
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="noria-outbox", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _serve(self) -> None:
        while (due := self._next()) is not None:
            self._attempt(due)

    def _next(self) -> _Due | None:
        """The next message, when it is due; None, and the thread ends, when there is none."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            while self._due:
                left = self._due[0].at - clock.monotonic()
                # Under a clock that is stepped nobody steps it for this thread.
                if left <= 0 or not clock.is_real():
                    self._busy = True
                    return heapq.heappop(self._due)
                self._changed.wait(left)
            self._thread = None
            return None

    def _attempt(self, due: _Due) -> None:
        delivery = due.delivery
        try:
            delivery.send()
        except Exception as error:  # noqa: BLE001 - whatever it is, no run may suffer from it
            reason = redactor.mask(" ".join(str(error).split()) or type_name(error))
            if not isinstance(error, Undeliverable) and due.attempt < delivery.retries:
                pause = delay_for(due.attempt, delivery.delays)
                with self._changed:
                    pause = min(pause, HURRY) if self._hurry else pause
                    self._last[due.number] = reason
                    again = _Due(clock.monotonic() + pause, due.number, due.attempt + 1, delivery)
                    heapq.heappush(self._due, again)
                return
            tries = f" after {due.attempt + 1} attempts" if due.attempt else ""
            delivery.report(
                f"A notification to {delivery.label} was not delivered{tries}: {reason}"
            )
        self._last.pop(due.number, None)

    def drain(self, seconds: float) -> bool:
        """Wait until nothing is left; what is, then, is given up.

        Parameters:
            seconds: How long to wait at most.

        Returns:
            Whether all was delivered or given up in time.
        """
        with self._changed:
            self._hurry, soon = True, clock.monotonic() + HURRY
            self._due = [due._replace(at=min(due.at, soon)) for due in self._due]
            heapq.heapify(self._due)
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._due and not self._busy, seconds)
            left, self._due = self._due, []
            self._hurry = False
        for due in left:
            reason = self._last.pop(due.number, "there was no time to try")
            due.delivery.report(
                f"A notification to {due.delivery.label} was not delivered before the process "
                f"ended: {reason}"
            )
        return done


_lock = threading.Lock()
_outbox: Outbox | None = None
_seconds = 0.0


def put(delivery: Delivery, drain_seconds: float) -> None:
    """Deliver a message in the background.

    Parameters:
        delivery: The message.
        drain_seconds: How long the end of the process waits for what is left.
    """
    global _outbox, _seconds
    with _lock:
        _seconds = drain_seconds
        if _outbox is None or _outbox.pid != os.getpid():
            if _outbox is None:
                _wait_at_exit()
            _outbox = Outbox()
        outbox = _outbox
    outbox.put(delivery)


def drain(seconds: float | None = None) -> bool:
    """Wait until all notifications of this process have been delivered or given up.

    Parameters:
        seconds: How long to wait at most; NORIA_NOTIFICATIONS_DRAIN_SECONDS by default. What is
            left then is given up.

    Returns:
        False when something was left.
    """
    outbox = _outbox
    if outbox is None or outbox.pid != os.getpid():
        return True
    return outbox.drain(_seconds if seconds is None else seconds)


def _wait_at_exit() -> None:
    # What sends messages may want the threads of `concurrent.futures`. These are let go before
    # anything that `atexit` knows is called, in the reverse order of asking: so it is loaded first,
    # and asked where it asks.
    import concurrent.futures.thread  # noqa: F401 - as said

    try:
        threading._register_atexit(_at_exit)  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):
        atexit.register(_at_exit)


def _at_exit() -> None:
    drain()
