"""Folding: of all rows of one run in a batch only the newest is written, and groups are summed up.

Sums are kept here, on the single writer thread, because the threads that finish tasks would have to
lock one another out to count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from noria.core.records import (
    ArtifactRow,
    Batch,
    CacheRow,
    FlowRunRow,
    GroupCount,
    GroupRow,
    LogRow,
    Record,
    TaskRunRow,
    TransactionRow,
)
from noria.core.states import TERMINAL_STATES, Name, StateType


class _Sums:
    """What is known of one group so far."""

    __slots__ = (
        "busy",
        "counts",
        "cpu",
        "earlier",
        "first_start",
        "last_end",
        "longest",
        "open",
        "row",
    )

    def __init__(self, row: GroupRow) -> None:
        self.row = row
        self.earlier = False
        """Whether the sums are those of an earlier attempt of the flow."""
        self._begin(row)

    def _begin(self, row: GroupRow) -> None:
        self.counts = list(row.counts)
        self.open: dict[bytes, int] = {}
        self.first_start = row.first_start
        self.last_end = row.last_end
        self.busy = row.busy
        self.longest = row.longest
        self.cpu = row.cpu

    def take(self, task: TaskRunRow) -> None:
        if self.earlier:
            self.earlier = False
            self._begin(_without_sums(self.row))
        counts = self.counts
        position = _position(task)
        before = self.open.pop(task.id, None) if self.open else None
        if before is not None:
            counts[before] -= 1
        counts[position] += 1
        start, end = task.start, task.end
        if start is not None and (self.first_start is None or start < self.first_start):
            self.first_start = start
        if task.state not in TERMINAL_STATES and position != GroupCount.NOT_READY:
            self.open[task.id] = position
            return
        if end is None or start is None or position == GroupCount.CACHED:
            return
        if self.last_end is None or end > self.last_end:
            self.last_end = end
        duration = end - start
        self.busy += duration
        if duration > self.longest:
            self.longest = duration
        if task.cpu:
            self.cpu += task.cpu

    def to_row(self) -> GroupRow:
        return self.row._replace(
            counts=tuple(self.counts),
            first_start=self.first_start,
            last_end=self.last_end,
            busy=self.busy,
            longest=self.longest,
            cpu=self.cpu,
        )


_POSITIONS = {
    StateType.SCHEDULED: GroupCount.RETRYING,
    StateType.PENDING: GroupCount.PENDING,
    StateType.RUNNING: GroupCount.RUNNING,
    StateType.PAUSED: GroupCount.PENDING,
    StateType.CANCELLING: GroupCount.RUNNING,
    StateType.COMPLETED: GroupCount.COMPLETED,
    StateType.FAILED: GroupCount.FAILED,
    StateType.CANCELLED: GroupCount.CANCELLED,
    StateType.CRASHED: GroupCount.CRASHED,
}


def _position(task: TaskRunRow) -> int:
    if task.state_name == Name.CACHED:
        return GroupCount.CACHED
    if task.state_name == Name.NOT_READY:
        return GroupCount.NOT_READY
    return _POSITIONS[task.state]


def _without_sums(row: GroupRow) -> GroupRow:
    zero = (0,) * len(GroupCount.NAMES)
    return row._replace(counts=zero, first_start=None, last_end=None, busy=0, longest=0, cpu=0)


def recounted(row: GroupRow, tasks: Iterable[TaskRunRow]) -> GroupRow:
    """The group with the sums of these task runs, each of them given once."""
    sums = _Sums(_without_sums(row))
    for task in tasks:
        sums.take(task)
    return sums.to_row()


class Folder:
    """Turns a stretch of records into a batch; remembers the sums of groups in progress."""

    def __init__(self) -> None:
        self._runs: dict[bytes, dict[int, _Sums]] = {}
        self._attempts: dict[bytes, int] = {}

    def fold(self, records: Sequence[Record]) -> Batch:
        """The batch of `records`, given in the order in which they happened."""
        flow_runs: dict[bytes, FlowRunRow] = {}
        tasks: dict[bytes, TaskRunRow] = {}
        logs: list[LogRow] = []
        cache: dict[str, CacheRow] = {}
        artifacts: dict[bytes, ArtifactRow] = {}
        transactions: dict[bytes, TransactionRow] = {}
        groups: dict[tuple[bytes, int], _Sums] = {}
        for record in records:
            kind = type(record)
            if kind is TaskRunRow:
                tasks[record.id] = record  # type: ignore[union-attr, assignment]
            elif kind is LogRow:
                logs.append(record)  # type: ignore[arg-type]
            elif kind is FlowRunRow:
                flow_runs[record.id] = record  # type: ignore[union-attr, assignment]
                self._notice_attempt(record)  # type: ignore[arg-type]
            elif kind is GroupRow:
                self._meet_group(record, groups)  # type: ignore[arg-type]
            elif kind is CacheRow:
                cache[record.key] = record  # type: ignore[union-attr, assignment, index]
            elif kind is TransactionRow:
                transactions[record.task_run] = record  # type: ignore[union-attr, assignment, index]
            else:
                artifacts[record.id] = record  # type: ignore[union-attr, assignment]
        self._sum_up(tasks, groups)
        batch = Batch(
            list(flow_runs.values()),
            list(tasks.values()),
            [sums.to_row() for sums in groups.values()],
            logs,
            list(cache.values()),
            list(artifacts.values()),
            list(transactions.values()),
        )
        for run in flow_runs.values():
            if run.state in TERMINAL_STATES:
                self._runs.pop(run.id, None)
                self._attempts.pop(run.id, None)
        return batch

    def _notice_attempt(self, run: FlowRunRow) -> None:
        """When a flow is tried again it makes its calls again, so they are counted anew; of those
        that it does not make again the sums stay."""
        before = self._attempts.get(run.id)
        self._attempts[run.id] = run.run_count
        if before and run.run_count > before:
            for sums in self._runs.get(run.id, {}).values():
                sums.earlier = True

    def _meet_group(self, row: GroupRow, touched: dict[tuple[bytes, int], _Sums]) -> None:
        sums_of_run = self._runs.setdefault(row.flow_run, {})
        sums = sums_of_run.get(row.number)
        if sums is None or sums.row.epoch < row.epoch:
            sums = sums_of_run[row.number] = _Sums(row)
        else:
            sums.row = row
        touched[row.flow_run, row.number] = sums

    def _sum_up(
        self, tasks: dict[bytes, TaskRunRow], touched: dict[tuple[bytes, int], _Sums]
    ) -> None:
        runs = self._runs
        for task in tasks.values():
            sums = runs.get(task.flow_run, {}).get(task.group)
            if sums is not None:
                sums.take(task)
                touched[task.flow_run, task.group] = sums
