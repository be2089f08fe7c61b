"""One execution of one flow run: what its calls share while it lasts."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from noria.backend.port import MemoEntry
from noria.core import clock
from noria.core.errors import CancelRun
from noria.core.hashing import blake2b
from noria.core.records import GroupKind, LogRow
from noria.core.states import StateType
from noria.engine.groups import Group, Place
from noria.engine.lineage import Lineage
from noria.engine.runs import FlowRun, TaskRun
from noria.engine.stopping import Stopper

if TYPE_CHECKING:
    from noria.engine.calls import TaskCall
    from noria.engine.futures import Future
    from noria.engine.opening import Session
    from noria.engine.suspension import Suspension

ROOT = b"\0" * 16
"""The identity of the flow itself, the parent of its direct calls."""


class Pauses:
    """The pauses that a flow comes to in one attempt; several of its threads may pause it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        """Held while the run enters or leaves a pause."""
        self.waiting: set[str] = set()
        """The keys of those that it waits at."""
        self._numbers = itertools.count(1)

    def next_key(self) -> str:
        """The number of the next pause."""
        return str(next(self._numbers))


class FlowExecution:
    """The engine's side of a flow run.

    Parameters:
        session: The process's session.
        flow: The flow.
        flow_run: Its run.
        runner: Runs what the flow submits.
        memo: Calls of earlier executions by identity; empty for a new run.
        stopper: Stops the run; one of the calling thread by default.
    """

    tracking: TaskCall | None = None
    """The run as the one that called it sees it."""

    suspending: Suspension | None = None
    """What has been asked of it: to stop where its flow would next call something."""

    inherited = False
    """Whether this is the execution of a process that this one was forked from: nothing of it is
    recorded, waited for or tried again here."""

    def __init__(
        self,
        session: Session,
        flow: Any,
        flow_run: FlowRun,
        runner: Any,
        memo: dict[bytes, MemoEntry],
        stopper: Stopper | None = None,
    ) -> None:
        self.session = session
        self.flow = flow
        self.flow_run = flow_run
        self.runner = runner
        self.memo = memo
        self.lineage = Lineage()
        self.futures: set[Future[Any]] = set()
        self.unobserved: list[Future[Any]] = []
        self.not_kept: set[str] = set()
        self.transient: list[bytes] = []
        self.refuses: BaseException | None = None
        """What new calls are answered with, when nothing may begin any more."""
        self._cancelled: BaseException | None = None
        self.strict = flow.durability == "strict"
        self.persists = False
        """Whether the flow asked for results to be kept, which its tasks inherit."""
        self.stopper = stopper or Stopper()
        self.stopper.execution = self
        self.reused = 0
        self._groups: dict[Any, Group] = {}
        self._numbers = itertools.count(1)
        self._maps: dict[Any, deque[Group]] = {}
        self._maps_before: dict[Any, deque[Group]] = {}
        self._alike: dict[bytes, int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Lock()
        self._said: set[str] = set()
        self.pauses = Pauses()

    @property
    def cancelled(self) -> BaseException | None:
        """What the run was stopped by."""
        return self._cancelled

    @cancelled.setter
    def cancelled(self, error: BaseException) -> None:
        self._cancelled = self.refuses = error

    @property
    def epoch(self) -> int:
        """Which execution of the run this is."""
        return self.flow_run.epoch

    def group_of(
        self,
        key: bytes,
        task_key: str,
        name: str,
        kind: str,
        place: Place,
        parent: Group | None,
        tags: frozenset[str],
    ) -> Group:
        """The group of calls of one task at one place; a map is always a group of its own."""
        at = (key, place.code, place.instruction, kind, None if parent is None else parent.number)
        group = self._groups.get(at)
        if group is not None and kind != GroupKind.MAP:
            return group
        with self._lock:
            group = self._groups.get(at)
            if group is not None and kind != GroupKind.MAP:
                return group
            if self._maps_before.get(at):
                group = self._groups[at] = self._maps_before[at].popleft()
                self._maps.setdefault(at, deque()).append(group)
                return group
            group = Group(
                self.flow_run.raw_id,
                next(self._numbers),
                self.epoch,
                parent,
                task_key,
                name,
                kind,
                place,
                tags,
                key,
            )
            # On record before anybody can call in it: the journal counts only in groups it knows.
            self.session.journal.append(group.to_row())
            self._groups[at] = group
            if kind == GroupKind.MAP and self.flow.retries:
                self._maps.setdefault(at, deque()).append(group)
        return group

    def group_changed(self, group: Group) -> None:
        """Record what has become known of a group."""
        self.session.journal.append(group.to_row())

    def identify(self, base: bytes) -> bytes:
        """The identity of a call: `base` for the first that is alike, else with its count."""
        alike = self._alike
        count = alike.get(base, 0)
        alike[base] = count + 1
        if not count:
            return base
        return blake2b(base + count.to_bytes(8, "big"), digest_size=16).digest()

    def begin_again(self) -> None:
        """Forget what belongs to one attempt: the calls start to count anew."""
        self._alike.clear()
        self.pauses = Pauses()
        self.lineage = Lineage()
        self.unobserved.clear()
        # Of the groups that the last attempt made, each map takes the place of its like.
        self._maps_before, self._maps = self._maps, {}

    def record(self, run: TaskRun, error: str | None = None) -> None:
        """Put a task run on record as it is now."""
        self.session.journal.append(run.to_row(self.flow_run.epoch, error))

    def record_flow(self, error: str | None = None) -> None:
        """Put the flow run on record as it is now."""
        self.session.journal.append(self.flow_run.to_row(error))

    def log(
        self, level: int, message: str, run: TaskRun | None = None, extra: str | None = None
    ) -> None:
        """A line of Noria's own in the run's log."""
        if level < self.session.log_level:
            return
        logger = "noria.flow_runs" if run is None else "noria.task_runs"
        raw = None if run is None else run.raw_id
        now = clock.now()
        self.session.journal.append(
            LogRow(self.flow_run.raw_id, raw, now, level, logger, message, extra)
        )

    def say_once(self, key: str, message: str) -> None:
        """A warning that is worth one line a run, however often its cause recurs."""
        if key not in self._said:
            self._said.add(key)
            self.log(30, message)

    def hand_out(self, future: Future[Any], value: Any) -> None:
        """Remember where a value came from when a future gives it to the flow."""
        run = future.run
        group = 0 if run.group is None else run.group.number
        self.lineage.note(value, run.raw_id, run.identity, group)

    def adopt(self, future: Future[Any]) -> None:
        """The flow will not end before this future has."""
        future.owner = self
        self.futures.add(future)

    def settled(self, future: Future[Any]) -> None:
        """A future of this run has ended."""
        # Noted before it is let go: once no future is left the flow judges.
        if not future.observed and future.run.state_type is not StateType.COMPLETED:
            self.unobserved.append(future)
        self.futures.discard(future)

    def failures_nobody_saw(self) -> list[Future[Any]]:
        """Ended futures that did not complete and that nobody has looked at."""
        return [future for future in self.unobserved if not future.observed]

    def cancel(self, reason: str) -> None:
        """Stop the run from another thread: what runs is interrupted, what waits never begins."""
        error = CancelRun(reason)
        with self._stopping:
            if self.cancelled is not None or self.stopper.over:
                return
            self.cancelled = error
        for future in list(self.futures):
            future.cancel()
        parent = None if self.tracking is None else self.tracking.execution
        if parent is not None and parent.cancelled is not None:
            # What stops the caller stops this: two interruptions would end each other's patience.
            return
        self.stopper.stop(error)

    def leave_to_parent(self) -> None:
        """In a forked child: the run is the parent's, and so are the threads that work for it."""
        self.inherited = True
        self.futures = set()
        self.unobserved = []

    def retold(self, error: str | None = None) -> None:
        """Put the run on record, and in the run that called it the row that stands for it."""
        self.record_flow(error)
        if self.tracking is not None:
            track_run(self.tracking, self.flow_run, error)

    def check_cancelled(self) -> None:
        """Raise if the run was asked to stop; called where a new task would begin."""
        if self.cancelled is not None:
            raise self.cancelled


def track_run(tracking: TaskCall, run: FlowRun, error: str | None) -> None:
    """Put on record, in the run that called it, how a sub-flow stands."""
    if tracking.execution is None:
        return
    track = tracking.run
    track.state_type, track.state_name = run.state_type, run.state_name
    track.state_message, track.state_time = run.state_message, run.state_time
    track.start, track.end, track.run_count = run.start, run.end, run.run_count
    track.stored = run.stored
    tracking.execution.record(track, error)
