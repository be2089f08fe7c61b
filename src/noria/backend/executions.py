"""Who executes a run: taking one over, asking one to stop, and finding those whose process is gone.

Each function works within one write transaction, so what it reads cannot change before it writes.
"""

from __future__ import annotations

from noria.backend.port import CrashVerdict
from noria.backend.processes import epitaph, is_alive, is_here, is_stopped
from noria.backend.silences import Silences
from noria.core.jsontext import from_json, to_json
from noria.core.records import FlowRunRow, ProcessRow
from noria.core.states import TERMINAL_STATES, Name, StateType, default_name
from noria.core.transitions import Actor, check
from noria.store import (
    flow_runs,
    groups,
    owed_hooks,
    pauses,
    processes,
    task_runs,
    work,
)
from noria.store.database import Connection

_UNDER_WAY = (StateType.RUNNING, StateType.CANCELLING)
CANCEL_REQUESTED = "cancellation was requested"


def begin(connection: Connection, flow_run: bytes, process: bytes, now: int) -> FlowRunRow | None:
    """Take a run for another execution, unless a living process executes it."""
    row = flow_runs.get(connection, flow_run)
    if row is None or is_executed(connection, row, now):
        return None
    if row.state not in TERMINAL_STATES and not is_suspended(row):
        row = entered(row, StateType.CRASHED, Actor.REAPER, "no process executed it", now)
    epoch = row.epoch + 1
    message = f"execution {epoch} begins"
    taken = entered(row, StateType.PENDING, Actor.RESUME, message, now)._replace(
        epoch=epoch, process=process, end=None, result=None, error=None
    )
    flow_runs.save(connection, taken)
    asked_for = work.get(connection, flow_run)
    if asked_for is not None and asked_for.worker is None:
        # It waited for a worker, which must not take it as well.
        work.settle(connection, flow_run, asked_for.deployment)
    pauses.end_requests(connection, flow_run, now)
    return taken


def cancel(
    connection: Connection, flow_run: bytes, now: int, reason: str = CANCEL_REQUESTED
) -> FlowRunRow | None:
    """Ask a run and those below it to stop; what nobody executes is Cancelled at once."""
    for found in flow_runs.tree(connection, flow_run):
        row = flow_runs.get(connection, found)
        if row is None or row.state in TERMINAL_STATES:
            continue
        executed = is_executed(connection, row, now)
        if executed or row.state in _UNDER_WAY:
            row = entered(row, StateType.CANCELLING, Actor.PERSON, reason, now)
        if executed:
            flow_runs.save(connection, row)
        else:
            actor = Actor.REAPER if row.state is StateType.CANCELLING else Actor.PERSON
            end(connection, row, StateType.CANCELLED, actor, reason, now)
    return flow_runs.get(connection, flow_run)


def live_processes(connection: Connection) -> list[ProcessRow]:
    """The processes that are to execute unfinished runs, as far as they are known."""
    found = (processes.get(connection, each) for each in flow_runs.live_processes(connection))
    return [row for row in found if row is not None]


def dead_processes(connection: Connection, silences: Silences, now: int) -> dict[bytes, str]:
    """The processes that have died and left runs unfinished, with how they came to their end."""
    found = {}
    for process in flow_runs.live_processes(connection):
        row = processes.get(connection, process)
        if _is_dead(connection, process, row, silences, now) and _left_behind(connection, process):
            found[process] = epitaph(row)
    return found


def _is_dead(
    connection: Connection, process: bytes, row: ProcessRow | None, silences: Silences, now: int
) -> bool:
    if row is None:
        return True
    if is_alive(row, now):
        # Who was stopped keeps what others could go on with; who is only busy says nothing, either.
        stopped = silences.is_over(row) is True and is_stopped(row.pid)
        return stopped and _is_of_a_worker(connection, process)
    return row.ended is not None or is_here(row) or silences.is_over(row) is not False


def _is_of_a_worker(connection: Connection, process: bytes) -> bool:
    return any(work.get(connection, row.id) for row in _left_behind(connection, process))


def crash_runs_of(
    connection: Connection, process: bytes, message: str, now: int
) -> list[CrashVerdict]:
    """Mark the unfinished runs of a dead process Crashed; those that were to stop have done so."""
    verdicts = []
    for row in _left_behind(connection, process):
        end_lost(connection, row, message, now)
        verdicts.append(CrashVerdict(row.id, row.name, message))
    return verdicts


def end_lost(connection: Connection, row: FlowRunRow, message: str, now: int) -> None:
    """End a run whose process is gone: Crashed, or Cancelled when that was asked for."""
    asked = row.state is StateType.CANCELLING
    state = StateType.CANCELLED if asked else StateType.CRASHED
    end(connection, row, state, Actor.REAPER, message, now)
    asked_for = work.get(connection, row.id)
    # What no process has begun has no hooks: it was its worker that died.
    if asked_for is not None and asked_for.worker != row.process:
        ended = row._replace(state=state, state_name=None, message=message)
        owed_hooks.add(connection, ended, now)


def time_out(
    connection: Connection, flow_run: bytes, process: bytes, message: str, now: int
) -> FlowRunRow | None:
    """End a run that took too long, and whose process was ended for it; None when it had ended."""
    row = flow_runs.get(connection, flow_run)
    if row is None or row.state is not StateType.RUNNING or row.process != process:
        return None
    end(connection, row, StateType.FAILED, Actor.REAPER, message, now, Name.TIMED_OUT)
    ended = flow_runs.get(connection, flow_run)
    assert ended is not None
    owed_hooks.add(connection, ended, now)
    return ended


def call_off(connection: Connection, row: FlowRunRow, by: bytes, message: str, now: int) -> None:
    """End a run of a deployment that nobody has begun, and that is not to be begun.

    Parameters:
        connection: The store.
        row: The run.
        by: Who says so; it counts as claimed by them.
        message: Why.
        now: Microseconds since the epoch.
    """
    cancelled = entered(row, StateType.CANCELLED, Actor.PERSON, message, now)
    flow_runs.save(connection, cancelled._replace(end=now))
    work.settle(connection, row.id, by)


def is_executed(connection: Connection, row: FlowRunRow, now: int) -> bool:
    """Whether a living process executes the run."""
    if row.state in TERMINAL_STATES or row.process is None or is_suspended(row):
        return False
    process = processes.get(connection, row.process)
    return process is not None and is_alive(process, now)


def _left_behind(connection: Connection, process: bytes) -> list[FlowRunRow]:
    # A suspended run has left its process and waits to be resumed in another.
    live = flow_runs.live_in_process(connection, process)
    return [row for row in live if not is_suspended(row)]


def is_suspended(row: FlowRunRow) -> bool:
    """Whether a run waits for a person and has left its process."""
    return row.state is StateType.PAUSED and leaves_process(row.state_name)


def leaves_process(state_name: str | None) -> bool:
    """Whether a run that waits under this name has left its process."""
    return state_name == Name.SUSPENDED


def end(
    connection: Connection,
    row: FlowRunRow,
    state: StateType,
    actor: Actor,
    message: str,
    now: int,
    name: str | None = None,
) -> None:
    """End a run that nobody executes, with its unfinished task runs and the counts of its groups.

    Raises:
        ForbiddenTransition: The actor may not do that; see `noria.core.transitions`.
    """
    flow_runs.save(connection, entered(row, state, actor, message, now, name)._replace(end=now))
    # What a run had begun has not failed when it did: it was broken off.
    below = StateType.CRASHED if name == Name.TIMED_OUT else state
    task_runs.end_unfinished(connection, row.id, below, message, now)
    groups.end_unfinished(connection, row.id, below)


def entered(
    row: FlowRunRow,
    state: StateType,
    actor: Actor,
    message: str | None,
    now: int,
    name: str | None = None,
) -> FlowRunRow:
    """The row in another state, with all that came before written into its history.

    Raises:
        ForbiddenTransition: The actor may not do that; see `noria.core.transitions`.
    """
    check(row.state, state, actor)
    history = from_json(row.history) if row.history else _history_by_times(row)
    history.append([name or default_name(state), now, message])
    return row._replace(state=state, state_name=name, message=message, history=to_json(history))


def _history_by_times(row: FlowRunRow) -> list[list[object]]:
    first = StateType.SCHEDULED if row.state is StateType.SCHEDULED else StateType.PENDING
    history: list[list[object]] = [[default_name(first), row.created, None]]
    if row.start is not None:
        history.append([default_name(StateType.RUNNING), row.start, None])
    if row.end is not None:
        history.append([row.state_name or default_name(row.state), row.end, row.message])
    return history
