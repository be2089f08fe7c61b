"""Any order of writing, taking over, cancelling and dying, against a model of a few lines."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from noria.backend.local import LocalBackend
from noria.core.records import FlowRunRow, TaskRunRow
from noria.core.states import TERMINAL_STATES, StateType
from tests.conformance.conftest import LOCATIONS
from tests.conformance.rows import NOON, SECOND, batch, flow_run, group, process, task_run

FOREVER = 10**6 * SECOND
KINDS = st.sampled_from([kind for kind in StateType if kind is not StateType.PAUSED])


class Execution(NamedTuple):
    """What an executor believes: that it owns this run in this epoch."""

    run: FlowRunRow
    epoch: int


class Executions(RuleBasedStateMachine):
    processes = Bundle("processes")
    executions = Bundle("executions")
    tasks = Bundle("tasks")

    location: Any
    backend: Any

    def __init__(self) -> None:
        super().__init__()
        self.left = ExitStack()
        folder = Path(self.left.enter_context(TemporaryDirectory()))
        self.backend = LocalBackend(self.left.enter_context(self.location(folder)))
        self.now = NOON
        self.alive: set[bytes] = set()
        self.runs: dict[bytes, FlowRunRow] = {}
        self.task_rows: dict[bytes, TaskRunRow] = {}
        self.group_epochs: dict[bytes, int] = {}

    def teardown(self) -> None:
        self.backend.close()
        self.left.close()

    def tick(self) -> int:
        self.now += SECOND
        return self.now

    def is_executed(self, run: FlowRunRow) -> bool:
        return run.state not in TERMINAL_STATES and run.process in self.alive

    @rule(target=processes)
    def start_process(self):
        row = process(lease=FOREVER)
        self.backend.register_process(row)
        self.alive.add(row.id)
        return row.id

    @rule(process=consumes(processes))
    def end_process(self, process):
        self.backend.end_process(process, self.tick(), "exit code 1")
        self.alive.discard(process)

    @rule(target=executions, process=processes)
    def start_run(self, process):
        row = flow_run(process=process)
        self.backend.append(batch(row))
        self.runs[row.id] = row
        return Execution(row, 1)

    @rule(target=executions, execution=executions, process=processes)
    def begin(self, execution, process):
        before = self.runs[execution.run.id]
        row = self.backend.begin_execution(before.id, process, self.tick())
        if self.is_executed(before):
            assert row is None
            return multiple()
        assert (row.epoch, row.process) == (before.epoch + 1, process)
        assert row.state is StateType.PENDING
        self.runs[before.id] = row
        return Execution(row, row.epoch)

    @rule(execution=executions, kind=KINDS, run_count=st.integers(1, 99))
    def write_run(self, execution, kind, run_count):
        stored = self.runs[execution.run.id]
        row = execution.run._replace(
            epoch=execution.epoch, state=kind, run_count=run_count, end=self.tick()
        )
        refused = self.backend.append(batch(row))
        assert refused == ([row.id] if stored.epoch > execution.epoch else [])
        if refused:
            return
        if kind not in TERMINAL_STATES:
            if stored.state in TERMINAL_STATES:
                return
            if stored.state is StateType.CANCELLING:
                kept = ("state", "state_name", "message", "history")
                row = row._replace(**{name: getattr(stored, name) for name in kept})
        self.runs[row.id] = row

    @rule(target=tasks, execution=executions, kind=KINDS)
    def write_new_task(self, execution, kind):
        return self.store_task(task_run(execution.run, epoch=execution.epoch, state=kind))

    @rule(task=tasks, execution=executions, kind=KINDS)
    def write_task_again(self, task, execution, kind):
        if task.flow_run == execution.run.id:
            self.store_task(task._replace(epoch=execution.epoch, state=kind, end=self.tick()))

    def store_task(self, row: TaskRunRow) -> TaskRunRow:
        refused = self.backend.append(batch(row))
        assert bool(refused) == (self.runs[row.flow_run].epoch > row.epoch)
        if not refused and not self.has_ended(row):
            self.task_rows[row.id] = row
        return row

    def has_ended(self, row: TaskRunRow) -> bool:
        """Whether a row comes too late: within one execution, an end stays until another end."""
        before = self.task_rows.get(row.id)
        return (
            before is not None
            and before.epoch == row.epoch
            and before.state in TERMINAL_STATES
            and row.state not in TERMINAL_STATES
        )

    @rule(execution=executions)
    def write_group(self, execution):
        row = group(execution.run, epoch=execution.epoch)
        if not self.backend.append(batch(row)):
            self.group_epochs[row.flow_run] = row.epoch

    @rule(execution=executions)
    def cancel(self, execution):
        before = self.runs[execution.run.id]
        row = self.backend.request_cancel(before.id, self.tick())
        if before.state in TERMINAL_STATES:
            assert row == before
        elif self.is_executed(before):
            assert row.state is StateType.CANCELLING
        else:
            assert row.state is StateType.CANCELLED
            self.end_tasks(row)
        self.runs[before.id] = row

    @rule()
    def reap(self):
        doomed = {
            run.id
            for run in self.runs.values()
            if run.state not in TERMINAL_STATES and run.process not in self.alive
        }
        verdicts = self.backend.reap(self.tick())
        assert {verdict.flow_run for verdict in verdicts} == doomed
        for run in doomed:
            row = self.backend.flow_run(run)
            assert (row.state, row.epoch) == (StateType.CRASHED, self.runs[run].epoch)
            self.runs[run] = row
            self.end_tasks(row)

    def end_tasks(self, run: FlowRunRow) -> None:
        for task in self.task_rows.values():
            if task.flow_run == run.id and task.state not in TERMINAL_STATES:
                self.task_rows[task.id] = task._replace(
                    state=run.state, message=run.message, end=self.now
                )

    @rule(process=processes)
    def beat(self, process):
        asked = {
            run.id
            for run in self.runs.values()
            if run.process == process and run.state is StateType.CANCELLING
        }
        assert set(self.backend.beat(process, self.tick())) == asked

    @invariant()
    def the_store_is_as_the_model(self):
        for run in self.runs.values():
            assert self.backend.flow_run(run.id) == run
        for task in self.task_rows.values():
            assert self.backend.task_run(task.id) == task
        for run_id, epoch in self.group_epochs.items():
            assert self.backend.groups(run_id)[0].epoch == epoch


@pytest.mark.parametrize("kind", LOCATIONS)
def test_executions_in_any_order(kind, request):
    bounded = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
    location = staticmethod(partial(LOCATIONS[kind], request))
    machine = type("Executions", (Executions,), {"location": location})
    run_state_machine_as_test(machine, settings=bounded)
