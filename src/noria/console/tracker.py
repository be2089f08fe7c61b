"""From the stream of records to the events worth showing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from noria.console import wording
from noria.console.events import (
    Event,
    Failure,
    FlowBegan,
    FlowChanged,
    FlowEnded,
    Group,
    GroupEnded,
    GroupProgress,
    LogLine,
    Skipped,
    TaskChanged,
    TaskEnded,
)
from noria.console.runs import Run, Runs
from noria.console.stream import printed_elsewhere
from noria.core import ids
from noria.core.records import (
    FlowRunRow,
    GroupCount,
    GroupRow,
    LogRow,
    Record,
    TaskRunRow,
    task_run_name,
)
from noria.core.states import TERMINAL_STATES, Name, StateType

FOLD_AFTER = 5
"""Successful calls of a group, and sub-flow runs of a flow, that have lines of their own."""
RETRY_LINES = 20
"""Retries of a group that have lines of their own."""
FAILURE_LINES = 5
"""Failures of a group by one exception at one place that have lines of their own."""
BAR_AFTER = 20
"""Calls after which a group whose size is not known counts as large."""
YOUNG_SECONDS = 0.15
"""Groups younger than this are not worth a bar: most are over in a moment."""
STILL_SECONDS = 3.0
"""A group of unknown size that has not moved for so long is taken to be over for now."""
SKIP_SECONDS = 5.0

INFO, WARNING = 20, 30
COMPLETED = StateType.COMPLETED
RUNNING = StateType.RUNNING
FAILED_COUNTS = {
    StateType.FAILED: GroupCount.FAILED,
    StateType.CRASHED: GroupCount.CRASHED,
    StateType.CANCELLED: GroupCount.CANCELLED,
    StateType.PENDING: GroupCount.NOT_READY,
}


class Choice(NamedTuple):
    """What is wanted."""

    level: int
    """The least severe log lines to show; from WARNING on, successes are not told either."""
    every: bool = False
    """Whether every change of state is told, nothing folded."""


class Tracker:
    """Follows the runs of this process; forgets each call as it ends."""

    def __init__(self, choice: Choice) -> None:
        self._level = choice.level
        self._every = choice.every
        self._successes = choice.level <= INFO
        self._warnings = choice.level <= WARNING
        self._runs = Runs()
        self._events: list[Event] = []
        self._batch: Sequence[Record] = ()
        self._ahead: dict[bytes, TaskRunRow] | None = None
        self._now = 0
        self._moment = 0.0

    def take(self, records: Sequence[Record], now: int, moment: float) -> list[Event]:
        """The events of some records.

        Parameters:
            records: What the journal took, in order.
            now: Wall time, microseconds.
            moment: Monotonic time, seconds.
        """
        self._now, self._moment = now, moment
        self._batch, self._ahead = records, None
        for record in records:
            if type(record) is TaskRunRow:
                self._task(record)
            elif type(record) is LogRow:
                self._log(record)
            elif type(record) is GroupRow:
                self._group(record)
            elif type(record) is FlowRunRow:
                self._flow(record)
        self._batch = ()
        events, self._events = self._events, []
        return events

    def progress(self, now: int, moment: float) -> list[GroupProgress]:
        """How far the large groups are that are under way."""
        if not self._successes or self._every:
            return []
        groups = [
            group
            for run in self._runs.active.values()
            if not run.quiet
            for group in run.groups.values()
            if not group.closed and moment - group.since >= YOUNG_SECONDS
        ]
        return [_progress(group, now, moment) for group in groups if _moves(group, moment)]

    def overdue(self, now: int, moment: float) -> list[Event]:
        """What has been held back for a while and may be told now."""
        self._now, self._moment = now, moment
        for run in self._runs.active.values():
            totals = run.totals
            if totals.skipped and moment - totals.last_skip >= SKIP_SECONDS:
                self._tell_skips(run)
        events, self._events = self._events, []
        return events

    # Flow runs

    def _flow(self, row: FlowRunRow) -> None:
        run = self._runs.find(row.id)
        if run is None or run.state is None or run.epoch != row.epoch:
            run = self._runs.begin(row, FOLD_AFTER)
            run.began = self._now
        elif row.id not in self._runs.active or run.is_in(row):
            return
        before, run.state, run.state_name = run.state, row.state, row.state_name
        run.name = row.name
        if row.state in TERMINAL_STATES:
            self._flow_ended(run, row)
        elif row.state is RUNNING and not run.announced:
            run.announced = True
            if self._successes and not run.quiet:
                time = row.start if row.start and row.epoch == 1 else self._now
                self._say(run, FlowBegan(time, run.depth, row))
        elif self._worth_telling(run, row, before):
            self._say(run, FlowChanged(self._now, run.depth, row))
        if before is RUNNING and row.state is StateType.SCHEDULED:
            self._settle(run)

    def _worth_telling(self, run: Run, row: FlowRunRow, before: StateType | None) -> bool:
        if self._every:
            return self._successes
        if row.state is RUNNING:
            return self._successes and not run.quiet and before is StateType.PAUSED
        retry = row.state is StateType.SCHEDULED and row.state_name == Name.AWAITING_RETRY
        halted = row.state in (StateType.PAUSED, StateType.CANCELLING)
        return self._warnings and (retry or halted)

    def _flow_ended(self, run: Run, row: FlowRunRow) -> None:
        totals = run.totals
        self._settle(run)
        top = row.parent_run is None
        failed = row.state in (StateType.FAILED, StateType.CRASHED)
        failure = wording.failure_of(row.error, row.message) if failed else None
        if failure is not None and row.error and not _is_told(run, failure):
            totals.note_failure(failure, "" if top else row.name)
        if not top:
            totals.subflows += 1
        elif totals.skipped:
            self._tell_skips(run)
        shown = self._successes and not run.quiet if row.state is COMPLETED else self._warnings
        if shown or failed:
            duration = self._flow_duration(run, row)
            end = row.end or self._now
            kept = totals if top else None
            self._say(run, FlowEnded(end, run.depth, row, duration, failure, kept))
        self._runs.end(row.id)

    def _settle(self, run: Run) -> None:
        """Add up the groups of an attempt, and begin them anew for the next."""
        counts = run.totals.counts
        for group in run.groups.values():
            self._close(run, group)
            if not group.is_flow:
                for position, count in enumerate(group.counts):
                    counts[position] += count
                counts[GroupCount.COMPLETED] += group.completed
        run.begin_attempt()
        for group in run.groups.values():
            self._prepare(run, group)

    @staticmethod
    def _flow_duration(run: Run, row: FlowRunRow) -> int | None:
        if row.start is None or row.end is None:
            return None
        # The start of a resumed run is that of its first execution, perhaps days ago.
        start = run.began if row.epoch > 1 and run.began <= row.end else row.start
        return row.end - start

    # Groups

    def _group(self, row: GroupRow) -> None:
        run = self._runs.find(row.flow_run) or self._runs.stranger(row.flow_run)
        group = run.groups.get(row.number)
        if group is None:
            self._prepare(run, run.add_group(row))
            return
        group.name, group.kind = row.name, row.kind
        if row.expected is not None and row.expected != group.expected:
            group.expected = row.expected
            group.folds = group.folds or (not self._every and _is_large(group))
            group.closed = False
            if group.done >= row.expected:
                self._close(run, group)

    def _prepare(self, run: Run, group: Group) -> None:
        group.began = self._now
        group.since = group.stirred = self._moment
        if not self._every:
            group.folds = _is_large(group) or run.quiet or not self._successes

    def _close(self, run: Run, group: Group) -> None:
        if group.closed:
            return
        group.closed = True
        if not group.folds or not self._successes or run.quiet:
            return
        told = group.shown
        if run.totals.resumed and not _is_large(group):
            told += group.cached
        if group.completed + group.cached > told:
            self._say(run, GroupEnded(group.last_end or self._now, group))

    # Task runs

    def _task(self, row: TaskRunRow) -> None:
        run = self._runs.find(row.flow_run) or self._runs.stranger(row.flow_run)
        group = run.groups.get(row.group) or run.group(row)
        state = row.state
        if state is RUNNING:
            if self._every and self._level < INFO:
                self._task_changed(run, group, row, None, last=False)
            run.live.setdefault(row.id, row)
        elif state is COMPLETED:
            if run.end_task(row) and row.state_name != Name.ROLLED_BACK:
                self._completed(run, group, row)
        elif state is StateType.SCHEDULED:
            if row.state_name == Name.AWAITING_RETRY:
                self._retry(run, group, row)
        elif state is StateType.PENDING and row.state_name != Name.NOT_READY:
            return
        elif state in FAILED_COUNTS and run.end_task(row):
            self._not_completed(run, group, row)

    def _completed(self, run: Run, group: Group, row: TaskRunRow) -> None:
        group.done += 1
        end = row.end
        if end is not None:
            group.last_end = end
        if row.state_name == Name.CACHED:
            group.counts[GroupCount.CACHED] += 1
            self._show_cached(run, group, row)
        else:
            start = row.start
            if start is not None and start < group.began:
                group.began = start
            took = -1 if start is None or end is None or group.is_flow else end - start
            if took > run.totals.floor:
                run.totals.note_duration(took, task_run_name(group.name, row))
            if row.state_name == Name.FALLBACK:
                group.fallbacks += 1
            if not group.folds:
                self._show_success(run, group, row)
        if group.done == group.expected:
            self._close(run, group)

    def _show_cached(self, run: Run, group: Group, row: TaskRunRow) -> None:
        if run.totals.resumed and not self._every:
            if self._successes and not run.quiet and not _is_large(group):
                skipped = run.totals.skipped
                skipped[group.name] = skipped.get(group.name, 0) + 1
        elif not group.folds:
            self._show_success(run, group, row)

    def _show_success(self, run: Run, group: Group, row: TaskRunRow) -> None:
        if not self._successes:
            return
        group.shown += 1
        group.folds = not self._every and group.shown >= FOLD_AFTER
        if self._every or not self._is_shown_as_flow(group, row):
            self._task_ended(run, group, row, None, last=False)

    def _not_completed(self, run: Run, group: Group, row: TaskRunRow) -> None:
        position = FAILED_COUNTS[row.state]
        group.done += 1
        group.counts[position] += 1
        group.last_end = row.end or self._now
        shown = not self._is_shown_as_flow(group, row)
        if position in (GroupCount.FAILED, GroupCount.CRASHED):
            failure = wording.failure_of(row.error, row.message)
            if shown:
                run.totals.note_failure(failure, task_run_name(group.name, row))
            key = (failure.type, failure.frame)
            count = group.failures[key] = group.failures.get(key, 0) + 1
            limit = FAILURE_LINES
        else:
            failure, count, limit = None, group.counts[position], FOLD_AFTER
            shown = shown and self._warnings
        if self._every or (shown and count <= limit):
            last = count == limit and not self._every
            self._task_ended(run, group, row, failure, last)
        if group.done == group.expected:
            self._close(run, group)

    def _retry(self, run: Run, group: Group, row: TaskRunRow) -> None:
        group.retries += 1
        if self._warnings and (self._every or group.retries <= RETRY_LINES):
            last = group.retries == RETRY_LINES and not self._every
            failure = wording.failure_of(row.error, None) if row.error else None
            self._task_changed(run, group, row, failure, last)

    def _is_shown_as_flow(self, group: Group, row: TaskRunRow) -> bool:
        child = row.child_run
        return group.is_flow and child is not None and self._runs.find(child) is not None

    def _task_changed(
        self, run: Run, group: Group, row: TaskRunRow, failure: Failure | None, last: bool
    ) -> None:
        name = task_run_name(group.name, row)
        time = self._now
        self._say(run, TaskChanged(time, group.depth, row, name, run.name, failure, last))

    def _task_ended(
        self, run: Run, group: Group, row: TaskRunRow, failure: Failure | None, last: bool
    ) -> None:
        name = task_run_name(group.name, row)
        took = None if row.start is None or row.end is None else row.end - row.start
        # A cached call carries the times of the call that made its result.
        time = self._now if row.end is None or row.state_name == Name.CACHED else row.end
        self._say(run, TaskEnded(time, group.depth, row, name, run.name, took, failure, last))

    # Log lines

    def _log(self, row: LogRow) -> None:
        if row.level < self._level or printed_elsewhere(row.logger):
            return
        if row.flow_run is None:
            self._events.append(LogLine(row, None, None))
            return
        run = self._runs.find(row.flow_run) or self._runs.stranger(row.flow_run)
        task = None
        if row.task_run is not None:
            task = run.task_name(row.task_run) or self._name_ahead(run, row.task_run)
        self._say(run, LogLine(row, run.name, task))

    def _name_ahead(self, run: Run, key: bytes) -> str:
        """The name of a task run so short that its only row comes behind its log lines."""
        if self._ahead is None:
            self._ahead = {row.id: row for row in self._batch if type(row) is TaskRunRow}
        row = self._ahead.get(key)
        return ids.to_text(key) if row is None else task_run_name(run.group(row).name, row)

    # Telling

    def _say(self, run: Run, event: Event) -> None:
        if run.totals.skipped and not run.totals.skips_told:
            self._tell_skips(run)
        self._events.append(event)

    def _tell_skips(self, run: Run) -> None:
        totals = run.totals
        groups, totals.skipped = totals.skipped, {}
        totals.skips_told = True
        totals.last_skip = self._moment
        self._events.append(Skipped(self._now, 1, groups))


def _is_told(run: Run, failure: Failure) -> bool:
    """Whether the exception that ended a flow is that of a task, on its way up."""
    known = run.totals.failures.values()
    return any((f.first.type, f.first.message) == failure[:2] for f in known)


def _is_large(group: Group) -> bool:
    """Whether it is known from the start that there will be too many calls for a line each."""
    return group.expected is not None and group.expected > FOLD_AFTER


def _moves(group: Group, moment: float) -> bool:
    if group.done != group.reported:
        group.reported, group.stirred = group.done, moment
    if group.expected is not None:
        return group.expected > 1
    return group.done > BAR_AFTER and moment - group.stirred < STILL_SECONDS


def _progress(group: Group, now: int, moment: float) -> GroupProgress:
    elapsed = moment - group.since
    ran = group.done - group.cached
    rate = ran / elapsed if elapsed > 0 else 0.0
    left = None
    if group.expected is not None and ran and elapsed >= 1:
        left = (group.expected - group.done) / rate
    return GroupProgress(now, group, rate, left)
