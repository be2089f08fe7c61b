"""A call of a task: its arguments, where it stands, what it depends on, and who it is.

The identity of a call is what finds its result again in another execution of the same flow run: the
identity of the call it stands in, the task, the content of its arguments, and its count among calls
alike in all of these. An argument that a recorded call gave stands for that call, unhashed.
"""

from __future__ import annotations

import marshal
from types import FrameType
from typing import TYPE_CHECKING, Any

from noria.backend.port import MemoEntry
from noria.core import clock
from noria.core.annotations import NotSet
from noria.core.errors import UpstreamTaskError
from noria.core.hashing import blake2b
from noria.core.ids import new_id
from noria.core.previews import previews
from noria.core.records import GroupKind
from noria.core.states import State, StateType, get_state_exception
from noria.engine.collections import SCALARS, Visitor, find_futures, holds_references
from noria.engine.context import TaskRunContext, current_tags, flow_around, task_context
from noria.engine.execution import ROOT, FlowExecution
from noria.engine.futures import Future
from noria.engine.groups import NOWHERE, Group, Place
from noria.engine.runs import TaskRun
from noria.engine.session import open_session
from noria.values.digest import fingerprint

if TYPE_CHECKING:
    from noria.engine.fallbacks import StandIn
    from noria.engine.opening import Session

CONTENT_LIMIT = 1 << 20
"""Arguments up to so many bytes count by content; larger ones by the count of the call."""
NAMED_UPSTREAMS = 64
"""More upstream runs than this for one parameter are recorded by group."""


class TaskCall:
    """One call on its way to becoming a task run.

    Attributes:
        task: The task.
        parameters: Name -> argument; futures in them are resolved by `resolve`.
        wait_for: What must have ended well before the task starts.
        execution: The flow execution it belongs to; None outside flows.
        run: The task run.
        memo: What an earlier execution knows of this call.
    """

    __slots__ = (
        "execution",
        "flow_context",
        "memo",
        "notes_result",
        "parameters",
        "references",
        "returned",
        "run",
        "stand_in",
        "task",
        "wait_for",
    )

    def __init__(
        self,
        task: Any,
        parameters: dict[str, Any],
        wait_for: Any,
        kind: str,
        place: Place,
        group: Group | None = None,
    ) -> None:
        self.task = task
        self.parameters = parameters
        self.wait_for = wait_for
        self.flow_context = flow = flow_around()
        self.memo: MemoEntry | None = None
        self.returned: Any = NotSet
        """What the function returned, before it was made a state."""
        self.stand_in: StandIn | None = None
        """The fallback that serves in its place, once it has failed."""
        self.notes_result = kind == GroupKind.CALL
        """A future notes its value when it hands it out; a call does so at its end."""
        outer_tags = current_tags.get()
        tags: frozenset[str] = task.tag_set | outer_tags if outer_tags else task.tag_set
        if flow is None:
            self.execution: FlowExecution | None = None
            self.run = TaskRun(new_id(), task, None, None, None, clock.now())
            self.references = wait_for is not None or _any_references(parameters)
        else:
            self._join(flow.execution, kind, place, group, tags)
        self.run.tags = tags

    def _join(
        self,
        execution: FlowExecution,
        kind: str,
        place: Place,
        group: Group | None,
        tags: frozenset[str],
    ) -> None:
        """Take a place in a flow run: a group, a parent, an identity."""
        if execution.refuses is not None:
            raise execution.refuses
        if execution.suspending is not None:
            execution.suspending.check(execution)
        self.execution = execution
        parent_context, task = task_context.get(), self.task
        parent, parent_group, parent_identity = None, None, ROOT
        if parent_context is not None:
            parent_run = parent_context.task_run
            parent, parent_group = parent_run.raw_id, parent_run.group
            parent_identity = parent_run.identity or ROOT
        if group is None:
            group = execution.group_of(
                task.identity_key, task.task_key, task.name, kind, place, parent_group, tags
            )
        flow_run = execution.flow_run.raw_id
        self.run = run = TaskRun(new_id(), task, flow_run, group, parent, clock.now())
        self._look_at_arguments(run, group, execution, parent_identity)
        if execution.memo:
            self._look_up(run, execution)

    def _look_at_arguments(
        self, run: TaskRun, group: Group, execution: FlowExecution, parent_identity: bytes
    ) -> None:
        """Find references, edges and the identity in one pass over the arguments."""
        parameters = self.parameters
        lineage = execution.lineage
        known = lineage.table
        plain = True
        for name, value in parameters.items():
            if type(value) not in SCALARS:
                plain = False
            if known and (origin := lineage.origin(value)) is not None:
                self._link(name, origin.task_run.hex(), origin.group, run, group, execution)
        prefix = parent_identity + group.key
        if plain and self.wait_for is None:
            self.references = False
            content = marshal.dumps(tuple(parameters.values()), 2)
            base = blake2b(prefix + content, digest_size=16).digest()
        else:
            self._find_references(run, group, execution)
            content, left_out = fingerprint(parameters, CONTENT_LIMIT, self._known)
            base = blake2b(prefix + content, digest_size=16).digest()
            for name in left_out:
                execution.say_once(
                    f"{self.task.name}.{name}",
                    f"Parameter {name!r} of task {self.task.name!r} has no content that can be "
                    "compared (or too much); a resume will know these calls by their order.",
                )
        run.identity = execution.identify(base)

    def _find_references(self, run: TaskRun, group: Group, execution: FlowExecution) -> None:
        self.references = self.wait_for is not None
        for name, value in self.parameters.items():
            if type(value) in SCALARS or not holds_references(value):
                self._link_elements(name, value, run, group, execution)
                continue
            self.references = True
            self._link_futures(name, value, run, group, execution)
        if self.wait_for is not None:
            self._link_futures("wait_for", self.wait_for, run, group, execution)

    def _link_futures(
        self, name: str, value: Any, run: TaskRun, group: Group, execution: FlowExecution
    ) -> None:
        for future in find_futures(value):
            future.observed = True
            number = 0 if future.run.group is None else future.run.group.number
            self._link(name, future.run.raw_id.hex(), number, run, group, execution)

    def _link_elements(
        self, name: str, value: Any, run: TaskRun, group: Group, execution: FlowExecution
    ) -> None:
        """Edges of values that stand one level deep in a list, tuple or dict."""
        kind = type(value)
        if kind is dict:
            value = list(value.values())
        elif kind is not list and kind is not tuple:
            return
        lineage = execution.lineage
        if not lineage or len(value) > 10_000:
            return
        for item in value:
            origin = lineage.origin(item) if type(item) not in SCALARS else None
            if origin is not None:
                self._link(name, origin.task_run.hex(), origin.group, run, group, execution)

    def _link(
        self,
        name: str,
        task_run: str,
        number: int,
        run: TaskRun,
        group: Group,
        execution: FlowExecution,
    ) -> None:
        if number == group.number and type(self.parameters.get(name)) is int:
            # Small integers are shared objects: a loop over numbers is not a chain of results.
            return
        if run.upstream is None:
            run.upstream = {}
        links = run.upstream.setdefault(name, [])
        if len(links) >= NAMED_UPSTREAMS and number:
            run.upstream[name] = links = [link for link in links if link.startswith("group:")]
        crowded = any(link == f"group:{number}" for link in links)
        if crowded:
            return
        links.append(task_run if len(links) < NAMED_UPSTREAMS - 1 else f"group:{number}")
        if number and number not in group.upstream:
            group.upstream.add(number)
            execution.group_changed(group)

    def _known(self, value: object) -> bytes | None:
        """The identity of the call that gave `value`, if one did."""
        if isinstance(value, Future):
            return value.run.identity
        if isinstance(value, State):
            return str(value.state_details.task_run_id).encode()
        assert self.execution is not None
        origin = self.execution.lineage.origin(value)
        return None if origin is None else origin.identity

    def _look_up(self, run: TaskRun, execution: FlowExecution) -> None:
        """See whether an earlier execution knows this call, and take its id over."""
        assert run.identity is not None
        entry = execution.memo.get(run.identity)
        if entry is not None:
            self.memo = entry
            if entry.task_run:
                run.raw_id = entry.task_run
            run.child_run = entry.child_run
            if entry.name is not None:
                run.name = entry.name

    def session(self) -> Session:
        """The session of the flow run; outside flows the process's."""
        return self.execution.session if self.execution is not None else open_session()

    def limited_tags(self) -> frozenset[str]:
        """Those of the run's tags that are limited: it waits for a slot of each."""
        backend = self.session().backend
        if self.execution is None:
            # No journal listens for news of other processes here.
            backend.change_counter()
        limited = backend.limited_tags()
        return limited & self.run.tags if limited and self.run.tags else limited

    def unfinished_upstreams(self) -> list[Future[Any]]:
        """The futures that must end before the task can start."""
        if not self.references:
            return []
        return unfinished((list(self.parameters.values()), self.wait_for))

    def resolve(self) -> None:
        """Put results in the place of futures and states.

        Raises:
            UpstreamTaskError: One of them did not complete; names it.
        """
        if not self.references:
            return
        self.parameters = resolve_arguments(self.parameters, self.wait_for)
        self.wait_for = None

    def preview(self) -> None:
        """Put short previews of the arguments on record."""
        self.run.inputs = previews(self.parameters)

    def task_context(self) -> TaskRunContext:
        """The context in which the task's function runs."""
        context = TaskRunContext(self.task, self.run, self.parameters, self.flow_context)
        wanted = self.task.log_prints
        if wanted is None:
            wanted = self.flow_context is not None and self.flow_context.log_prints
        context.log_prints = wanted
        return context


def unfinished(value: Any) -> list[Future[Any]]:
    """The futures inside `value` that have not ended."""
    return [future for future in find_futures(value) if not future.done()]


def resolve_arguments(parameters: dict[str, Any], wait_for: Any) -> dict[str, Any]:
    """The arguments with results in the place of futures and states.

    Raises:
        UpstreamTaskError: One of them, or of `wait_for`, did not complete; names it.
    """
    visitor = Visitor(_result_of)
    resolved = {name: visitor.visit(value) for name, value in parameters.items()}
    if wait_for is not None:
        visitor.visit(wait_for)
    return resolved


def _any_references(parameters: dict[str, Any]) -> bool:
    return any(holds_references(value) for value in parameters.values())


def _result_of(reference: Any, allowed: bool) -> Any:
    """What stands in the place of a future or state in a task's arguments."""
    if isinstance(reference, Future):
        reference.observed = True
        reference.wait_silently()
        run = reference.run
        if run.state_type is StateType.COMPLETED:
            return run.data
        name, state = run.name, run.state
    else:
        state = reference
        name = str(state.state_details.task_run_id or state.state_details.flow_run_id)
    if state.is_completed() or (allowed and state.is_final()):
        return state.data if state.data is not None else _exception_or_none(state)
    reason = f": {state.message}" if state.message else "."
    raise UpstreamTaskError(
        f"Upstream task run {name!r} did not reach a 'COMPLETED' state (it is {state.name}){reason}"
    )


def _exception_or_none(state: State[Any]) -> Any:
    return None if state.is_completed() else get_state_exception(state)


def place_of(frame: FrameType | None) -> Place:
    """Where the call that a frame is executing stands."""
    if frame is None:
        return NOWHERE
    return Place(frame.f_code, frame.f_lasti, frame.f_lineno)
