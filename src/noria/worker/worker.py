"""A worker: claims runs of a pool that are due, and looks after the processes that execute them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from noria.backend.port import Backend, Claim
from noria.core import clock
from noria.core.states import StateType
from noria.worker.link import Link, how_it_ended
from noria.worker.orders import Birth, Death, order_of

LOOK_SECONDS = 0.03
"""How often to look whether another process has written: what is asked for starts so much later."""
REAP_SECONDS = 2.0
GRACE_SECONDS = 30.0
"""How long a run that is to stop may take before its processes are told, and then killed."""


@dataclass
class Child:
    """A run under way."""

    claim: Claim
    pid: int | None = None
    """None while the nursery has not said so."""
    stop_asked: float | None = None
    """Monotonic time since when it is to stop."""
    told: bool = False
    """Whether SIGTERM was sent."""


class Worker:
    """Claims and runs.

    Parameters:
        backend: Where runs are claimed.
        process: The id of this process, which is registered with the backend.
        pools: The pools whose runs it takes.
        limit: How many runs may be under way at once; None for as many as there are.
        on_event: Told in a sentence what happens.
        schedules: Whether it also makes the runs that schedules have due.
    """

    def __init__(
        self,
        backend: Backend,
        process: bytes,
        pools: Sequence[str],
        limit: int | None = None,
        on_event: Callable[[str], None] = lambda _text: None,
        schedules: bool = True,
    ) -> None:
        self._backend = backend
        self._process = process
        self._pools = pools
        self._limit = limit
        self._say = on_event
        self._schedules = schedules
        self._link: Link | None = None
        self._children: dict[str, Child] = {}
        self._drains = False
        self._counter = -1
        self._due = 0
        self._next_reap = 0.0
        self._next_beat = 0.0

    def run(self) -> None:
        """Work until told to stop, and until what is under way has ended."""
        self._link = Link()
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        before = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        old = {
            number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            while not self._drains or self._children:
                self._turn()
                ready, _, _ = select.select([self._link.fileno(), wake], [], [], self._pause())
                if wake in ready:
                    os.read(wake, 4096)
                if self._link.fileno() in ready:
                    self._hear()
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
            os.close(wake)
            os.close(waker)
            self._link.close()

    def drain(self) -> None:
        """Take nothing more; asked a second time, stop what is under way."""
        if self._drains:
            for child in self._children.values():
                self._ask_to_stop(child)
        self._drains = True

    def _told(self, number: int, _frame: object) -> None:
        count = len(self._children)
        if not self._drains:
            rest = f"; {count} still under way, a second signal stops them" if count else ""
            self._say(f"{signal.Signals(number).name}: takes no more runs{rest}")
        self.drain()

    def _turn(self) -> None:
        now, moment = clock.now(), clock.monotonic()
        if moment >= self._next_beat:
            self._next_beat = moment + 1.0
            self._backend.beat(self._process, now)
        if moment >= self._next_reap:
            self._next_reap = moment + REAP_SECONDS
            self._look_after_others(now)
        for child in self._children.values():
            self._stop_in_time(child, moment)
        counter = self._backend.change_counter()
        if counter == self._counter and now < self._due:
            return
        self._counter = counter
        if self._schedules and not self._drains:
            self._backend.make_due_runs(now)
        if not self._drains:
            self._take(now)
        self._watch()
        dues = [self._backend.next_work_due(pool) for pool in self._pools]
        if self._schedules:
            dues.append(self._backend.next_schedule_due())
        self._due = min(self._next(due, now) for due in dues)

    def _next(self, due: int | None, now: int) -> int:
        # What is due already is held back; a change, or the next second, may free it.
        return now + 60_000_000 if due is None else max(due, now + 1_000_000 if due <= now else due)

    def _pause(self) -> float:
        return max(0.0, min(LOOK_SECONDS, (self._due - clock.now()) / 1e6))

    def _look_after_others(self, now: int) -> None:
        for verdict in self._backend.reap(now):
            self._say(f"{verdict.name} crashed: {verdict.message}")
        for row in self._backend.recover(now):
            self._say(f"{row.name} {row.message}")
        self._backend.mark_late(now)

    def _take(self, now: int) -> None:
        room = 100 if self._limit is None else self._limit - len(self._children)
        for pool in self._pools:
            for claim in self._backend.claim(pool, self._process, room, now):
                room -= 1
                self._children[claim.run.id.hex()] = Child(claim)
                self._order(claim)

    def _order(self, claim: Claim) -> None:
        assert self._link is not None
        try:
            self._link.order(order_of(claim))
        except OSError:
            self._renew_link()
            self._link.order(order_of(claim))

    def _renew_link(self) -> None:
        """Another nursery: whoever was born in the old one goes on, but nobody tells of its end."""
        assert self._link is not None
        self._link.close()
        self._link = Link()
        self._say("the process that runs are forked from had died; there is another one")

    def _hear(self) -> None:
        assert self._link is not None
        try:
            for message in self._link.hear():
                self._note(message)
        except (EOFError, OSError):
            self._renew_link()
            for key, child in list(self._children.items()):
                if child.pid is None:
                    self._order(child.claim)
                elif not _lives(child.pid):
                    del self._children[key]

    def _note(self, message: Birth | Death) -> None:
        child = self._children.get(message.flow_run)
        if child is None:
            return
        if isinstance(message, Birth):
            child.pid = message.pid
            return
        del self._children[message.flow_run]
        # What it has started in its group must not outlive the run.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(message.pid, signal.SIGKILL)
        said = how_it_ended(message.status)
        if said is not None:
            self._say(f"{child.claim.run.name}: process {message.pid} was {said}")
            self._next_reap = 0.0
        self._counter = -1

    def _watch(self) -> None:
        """See which of the runs under way somebody wants to stop."""
        for key, child in self._children.items():
            if child.stop_asked is not None:
                continue
            row = self._backend.flow_run(bytes.fromhex(key))
            if row is None or row.state in (StateType.CANCELLING, StateType.CANCELLED):
                child.stop_asked = clock.monotonic()

    def _ask_to_stop(self, child: Child) -> None:
        self._backend.request_cancel(child.claim.run.id, clock.now())
        child.stop_asked = child.stop_asked or clock.monotonic()

    def _stop_in_time(self, child: Child, moment: float) -> None:
        """A run stops by itself once it knows that it is to; one that does not is made to."""
        if child.stop_asked is None or child.pid is None:
            return
        waited = moment - child.stop_asked
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if waited > GRACE_SECONDS + 5.0:
                os.killpg(child.pid, signal.SIGKILL)
            elif waited > GRACE_SECONDS and not child.told:
                child.told = True
                os.killpg(child.pid, signal.SIGTERM)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
