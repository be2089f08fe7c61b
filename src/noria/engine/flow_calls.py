"""A call of a flow: its run, its place in the run that calls it, and what a resume brings along."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from noria.backend.port import MemoEntry
from noria.core import clock, ids
from noria.core.annotations import NotSet
from noria.core.errors import EncryptionError, MissingResult, StoreError
from noria.core.jsontext import from_json
from noria.core.names import random_run_name
from noria.core.records import FlowRunRow, GroupKind
from noria.core.states import StateType
from noria.engine import configuration, transacting
from noria.engine.calls import TaskCall, resolve_arguments, unfinished
from noria.engine.collections import holds_references
from noria.engine.context import current_tags, flow_around, innermost
from noria.engine.effects import Effect, Wait
from noria.engine.execution import FlowExecution
from noria.engine.groups import Place
from noria.engine.runs import FlowRun
from noria.engine.sealed_arguments import opened
from noria.engine.session import open_session
from noria.engine.stopping import Stopper

if TYPE_CHECKING:
    from noria.engine.opening import Session

ARGUMENTS_LIMIT = 16 << 20
"""Arguments up to so many bytes are kept, so that a run can be resumed without being told them."""


def _session() -> Session:
    session = open_session()
    if session.settings.logging_extra_loggers or "logging" in sys.modules:
        from noria.engine import logs  # noqa: PLC0415 - `logging` is slow to load

        logs.install()
    return session


class FlowCall:
    """One call on its way to becoming a flow run.

    Attributes:
        flow: The flow.
        parameters: Name -> argument.
        run: The flow run.
        tracking: The call as the parent flow sees it; None at the top.
        execution: The execution, once it has begun.
        stopper: Stops the run; set by who drives it.
        memo: What a run that this one is forked from has kept; None otherwise.
        returned: What the function returned, futures made states.
    """

    __slots__ = (
        "execution",
        "flow",
        "memo",
        "parameters",
        "returned",
        "run",
        "session",
        "stopper",
        "tracking",
        "wait_for",
    )

    def __init__(
        self,
        flow: Any,
        parameters: dict[str, Any],
        wait_for: Any,
        place: Place,
        existing: FlowRunRow | None = None,
        memo: dict[bytes, MemoEntry] | None = None,
    ) -> None:
        self.flow = flow
        self.parameters = parameters
        self.wait_for = wait_for
        self.execution: FlowExecution | None = None
        self.returned: Any = NotSet
        self.tracking: TaskCall | None = None
        self.memo = memo
        self.stopper: Stopper | None = None
        parent = flow_around()
        if existing is None and parent is not None:
            self.tracking = TaskCall(flow, parameters, wait_for, GroupKind.FLOW, place)
        self.session: Session = _session() if parent is None else parent.execution.session
        self.run = self._new_run() if existing is None else self._same_run(existing)

    def _new_run(self) -> FlowRun:
        now = clock.now()
        run = FlowRun(ids.new_id(), self.flow.name, random_run_name(), now)
        run.version = self.flow.version
        run.entrypoint = self.flow.entrypoint
        run.tags = sorted(current_tags.get())
        run.process = self.session.process
        tracking = self.tracking
        if tracking is not None and tracking.execution is not None:
            parent = tracking.execution.flow_run
            run.parent_run, run.parent_task = parent.raw_id, tracking.run.raw_id
            run.root_run = parent.root_run
            if tracking.run.child_run is not None:
                # The sub-flow run that an earlier execution began: the same if it is to go on.
                run.raw_id = tracking.run.child_run
            tracking.run.child_run = run.raw_id
        else:
            run.arguments = pickled(self.parameters)
        return run

    def _continue_child(self) -> None:
        """An unfinished sub-flow of an earlier execution goes on as the run it was."""
        tracking, run = self.tracking, self.run
        if tracking is None or tracking.memo is None or tracking.memo.child_run != run.raw_id:
            return
        backend = self.session.backend
        row = backend.begin_execution(run.raw_id, self.session.process, clock.now())
        if row is not None:
            _adopt_row(run, row)
        else:
            run.raw_id = tracking.run.child_run = ids.new_id()

    def is_taken_over(self) -> bool:
        """Whether the run is on record as one that this process is about to execute again."""
        row = self.session.backend.flow_run(self.run.raw_id)
        if row is None or row.process != self.session.process or row.state is not StateType.PENDING:
            return False
        _adopt_row(self.run, row)
        return True

    def _same_run(self, row: FlowRunRow) -> FlowRun:
        run = FlowRun(row.id, row.flow_name, row.name, row.created)
        _adopt_row(run, row)
        run.entrypoint = self.flow.entrypoint or row.entrypoint
        run.version = self.flow.version
        run.process = self.session.process
        if run.settings is not None and row.run_count == 0:
            # Before it begins, its parameters are those that it was asked for with.
            run.settings.setdefault("given", sorted(from_json(row.parameters or "{}")))
        return run

    def await_upstreams(self) -> Generator[Effect, Any, None]:
        """Wait for futures among the arguments and put their results in their place.

        Raises:
            UpstreamTaskError: One of them did not complete.
        """
        if self.wait_for is None and not any(map(holds_references, self.parameters.values())):
            return
        waiting = unfinished((list(self.parameters.values()), self.wait_for))
        if waiting:
            yield Wait(waiting)
        self.parameters = resolve_arguments(self.parameters, self.wait_for)
        self.wait_for = None

    def _persists(self) -> bool:
        asked: bool | None = self.flow.persist_result
        if asked is not None:
            return asked
        outer = innermost()
        return (
            self.session.settings.results_persist_by_default
            if outer is None
            else outer.persist_result
        )

    def begin_execution(self) -> FlowExecution:
        """Make the execution: its runner, and what earlier executions of the run have kept."""
        self._continue_child()
        memo = self.memo or {}
        if self.run.epoch > 1:
            memo = dict(self.session.backend.memo(self.run.raw_id))
        runner = self.flow.task_runner.duplicate()
        self.execution = FlowExecution(
            self.session, self.flow, self.run, runner, memo, self.stopper
        )
        self.execution.tracking = self.tracking
        self.execution.persists = self._persists()
        parent = None if self.tracking is None else self.tracking.execution
        if parent is not None and parent.strict:
            self.execution.strict = True
        return self.execution

    def logs_prints(self) -> bool:
        """Whether prints become log lines: as the flow says, else its parent, else the settings."""
        if self.flow.log_prints is not None:
            return bool(self.flow.log_prints)
        parent = flow_around()
        if parent is not None:
            return parent.log_prints
        return self.session.settings.logging_log_prints

    def remember_this_execution(self) -> None:
        """Before the flow is tried again: what has finished need not run again."""
        assert self.execution is not None
        self.execution.memo = dict(self.session.backend.memo(self.run.raw_id))
        self.execution.begin_again()

    def finished_before(self) -> Any:
        """The result of this sub-flow in an earlier execution of its parent; `NotSet` if none."""
        assert self.tracking is not None
        memo = self.tracking.memo
        if memo is None or memo.state is not StateType.COMPLETED or memo.result is None:
            return NotSet
        if transacting.sub_flow_is_undecided(self.tracking):
            return NotSet
        try:
            return self.session.results.load(memo.result)
        except MissingResult:
            return NotSet


def _adopt_row(run: FlowRun, row: FlowRunRow) -> None:
    run.raw_id, run.name, run.born = row.id, row.name, row.created
    run.epoch, run.run_count = row.epoch, row.run_count
    run.root_run, run.parent_run, run.parent_task = row.root_run, row.parent_run, row.parent_task
    run.tags = from_json(row.tags) if row.tags else []
    run.arguments = row.arguments
    run.history = from_json(row.history) if row.history else None
    run.settings = from_json(row.settings) if row.settings else None


def run_of(row: FlowRunRow) -> FlowRun:
    """A run as it is on record, with its result if it was kept."""
    run = FlowRun(row.id, row.flow_name, row.name, row.created)
    _adopt_row(run, row)
    run.parameters = from_json(row.parameters) if row.parameters else {}
    if row.arguments is not None:
        # What stands in the parameters of a run that has begun is for people to read.
        with suppress(StoreError, EncryptionError):
            run.parameters = arguments_of(row)
    run.start, run.end, run.version = row.start, row.end, row.version
    run.entrypoint, run.process = row.entrypoint, row.process
    run.enter(row.state, row.state_name, row.message)
    run.state_time = row.end or row.start or row.created
    if row.result is not None:
        with suppress(MissingResult):
            run.data = open_session().results.load(row.result)
    return run


def pickled(parameters: dict[str, Any]) -> bytes | None:
    """The arguments for a resume; None when they cannot be written down."""
    try:
        data = pickle.dumps(parameters, 5)
    except Exception:  # noqa: BLE001 - any object may refuse in its own way
        try:
            import cloudpickle

            data = cloudpickle.dumps(parameters)
        except Exception:  # noqa: BLE001 - then a resume has to be given them
            return None
    return data if len(data) <= ARGUMENTS_LIMIT else None


def arguments_of(row: FlowRunRow) -> dict[str, Any]:
    """The arguments that a run was called with.

    Raises:
        StoreError: They were not kept, or cannot be read any more.
    """
    if row.arguments is None:
        raise StoreError(
            f"The arguments of flow run {row.name!r} were not kept (they could not be pickled or "
            "were too large), so it cannot be started again by itself. Call the flow again instead."
        )
    try:
        kept = opened(configuration.settings(), row.id, row.name, row.arguments)
        arguments: dict[str, Any] = pickle.loads(kept)
    except EncryptionError:
        raise
    except Exception as exc:
        raise StoreError(
            f"The arguments of flow run {row.name!r} cannot be read any more: {exc!r}. "
            "They were pickled by the code as it was then; make the same names importable."
        ) from exc
    return arguments
