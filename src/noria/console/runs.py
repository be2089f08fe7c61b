"""The flow runs of this process that the console knows, and what they know of their tasks."""

from __future__ import annotations

from noria.console.events import Group, Totals
from noria.core import ids
from noria.core.records import FlowRunRow, GroupRow, TaskRunRow, task_run_name
from noria.core.states import StateType

REMEMBERED_TASKS = 128
"""Ended task runs, times two at most, whose late log lines still find their name."""
REMEMBERED_RUNS = 64


class Run:
    """A flow run under way. Of its ended tasks only counters and a few recent rows are kept."""

    __slots__ = (
        "announced", "began", "depth", "ended", "ended_before", "epoch", "groups", "live", "name",
        "quiet", "state", "state_name", "subflows", "totals",
    )  # fmt: skip

    def __init__(self, name: str, epoch: int, depth: int, totals: Totals, quiet: bool) -> None:
        self.name = name
        self.epoch = epoch
        self.depth = depth
        self.totals = totals
        self.quiet = quiet
        """Whether it is one of so many sub-flows that its successes are not told."""
        self.announced = False
        self.began = 0
        self.state: StateType | None = None
        self.state_name: str | None = None
        self.groups: dict[int, Group] = {}
        self.live: dict[bytes, TaskRunRow] = {}
        self.ended: dict[bytes, TaskRunRow] = {}
        self.ended_before: dict[bytes, TaskRunRow] = {}
        self.subflows: dict[str, int] = {}
        """Sub-flow runs begun, by name of the flow."""

    def is_in(self, row: FlowRunRow) -> bool:
        """Whether the state of `row` is the one last seen."""
        return self.state is row.state and self.state_name == row.state_name

    def begin_attempt(self) -> None:
        """Count anew: the flow function is called once more."""
        self.groups = {number: group.again() for number, group in self.groups.items()}
        self.ended, self.ended_before = {}, {}

    def end_task(self, row: TaskRunRow) -> bool:
        """Move a task from the live to the ended; False when it had ended before."""
        key = row.id
        known = self.live.pop(key, None)
        if known is None:
            if key in self.ended or key in self.ended_before:
                return False
            known = row
        self.ended[key] = known
        if len(self.ended) >= REMEMBERED_TASKS:
            self.ended_before, self.ended = self.ended, {}
        return True

    def group(self, row: TaskRunRow) -> Group:
        """The group of a task run, made up when its own row has not come."""
        group = self.groups.get(row.group)
        if group is None:
            group = self.groups[row.group] = Group("task", "", None, self.depth + 1)
        return group

    def add_group(self, row: GroupRow) -> Group:
        """Enter a group whose row has come for the first time."""
        parent = self.groups.get(row.parent) if row.parent is not None else None
        depth = 1 + (self.depth if parent is None else parent.depth)
        group = self.groups[row.number] = Group(row.name, row.kind, row.expected, depth)
        return group

    def task_name(self, key: bytes) -> str | None:
        """The name of a live or recently ended task run."""
        row = self.live.get(key) or self.ended.get(key) or self.ended_before.get(key)
        return None if row is None else task_run_name(self.group(row).name, row)


class Runs:
    """All flow runs under way, and the last few that have ended."""

    def __init__(self) -> None:
        self.active: dict[bytes, Run] = {}
        self._past: dict[bytes, Run] = {}

    def find(self, key: bytes) -> Run | None:
        """The run of this id, if it is known."""
        return self.active.get(key) or self._past.get(key)

    def begin(self, row: FlowRunRow, fold_after: int) -> Run:
        """Enter a run; a sub-flow under the run that called it."""
        parent = self.find(row.parent_run) if row.parent_run is not None else None
        if parent is None:
            run = Run(row.name, row.epoch, 0, Totals(row.epoch > 1), quiet=False)
        else:
            begun = parent.subflows[row.flow_name] = parent.subflows.get(row.flow_name, 0) + 1
            quiet = parent.quiet or begun > fold_after
            run = Run(row.name, row.epoch, parent.depth + 1, parent.totals, quiet)
        self.active[row.id] = run
        self._past.pop(row.id, None)
        return run

    def end(self, key: bytes) -> None:
        """Take a run out, but keep its name for a while."""
        run = self.active.pop(key)
        run.live = {}
        self._remember(key, run)

    def stranger(self, key: bytes) -> Run:
        """A run whose own row has not been seen."""
        run = Run(ids.to_text(key)[:13], 1, 0, Totals(False), quiet=False)
        self._remember(key, run)
        return run

    def _remember(self, key: bytes, run: Run) -> None:
        self._past[key] = run
        if len(self._past) > REMEMBERED_RUNS:
            del self._past[next(iter(self._past))]
