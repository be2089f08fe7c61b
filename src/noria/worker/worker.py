"""A worker: claims runs of pools that are due, and has them executed."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from noria.core import clock
from noria.engine.opening import Session
from noria.worker.children import Children
from noria.worker.link import Link

LOOK_SECONDS = 0.03
"""How often to look whether another process has written: what is asked for starts so much later."""
REAP_SECONDS = 2.0
GRACE_SECONDS = 30.0
"""How long a run that is to stop may take before its processes are told, and then killed."""
BEGINNING = 4 * (os.cpu_count() or 1)
"""How many runs begin at once: more of them would only keep one another from it."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Worker:
    """Claims and runs.

    Parameters:
        session: Of this process; its backend is where runs are claimed.
        pools: The pools whose runs it takes.
        limit: How many runs may be under way at once; None for as many as there are.
        say: Told in a sentence what happens.
        schedules: Whether it also makes the runs that schedules have due.
        grace: Seconds that a run which is to stop may take before its processes are ended.
    """

    def __init__(
        self,
        session: Session,
        pools: Sequence[str],
        limit: int | None = None,
        say: Callable[[str], None] = lambda _text: None,
        schedules: bool = True,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._session = session
        self._backend = session.backend
        self._process = session.process
        self._pools = pools
        self._limit = limit
        self._say = say
        self._schedules = schedules
        self._grace = grace
        self._signals: list[int] = []
        self._heard = 0
        self._counter = -1
        self._due = 0
        self._next_reap = 0.0

    def run(self) -> None:
        """Work until told to stop, and until what is under way has ended."""
        settings = self._session.settings
        children = Children(
            self._backend,
            self._process,
            settings.lease_seconds,
            self._grace,
            self._say,
            os.path.join(settings.home_path, "output"),
        )
        with self._listening() as wake:
            try:
                while not self._signals or children:
                    self._turn(children)
                    self._wait(children, wake)
            finally:
                children.close()

    @contextmanager
    def _listening(self) -> Iterator[int]:
        """Signals are noted, and end a wait."""
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        before = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        # Nothing is done in a handler: it may strike in the midst of a transaction.
        old = {
            number: signal.signal(number, lambda number, _frame: self._signals.append(number))
            for number in _SIGNALS
        }
        try:
            yield wake
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
            os.close(wake)
            os.close(waker)

    def _wait(self, children: Children, wake: int) -> None:
        left = max(0.0, min(LOOK_SECONDS, (self._due - clock.now()) / 1e6))
        listened: list[int | Link] = [wake, *children.links()]
        ready, _, _ = select.select(listened, [], [], left)
        for each in ready:
            if isinstance(each, Link):
                children.hear(each)
            else:
                os.read(wake, 4096)

    def _turn(self, children: Children) -> None:
        now, moment = clock.now(), clock.monotonic()
        self._obey(children)
        if children.died or moment >= self._next_reap:
            children.died, self._counter = False, -1
            self._next_reap = moment + REAP_SECONDS
            self._look_after_others(now)
            children.look_after_others()
        counter = self._backend.change_counter()
        changed, self._counter = counter != self._counter, counter
        children.look(moment, changed)
        if not changed and now < self._due:
            return
        if not self._signals:
            if self._schedules:
                self._backend.make_due_runs(now)
            self._take(children, now)
        dues = [self._backend.next_work_due(pool) for pool in self._pools]
        if self._schedules:
            dues.append(self._backend.next_schedule_due())
        self._due = min(_next(due, now) for due in dues)

    def _obey(self, children: Children) -> None:
        """The first signal lets what is under way end, the second stops it."""
        heard, self._heard = self._heard, len(self._signals)
        if self._heard > heard == 0:
            rest = f"; {len(children)} under way, a second signal stops them" if children else ""
            self._say(f"{signal.Signals(self._signals[0]).name}: takes no more runs{rest}")
            heard = 1
        if self._heard > heard:
            self._say(f"stops {len(children)} runs")
            children.stop()

    def _look_after_others(self, now: int) -> None:
        for verdict in self._backend.reap(now):
            self._say(f"{verdict.name}: {verdict.message}")
        for row in self._backend.recover(now):
            self._say(f"{row.name} {row.message}")
        self._backend.mark_late(now)

    def _take(self, children: Children, now: int) -> None:
        room = BEGINNING - children.beginning()
        if self._limit is not None:
            room = min(room, self._limit - len(children))
        for pool in self._pools:
            for claim in self._backend.claim(pool, self._process, room, now):
                room -= 1
                children.begin(claim)


def _next(due: int | None, now: int) -> int:
    # What is due already is held back; a change, or the next second, may free it.
    return now + 60_000_000 if due is None else max(due, now + 1_000_000 if due <= now else due)
