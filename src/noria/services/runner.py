"""The loops in a process of their own."""

from __future__ import annotations

import select
from collections.abc import Callable

from noria.core import clock
from noria.core.errors import StoreError
from noria.engine.opening import Session
from noria.services.keeper import Keeper, services
from noria.services.signals import listening

LOOK_SECONDS = 0.1
"""How often to look whether another process has written: a new schedule is seen so much later."""
AWAY_SECONDS = 1.0
"""How long to wait before a store that is away is tried again."""


def run(session: Session, say: Callable[[str], None], ready: Callable[[], None]) -> None:
    """Call the loops until SIGINT or SIGTERM.

    Parameters:
        session: Of this process.
        say: Told in sentences what was done.
        ready: Called once they are called.
    """
    backend = session.backend
    keeper = Keeper(backend, session.process, services(session.settings), say)
    counter, away = -1, False
    with listening() as signals:
        ready()
        while not signals.heard:
            now, left = clock.now(), LOOK_SECONDS
            try:
                found = backend.change_counter()
                keeper.turn(now, clock.monotonic(), found != counter)
                counter = found
                if away:
                    say("the store is back")
                away = False
            except StoreError as error:
                if not away:
                    say(f"the store is away, and is tried again: {error}")
                away, counter, left = True, -1, AWAY_SECONDS
            due = keeper.next_due()
            if due is not None and not away:
                left = min(left, max(0.0, (due - clock.now()) / 1e6))
            if select.select([signals.wake], [], [], left)[0]:
                signals.drain()
        say(f"{signals.first()}: ends")
    if not away:
        keeper.close()
