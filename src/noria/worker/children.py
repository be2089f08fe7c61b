"""The processes of a worker that execute runs: how they begin, are stopped and are buried."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from noria.backend.deployments_port import Claim
from noria.backend.executions import is_suspended
from noria.backend.port import Backend
from noria.backend.processes import is_stopped, start_time
from noria.core import clock
from noria.core.jsontext import from_json
from noria.core.pools import OwedHook
from noria.core.records import FlowRunRow
from noria.core.states import TERMINAL_STATES, StateType
from noria.worker.hook_calls import HookCalls
from noria.worker.link import Link, how_it_ended
from noria.worker.orders import Birth, Death, Lost, Order, Refusal, run_order
from noria.worker.output import Output, path_of, tell_leftovers

WATCH_SECONDS = 0.2
"""How often to look at what is under way: whether it is to stop, or has died unnoticed."""
KILL_SECONDS = 5.0
"""How long a process group may take at most from SIGTERM to SIGKILL."""
_STOPPING = (StateType.CANCELLING, StateType.CANCELLED)


@dataclass
class Child:
    """A run under way."""

    claim: Claim
    pid: int | None = None
    """None while the nursery has not said so."""
    started: int | None = None
    """What tells its process from a later one with the same pid."""
    process: bytes | None = None
    """Its id in the store, once it has begun."""
    output: Output | None = None
    """What it prints; None when no file could be made for it."""
    link: Link | None = None
    """Who tells of its end; None when nobody does."""
    stop_since: float | None = None
    """Monotonic time since when it is to stop."""
    running_since: float | None = None
    """Monotonic time when it was first seen to run: clocks are set, and machines sleep."""
    overdue: str | None = None
    """Why it is ended, when it did not heed its timeout."""
    terminated: bool = False
    """Whether its group was sent SIGTERM."""


class Children:
    """The runs of a worker that are under way, and the nursery that their processes come from.

    Parameters:
        backend: Where runs are recorded.
        worker: The id of the worker's process.
        lease: Seconds that a process may be silent; here it is renewed in time.
        grace: Seconds that a run may take to stop by itself before its processes are ended.
        say: Told in a sentence what happens, and each line that a run prints.
        folder: Where what runs print is kept until it is told.
    """

    def __init__(
        self,
        backend: Backend,
        worker: bytes,
        lease: float,
        grace: float,
        say: Callable[[str], None],
        folder: str,
    ) -> None:
        os.makedirs(folder, exist_ok=True)
        self._folder = folder
        self._backend = backend
        self._worker = worker
        self._beat_seconds = lease / 4
        self._grace = grace
        self._say = say
        self._link = Link()
        self._heard: deque[Birth | Death | Refusal | Lost] = deque()
        """What was heard and not acted upon: the store may be away just then."""
        self._children: dict[str, Child] = {}
        self._hooks = HookCalls(backend, worker, folder, say, self._order)
        self._next_watch = 0.0
        self._next_beat = 0.0
        self.died = False
        """Whether one has died, which others have to decide about."""
        self.ended = False
        """Whether one has ended, so that there is room."""

    def __len__(self) -> int:
        return len(self._children)

    def __bool__(self) -> bool:
        return bool(self._children or self._hooks)

    def beginning(self) -> int:
        """How many have not begun yet."""
        return sum(child.process is None for child in self._children.values())

    def links(self) -> list[Link]:
        """Who is to be listened to."""
        return [self._link]

    def begin(self, claim: Claim) -> None:
        """Have a claimed run executed."""
        key = claim.run.id.hex()
        before = self._children.get(key)
        child = self._children[key] = Child(claim)
        if before is not None:
            # It has passed on, and back: what it prints goes on in the same file.
            child.output = before.output
        else:
            with contextlib.suppress(OSError):
                path = path_of(self._folder, claim.run.id)
                child.output = Output(path, claim.run.id, claim.run.name, self._say)
        self._have_born(child)

    def can_call_hooks(self) -> bool:
        """Whether there is room for more processes that call hooks."""
        return self._hooks.has_room()

    def call_hooks(self, hook: OwedHook) -> None:
        """Have hooks called of a run whose process has died."""
        self._hooks.begin(hook)

    def hear(self, link: Link) -> None:
        """Take note of what a nursery says."""
        try:
            self._heard.extend(link.hear())
        except (EOFError, OSError):
            if link is self._link:
                self._renew_link()

    def look(self, moment: float, changed: bool) -> None:
        """Do what is due.

        Parameters:
            moment: Monotonic time, seconds.
            changed: Whether anybody has written to the store.
        """
        while self._heard:
            self._note(self._heard[0])
            self._heard.popleft()
        if moment >= self._next_beat:
            self._next_beat = moment + self._beat_seconds
            self._beat()
        if moment >= self._next_watch:
            self._next_watch = moment + WATCH_SECONDS
            self._watch(list(self._children.values()))
        elif changed:
            self._see_who_has_begun()
        for child in self._children.values():
            self._stop_in_time(child, moment)
            if child.output is not None:
                child.output.tell(self._backend)
        self._hooks.tell()

    def look_after_others(self) -> None:
        """Keep what runs of workers that have died have printed."""
        tell_leftovers(self._folder, self._backend, self._say)

    def stop(self) -> None:
        """Ask all to stop."""
        for child in self._children.values():
            self._backend.request_cancel(child.claim.run.id, clock.now())
        for pid in self._hooks.pids():
            _signal_group(pid, signal.SIGTERM)
        self._next_watch = 0.0

    def close(self) -> None:
        """Let the nursery end; whoever is under way goes on."""
        for child in self._children.values():
            if child.output is not None:
                child.output.close()
        self._hooks.close()
        self._link.close()

    def _have_born(self, child: Child) -> None:
        child.link = self._link
        self._order(run_order(child.claim, path_of(self._folder, child.claim.run.id)))

    def _order(self, order: Order) -> None:
        # One that has gone is heard of, and everything that it was told is ordered again.
        with contextlib.suppress(OSError):
            self._link.order(order)

    def _renew_link(self) -> None:
        """Another nursery: whoever was born in the old one goes on, but nobody tells of its end."""
        before = self._link
        before.close()
        self._link = Link()
        self._say("the process that runs are forked from has died; there is another one")
        for child in self._children.values():
            if child.link is before:
                child.link = None
                if child.pid is None:
                    # Should it have been born after all, one of the two is not let begin.
                    self._have_born(child)
        self._heard.extend(self._hooks.order_again())

    def _note(self, message: Birth | Death | Refusal | Lost) -> None:
        if self._hooks.note(message):
            return
        child = self._children.get(message.key)
        if child is None:
            return
        if isinstance(message, Birth):
            child.pid, child.started = message.pid, start_time(message.pid)
        elif isinstance(message, Lost):
            child.link = None
        elif isinstance(message, Refusal):
            self._bury(child, f"no process could be made for it: {message.why}")
        elif message.pid == child.pid:
            self._bury(child, how_it_ended(message.status))

    def _bury(self, child: Child, verdict: str | None) -> None:
        run = child.claim.run
        if child.pid is not None:
            # What it has started in its group must not outlive the run.
            _signal_group(child.pid, signal.SIGKILL)
        row, now = self._backend.flow_run(run.id), clock.now()
        if row is not None and row.process is not None and self._has_still(child, row, now):
            if self._adopt(child, row, now):
                return
            if row.process == self._worker:
                said = verdict or "ended before the run began"
                self._backend.abandon(run.id, self._worker, f"{_who(child)}{said}", now)
            else:
                if child.overdue is not None:
                    self._backend.time_out(run.id, row.process, child.overdue, now)
                self._backend.end_process(row.process, now, verdict)
            self.died = True
        # Not before all is on record: should the store be away, it is done again.
        del self._children[run.id.hex()]
        self.ended = True
        if child.output is not None:
            child.output.finish(self._backend)
        if verdict is not None:
            self._say(f"{run.name}: {_who(child)}{verdict}")

    def abandon_strays(self) -> None:
        """Give back what was claimed for this worker without its hearing of it, because the store
        went away meanwhile."""
        for row in self._backend.claimed(self._worker):
            if row.id.hex() not in self._children:
                message = "the worker has not heard that it was claimed"
                self._backend.abandon(row.id, self._worker, message, clock.now())

    def _has_still(self, child: Child, row: FlowRunRow, now: int) -> bool:
        """Whether a run that has not ended is this worker's still: while its process was stopped,
        it may have passed on to another worker, whose business it is now."""
        if _is_over(row):
            return False
        if row.process == self._worker:
            return True
        workers = {use.worker.process for use in self._backend.workers(now)}
        return row.epoch == child.claim.run.epoch + 1 and row.process not in workers

    def _adopt(self, child: Child, row: FlowRunRow, now: int) -> bool:
        """Whether it lives in another process than the one that was heard of: born in a nursery
        that has died before it could say so."""
        if row.process in (None, self._worker) or not self._backend.lives(row.process, now):
            return False
        process = self._backend.process(row.process)
        if process is None or process.pid == child.pid:
            return False
        child.pid, child.started, child.process = process.pid, process.started, process.id
        child.link = None
        return True

    def _beat(self) -> None:
        """Renew the leases of those that may be kept from it, by C code for instance."""
        now = clock.now()
        self._backend.beat(self._worker, now)
        for child in self._children.values():
            # Who was stopped from outside does not live for others until it goes on.
            stopped = child.pid is not None and is_stopped(child.pid)
            if child.process is not None and not stopped:
                self._backend.beat(child.process, now)

    def _see_who_has_begun(self) -> None:
        for child in self._children.values():
            if child.process is None:
                executor = self._backend.executor(child.claim.run.id)
                child.process = None if executor == self._worker else executor

    def _watch(self, children: Iterable[Child]) -> None:
        for child in children:
            row = self._backend.flow_run(child.claim.run.id)
            if row is not None and row.process not in (None, self._worker):
                child.process = child.process or row.process
            if child.stop_since is None and (row is None or row.state in _STOPPING):
                child.stop_since = clock.monotonic()
            if row is not None and child.overdue is None:
                self._end_overdue(child, row)
            if child.link is None and child.pid is not None and not _lives(child):
                self._bury(child, None)

    def _end_overdue(self, child: Child, row: FlowRunRow) -> None:
        """End a run that goes on though its timeout is over: in C code, for instance."""
        if child.pid is None or row.state is not StateType.RUNNING:
            return
        moment = clock.monotonic()
        child.running_since = child.running_since or moment
        allowance = from_json(row.settings or "{}").get("allowance")
        if allowance is not None and moment - child.running_since > allowance + self._grace:
            child.overdue = (
                f"Flow run exceeded its timeout of {allowance:g} second(s) and did not stop by "
                "itself; its process was ended"
            )
            _signal_group(child.pid, signal.SIGKILL)

    def _stop_in_time(self, child: Child, moment: float) -> None:
        """A run stops by itself once it knows that it is to; one that does not is made to."""
        if child.stop_since is None or child.pid is None:
            return
        waited = moment - child.stop_since
        if waited > self._grace + min(KILL_SECONDS, self._grace):
            _signal_group(child.pid, signal.SIGKILL)
        elif waited > self._grace and not child.terminated:
            child.terminated = True
            _signal_group(child.pid, signal.SIGTERM)


def _is_over(row: FlowRunRow) -> bool:
    """Whether nobody needs to execute it now."""
    return row.state in TERMINAL_STATES or is_suspended(row)


def _who(child: Child) -> str:
    return "" if child.pid is None else f"process {child.pid}: "


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _lives(child: Child) -> bool:
    assert child.pid is not None
    if child.started:
        return start_time(child.pid) == child.started
    try:
        os.kill(child.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
