"""Going on with runs: resume, fork, and what either would do.

Example:
    >>> from noria import flow, task
    >>> from noria.runs import resume
    >>> attempts = []
    >>> @task
    ... def load() -> int:
    ...     attempts.append("load")
    ...     return 1
    >>> @flow
    ... def pipeline():
    ...     value = load()
    ...     if len(attempts) == 1 and not fixed:
    ...         raise ValueError("a bug")
    ...     return value
    >>> fixed = False
    >>> state = pipeline(return_state=True)
    >>> fixed = True
    >>> resume(state.state_details.flow_run_id, flow=pipeline).result(), attempts
    (1, ['load'])
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from noria.backend.port import Backend
from noria.core import clock, ids
from noria.core.errors import MissingFlowError, ObjectNotFound, RunConflict, StoreError
from noria.core.jsontext import from_json
from noria.core.records import FlowRunRow, GroupRow, TaskRunRow, task_run_name
from noria.core.states import Name, StateType
from noria.engine.answers import give_all, is_suspended
from noria.engine.flow_calls import arguments_of
from noria.engine.session import open_session
from noria.loading import load_flow_from_entrypoint

PAGE = 1000
_UNFINISHED = {
    StateType.SCHEDULED: "it waited for another attempt",
    StateType.PENDING: "it had not begun",
    StateType.RUNNING: "it had not ended",
    StateType.PAUSED: "it was paused",
    StateType.FAILED: "it failed",
    StateType.CANCELLED: "it was cancelled",
    StateType.CANCELLING: "it was being cancelled",
    StateType.CRASHED: "it was broken off when the process died",
}


class PlanLine(NamedTuple):
    """What another execution would do with the calls of one group.

    `action` is `skip`, `run` or `unknown`.
    """

    group: int
    name: str
    place: str
    action: str
    calls: int
    reason: str


class Plan(NamedTuple):
    """What another execution of a run would do."""

    run: FlowRunRow
    lines: list[PlanLine]


def resume(
    flow_run_id: uuid.UUID | str,
    *,
    rerun_from: str | None = None,
    flow: Any = None,
    run_input: dict[str, Any] | None = None,
) -> Any:
    """Go on with a run: its finished tasks are not run again.

    Parameters:
        flow_run_id: The run.
        rerun_from: Name of a task: its calls, and all that began after the first, run again.
        flow: The flow; loaded from where it was written by default.
        run_input: For a run that was suspended: what it waits for, by field.

    Returns:
        The final state; an awaitable of it for an async flow.

    Raises:
        ObjectNotFound: There is no such run, or no such task in it.
        RunConflict: The run is executed by a living process, has completed, or is a sub-flow.
        StoreError: Its arguments were not kept.
        MissingFlowError: The flow cannot be found where it was.
        RunInputError: A suspended run waits for another input.
    """
    session = open_session()
    backend = session.backend
    row = _find(backend, flow_run_id)
    if row.state is StateType.COMPLETED and rerun_from is None:
        raise RunConflict(
            f"Flow run {row.name!r} is Completed: there is nothing to go on with. "
            "Name a task to run it again from there (rerun_from=...), or call the flow."
        )
    flow = flow or _load(row)
    parameters = arguments_of(row)
    again = {} if rerun_from is None else _from_task(backend, row, rerun_from)
    if is_suspended(row):
        give_all(backend, row, run_input, clock.now())
    taken = backend.begin_execution(row.id, session.process, clock.now())
    if taken is None:
        raise RunConflict(
            f"Flow run {row.name!r} is being executed by a living process. "
            f"Cancel it first: noria runs cancel {row.name}"
        )
    # Not before the run is ours: a refusal must leave it as it is.
    for run, calls in again.items():
        backend.forget(run, sorted(calls))
    if rerun_from is not None:
        backend.forget_pauses(row.id, _first_call(backend, row, rerun_from))
    return flow.execute(parameters, row=taken)


def fork(flow_run_id: uuid.UUID | str, *, rerun_from: str | None = None, flow: Any = None) -> Any:
    """Go on from where a run got to, as a new run; the old one stays as it is.

    Parameters and errors are those of `resume`.

    Returns:
        The final state of the new run; an awaitable of it for an async flow.
    """
    backend = open_session().backend
    row = _find(backend, flow_run_id)
    flow = flow or _load(row)
    parameters = arguments_of(row)
    again: set[bytes] = set()
    if rerun_from is not None:
        again = _from_task(backend, row, rerun_from).get(row.id, set())
    memo = {
        identity: entry._replace(task_run=b"", child_run=None)
        for identity, entry in backend.memo(row.id)
        if entry.state is StateType.COMPLETED and entry.task_run not in again
    }
    return flow.execute(parameters, memo=memo, tags=from_json(row.tags) if row.tags else ())


def plan(flow_run_id: uuid.UUID | str, *, rerun_from: str | None = None) -> Plan:
    """What `resume` would skip and run, and why, without running anything.

    It speaks of the calls that the last execution made; what the flow calls beyond is not known.

    Raises:
        ObjectNotFound: There is no such run, or no such task in it.
    """
    backend = open_session().backend
    row = _find(backend, flow_run_id)
    again: set[bytes] = set()
    if rerun_from is not None:
        again = _from_task(backend, row, rerun_from).get(row.id, set())
    groups = {group.number: group for group in backend.groups(row.id)}
    changed = _changed_tasks(row, groups.values())
    counts: dict[tuple[int, str, str], int] = {}
    for call in _task_runs(backend, row.id):
        if call.group in groups and call.epoch == groups[call.group].epoch:
            action, reason = _verdict(call, again, rerun_from)
            if action == "skip" and groups[call.group].task_key in changed:
                reason += "; its code has changed since"
            key = call.group, action, reason
            counts[key] = counts.get(key, 0) + 1
    lines = [
        PlanLine(number, groups[number].name, groups[number].place, action, count, reason)
        for (number, action, reason), count in sorted(counts.items(), key=lambda item: item[0][0])
    ]
    lines += _not_begun(groups.values())
    return Plan(row, lines)


def _verdict(call: TaskRunRow, again: set[bytes], rerun_from: str | None) -> tuple[str, str]:
    if call.id in again:
        return "run", f"asked to run again from {rerun_from!r} on"
    if call.state is StateType.COMPLETED:
        if call.identity is not None and call.result is not None:
            if call.state_name == Name.FALLBACK:
                return "skip", "a fallback served, its result is kept"
            return "skip", "finished, its result is kept"
        if call.state_name == Name.ROLLED_BACK:
            return "run", "it was rolled back"
        return "run", "finished, but its result was not kept"
    if call.state_name == Name.NOT_READY:
        return "run", "it was not ready: an upstream had failed"
    return "run", _UNFINISHED[call.state]


def _not_begun(groups: Any) -> Iterator[PlanLine]:
    for group in groups:
        missing = (group.expected or 0) - sum(group.counts)
        if missing > 0:
            yield PlanLine(group.number, group.name, group.place, "run", missing, "never began")


def _changed_tasks(row: FlowRunRow, groups: Any) -> set[str]:
    """Keys of tasks whose code is another now; empty when the code cannot be loaded."""
    try:
        flow = _load(row)
    except (MissingFlowError, StoreError):
        return set()
    except Exception:  # noqa: BLE001 - code that does not load is told of when it is to run
        return set()
    namespace = getattr(flow.fn, "__globals__", {})
    now = {value.task_key for value in namespace.values() if hasattr(value, "task_key")}
    names = {key.rpartition("-")[0] for key in now}
    return {
        group.task_key
        for group in groups
        if group.task_key not in now and group.task_key.rpartition("-")[0] in names
    }


def _from_task(backend: Backend, row: FlowRunRow, name: str) -> dict[bytes, set[bytes]]:
    """By run, the calls that began with the first of the named task's or later.

    A sub-flow's call counts as later when the sub-flow had not ended by then.
    """
    first = _first_call(backend, row, name)
    return {
        run.id: {
            call.id
            for call in _task_runs(backend, run.id)
            if call.created >= first
            or (call.child_run is not None and (call.end is None or call.end >= first))
        }
        for run in (row, *_below(backend, row))
    }


def _first_call(backend: Backend, row: FlowRunRow, name: str) -> int:
    """When a run, or one below it, first called a task of that name."""
    known: set[str] = set()
    first: int | None = None
    for run in (row, *_below(backend, row)):
        groups = {group.number: group for group in backend.groups(run.id)}
        known.update(group.name for group in groups.values())
        for call in _task_runs(backend, run.id):
            if _is_named(call, groups.get(call.group), name):
                first = call.created if first is None else min(first, call.created)
    if first is None:
        raise ObjectNotFound(
            help_message=f"Flow run {row.name!r} has called no task named {name!r}. "
            f"It has called: {', '.join(sorted(known)) or 'none'}."
        )
    return first


def _is_named(call: TaskRunRow, group: GroupRow | None, name: str) -> bool:
    return group is not None and name in (group.name, task_run_name(group.name, call))


def _below(backend: Backend, row: FlowRunRow) -> Iterator[FlowRunRow]:
    for child in backend.children(row.id):
        yield child
        yield from _below(backend, child)


def _task_runs(backend: Backend, flow_run: bytes) -> Iterator[TaskRunRow]:
    after: bytes | None = None
    while page := backend.task_runs(flow_run, after=after, limit=PAGE):
        yield from page
        after = page[-1].id


def _find(backend: Backend, flow_run_id: uuid.UUID | str) -> FlowRunRow:
    raw = flow_run_id.bytes if isinstance(flow_run_id, uuid.UUID) else ids.from_text(flow_run_id)
    backend.reap(clock.now())
    row = backend.flow_run(raw)
    if row is None:
        raise ObjectNotFound(help_message=f"There is no flow run {flow_run_id}.")
    if row.parent_run is not None:
        parent = backend.flow_run(row.root_run)
        raise RunConflict(
            f"Flow run {row.name!r} is a sub-flow; it goes on with the run that called it"
            + (f": {parent.name}." if parent is not None else ".")
        )
    return row


def _load(row: FlowRunRow) -> Any:
    if row.entrypoint is None:
        raise MissingFlowError(
            f"Flow {row.flow_name!r} was not written in a file, or is a method of an object, so it "
            "cannot be loaded again. "
            "Give the flow itself: noria.runs.resume(run_id, flow=...)."
        )
    return load_flow_from_entrypoint(row.entrypoint)
