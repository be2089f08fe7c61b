"""Suspensions that are asked for from outside: where a flow would next call something, it stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from noria.core import clock
from noria.core.errors import Pause
from noria.core.records import PauseRow
from noria.core.states import Name, State, StateDetails, StateType
from noria.engine.context import TaskRunContext

if TYPE_CHECKING:
    from noria.engine.execution import FlowExecution


class Suspension:
    """One that was asked for; shared by the run and those of its sub-flows that are under way."""

    def __init__(self, row: PauseRow) -> None:
        self.row = row
        self.taken = False

    def check(self, execution: FlowExecution) -> None:
        """Stop the flow that would call something, unless nobody asks for it any more.

        Raises:
            Pause: The flow is to stop.
        """
        if TaskRunContext.get() is not None:
            # A task that has begun runs to its end.
            return
        row = self.row
        if not self.taken:
            self.taken = execution.session.backend.take_suspension(row.flow_run, row.key)
        if self.taken:
            raise suspended(row, "suspended on request")
        execution.suspending = None


def announce(executions: Mapping[bytes, FlowExecution], asked: Sequence[PauseRow]) -> None:
    """Tell the executions of a process what is asked of them."""
    for row in asked:
        execution = executions.get(row.flow_run)
        if execution is None or _is_known(execution, row):
            continue
        suspension = Suspension(row)
        for each in list(executions.values()):
            if _is_within(each, row.flow_run):
                each.suspending = suspension


def _is_known(execution: FlowExecution, row: PauseRow) -> bool:
    return execution.suspending is not None and execution.suspending.row.key == row.key


def _is_within(execution: FlowExecution | None, flow_run: bytes) -> bool:
    while execution is not None:
        if execution.flow_run.raw_id == flow_run:
            return True
        execution = None if execution.tracking is None else execution.tracking.execution
    return False


def suspended(row: PauseRow, message: str | None) -> Pause:
    """What ends the work on a run that waits for a person without a process."""
    return Pause(message, state=state_of(row, message))


def state_of(row: PauseRow, message: str | None) -> State[None]:
    """The state of a run that waits at a pause."""
    details = StateDetails(
        pause_key=row.key.partition("-")[2],
        pause_timeout=None if row.until is None else clock.to_datetime(row.until),
        pause_reschedule=row.name == Name.SUSPENDED,
        run_input_keyset=keyset(row.key) if row.wants_input else None,
    )
    return State(StateType.PAUSED, name=row.name, message=message, state_details=details)


def keyset(base_key: str) -> dict[str, str]:
    """The keys of what a pause asks for, and of the answer."""
    return {part: f"{base_key}-{part}" for part in ("description", "response", "schema")}
