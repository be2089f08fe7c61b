"""A worker: claims runs of pools that are due, and has them executed."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable, Sequence

from noria.core import clock
from noria.core.errors import StoreError
from noria.core.pools import SERVED, OwedHook, WorkerRow
from noria.engine.opening import Session
from noria.services.keeper import Keeper
from noria.services.keeper import services as services_of
from noria.services.signals import Signals, listening
from noria.worker.children import Children
from noria.worker.link import Link

LOOK_SECONDS = 0.03
"""How often to look whether another process has written: what is asked for starts so much later."""
REAP_SECONDS = 2.0
GRACE_SECONDS = 30.0
"""How long a run that is to stop may take before its processes are told, and then killed."""
BEGINNING = 4 * (os.cpu_count() or 1)
"""How many runs begin at once: more of them would only keep one another from it."""
SETTLE_MICROS = 500_000
"""How often a worker that has no room looks for runs that are not to run."""
AWAY_SECONDS = 1.0
"""How long to wait before a store that is away is tried again."""


class Worker:
    """Claims and runs.

    Parameters:
        session: Of this process; its backend is where runs are claimed.
        pools: The pools whose runs it takes; None for all but those that a script serves itself.
        limit: How many runs may be under way at once; None for as many as there are.
        say: Told in a sentence what happens.
        services: Whether it also looks after schedules, late and dead runs.
        grace: Seconds that a run which is to stop may take before its processes are ended.
        name: By which people know it; the host's and the process's number by default.
        ready: Called once it takes runs.
    """

    def __init__(
        self,
        session: Session,
        pools: Sequence[str] | None,
        limit: int | None = None,
        say: Callable[[str], None] = lambda _text: None,
        services: bool = True,
        grace: float = GRACE_SECONDS,
        name: str | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._backend = session.backend
        self._process = session.process
        self._pools = None if pools is None else tuple(pools)
        self._limit = limit
        self._say = say
        self._grace = grace
        self._name = name or f"{os.uname().nodename}-{os.getpid()}"
        self._ready = ready
        loops = services_of(session.settings) if services else ()
        self._keeper = Keeper(session.backend, session.process, loops, say) if loops else None
        self._signals: list[int] = []
        self._heard = 0
        self._counter = -1
        self._due = 0
        self._next_look = 0.0
        self._next_settling = 0
        self._owed: list[OwedHook] = []
        """Hooks that this worker is to have called, and that have not been begun."""
        self._away = False
        self._back = ""
        """What is said once it can go on."""

    def run(self) -> None:
        """Work until told to stop, and until what is under way has ended."""
        settings = self._session.settings
        now = clock.now()
        self._backend.register_worker(
            WorkerRow(self._process, self._name, self._pools, self._limit, now)
        )
        children = Children(
            self._backend,
            self._process,
            settings.lease_seconds,
            self._grace,
            self._say,
            os.path.join(settings.home_path, "output"),
        )
        with listening() as signals:
            self._signals = signals.heard
            self._ready()
            try:
                while not self._signals or children:
                    self._try_turn(children)
                    self._wait(children, signals)
                if not self._heard:
                    self._say(f"{signals.first()}: ends")
            finally:
                children.close()
                self._leave()

    def _leave(self) -> None:
        if self._keeper is not None and not self._away:
            self._keeper.close()

    def _wait(self, children: Children, signals: Signals) -> None:
        left = max(0.0, min(LOOK_SECONDS, (self._due - clock.now()) / 1e6))
        if self._away:
            left = AWAY_SECONDS
        listened: list[int | Link] = [signals.wake, *children.links()]
        ready, _, _ = select.select(listened, [], [], left)
        for each in ready:
            if isinstance(each, Link):
                children.hear(each)
            else:
                signals.drain()

    def _try_turn(self, children: Children) -> None:
        """A store that is away is no reason to end: runs go on, and will be looked after again. Nor
        is a bug of ours: it may be gone the next time, and who ends helps nobody."""
        try:
            self._turn(children)
        except StoreError as error:
            if not self._away:
                self._say(f"the store is away; runs go on, and it is tried again: {error}")
            self._away, self._counter, self._back = True, -1, "the store is back"
            return
        except Exception:  # noqa: BLE001 - see above
            if not self._away:
                self._say(f"a bug in noria; it is tried again:\n{traceback.format_exc()}")
            self._away, self._counter, self._back = True, -1, "it goes on"
            return
        if self._away:
            self._away = False
            self._say(self._back)

    def _turn(self, children: Children) -> None:
        now, moment = clock.now(), clock.monotonic()
        self._obey(children)
        looks = children.died or moment >= self._next_look
        if looks:
            if children.died and self._keeper is not None:
                self._keeper.hurry()
            children.died, self._counter = False, -1
            self._next_look = moment + REAP_SECONDS
            children.look_after_others()
            children.abandon_strays()
        counter = self._backend.change_counter()
        changed, self._counter = counter != self._counter, counter
        children.look(moment, changed)
        if not self._signals:
            if self._keeper is not None:
                self._keeper.turn(now, moment, changed)
            if looks and not self._owed:
                self._owed += self._backend.take_owed_hooks(self._pools, self._process, now)
            while self._owed and children.can_call_hooks():
                children.call_hooks(self._owed[0])
                del self._owed[0]
        if not changed and not children.ended and now < self._due:
            return
        children.ended = False
        pools = self._pools_now()
        if not self._signals:
            self._take(children, pools, now)
        dues = [self._backend.next_work_due(pools)]
        if self._keeper is not None:
            dues.append(self._keeper.next_due())
        self._due = min(_next(due, now) for due in dues)

    def _pools_now(self) -> Sequence[str]:
        if self._pools is not None:
            return self._pools
        return [pool for pool in self._backend.pools_waited_in() if not pool.startswith(SERVED)]

    def _obey(self, children: Children) -> None:
        """The first signal lets what is under way end, the second stops it."""
        if self._signals and not self._heard:
            rest = f"; {len(children)} under way, a second signal stops them" if children else ""
            self._say(f"{signal.Signals(self._signals[0]).name}: takes no more runs{rest}")
            self._heard = 1
        heard = len(self._signals)
        if heard > self._heard:
            self._say(f"stops {len(children)} runs")
            children.stop()
            # Not before all were asked: should the store be away, they are asked again.
            self._heard = heard

    def _take(self, children: Children, pools: Sequence[str], now: int) -> None:
        room = BEGINNING - children.beginning()
        if self._limit is not None:
            room = min(room, self._limit - len(children))
        if room < 1:
            # What is not to run at all, because another does, need not be told at every change.
            if now < self._next_settling:
                return
            self._next_settling = now + SETTLE_MICROS
        for claim in self._backend.claim(pools, self._process, room, now):
            children.begin(claim)


def _next(due: int | None, now: int) -> int:
    # What is due already is held back; a change, or the next second, may free it.
    return now + 60_000_000 if due is None else max(due, now + 1_000_000 if due <= now else due)
