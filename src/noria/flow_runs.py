"""Flow runs that wait for people: pause, suspend, resume.

Example:
    >>> from noria import flow, suspend_flow_run
    >>> from noria.runs import resume
    >>> @flow
    ... def release():
    ...     return suspend_flow_run(wait_for_input=str)
    >>> state = release(return_state=True)
    >>> state.name, state.message
    ('Suspended', 'waits for input: value')
    >>> run_id = state.state_details.flow_run_id
    >>> resume(run_id, flow=release, run_input={"value": "yes"}).result()
    'yes'
"""

from __future__ import annotations

import uuid
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from noria import runs
from noria.core import clock, ids
from noria.core.errors import (
    FlowRunWaitTimeout,
    MissingContextError,
    NotPausedError,
    ObjectNotFound,
    PauseRefused,
)
from noria.core.records import FlowRunRow, PauseRow
from noria.core.states import TERMINAL_STATES, StateType
from noria.engine.answers import give, give_all, is_of_deployment, is_suspended, too_late
from noria.engine.context import FlowRunContext, TaskRunContext, flow_context, task_context
from noria.engine.dispatch import async_dispatch, in_thread
from noria.engine.drivers import adrive, drive, finish
from noria.engine.effects import Ask, Listen, Program, Sleep
from noria.engine.flow_calls import run_of
from noria.engine.pauses import (
    PAUSED,
    SUSPENDED,
    Question,
    Stop,
    new_row,
    pause,
    question_rows,
    suspend,
)
from noria.engine.session import open_session
from noria.engine.suspension import keyset
from noria.logging import get_logger

if TYPE_CHECKING:
    from noria.backend.port import Backend
    from noria.engine.opening import Session
    from noria.engine.runs import FlowRun

__all__ = [
    "apause_flow_run",
    "aresume_flow_run",
    "asuspend_flow_run",
    "pause_flow_run",
    "resume_flow_run",
    "suspend_flow_run",
    "wait_for_flow_run",
]

LOOK_SECONDS = 2.0
"""How often it is looked at the latest whether a run has left its process."""
END_SECONDS = 0.1
"""How often it is looked whether a run of another process has ended."""


async def wait_for_flow_run(
    flow_run_id: uuid.UUID | str,
    timeout: float | None = 10800,  # noqa: ASYNC109 - Prefect's parameter
    poll_interval: float | None = None,
    client: Any = None,
    log_states: bool = False,
) -> FlowRun:
    """Wait until a run has ended, in whatever process.

    Parameters:
        flow_run_id: The run.
        timeout: Seconds until the wait fails; None waits for ever.
        poll_interval: Kept for compatibility: the end is noticed within a tenth of a second.
        client: Kept for compatibility.
        log_states: Whether to log each state that it enters.

    Returns:
        The run.

    Raises:
        FlowRunWaitTimeout: It has not ended in time.
        ObjectNotFound: There is no such run.

    Example:
        >>> import asyncio
        >>> from noria import flow
        >>> @flow
        ... def quick(): ...
        >>> run_id = quick(return_state=True).state_details.flow_run_id
        >>> asyncio.run(wait_for_flow_run(run_id)).state.name
        'Completed'
    """
    session = open_session()
    row = _find(session, flow_run_id)
    row = await adrive(until_ended(session.backend, row, timeout, log_states))
    if row.state not in TERMINAL_STATES:
        raise FlowRunWaitTimeout(
            f"Flow run {row.name!r} has not ended within {timeout} s; it is "
            f"{row.state_name or row.state.value.capitalize()}."
        )
    return run_of(row)


async def apause_flow_run(
    wait_for_input: Any = None,
    timeout: float | None = 3600,  # noqa: ASYNC109 - Prefect's parameter
    poll_interval: float = 10,
    key: str | None = None,
) -> Any:
    """As `pause_flow_run`, to be awaited; the event loop goes on meanwhile."""
    return await adrive(pause(_paused(wait_for_input, timeout, poll_interval, key)))


@async_dispatch(apause_flow_run)
def pause_flow_run(
    wait_for_input: Any = None,
    timeout: float | None = 3600,
    poll_interval: float = 10,
    key: str | None = None,
) -> Any:
    """Wait in the middle of a flow until somebody resumes the run.

    The run is Paused and keeps its process, which sleeps; tasks that were submitted before go on.
    Somebody resumes it with `noria runs approve`, or with `resume_flow_run`, in whatever process.
    Once it was resumed, another execution of the same run passes this place without asking again.

    Parameters:
        wait_for_input: What to ask for: a `RunInput` or other pydantic model, or any type that
            pydantic knows. An answer that does not fit is refused, and asked for again.
        timeout: Seconds until the wait fails; None waits for ever.
        poll_interval: Seconds after which the run looks for an answer at the latest; ordinarily it
            is woken within a fraction of a second.
        key: A name for this place; by default the places of a flow are counted as they come.

    Returns:
        The answer as a value of that type; None when nothing was asked for. In async flows an
        awaitable of it.

    Raises:
        FlowPauseTimeout: Nobody resumed the run in time.
        MissingContextError: There is no flow run to pause; a `RuntimeError`.
        ValueError: The timeout is negative.

    Example:
        >>> from noria import flow
        >>> from noria.exceptions import FlowPauseTimeout
        >>> @flow
        ... def release():
        ...     try:
        ...         pause_flow_run(timeout=0)
        ...     except FlowPauseTimeout:
        ...         return "nobody came"
        >>> release()
        'nobody came'
    """
    return drive(pause(_paused(wait_for_input, timeout, poll_interval, key)))


def _paused(wait_for_input: Any, timeout: float | None, poll: float, key: str | None) -> Stop:
    _check_timeout(timeout)
    return _stop(_context("paused"), wait_for_input, timeout, poll, key, PAUSED)


async def asuspend_flow_run(
    wait_for_input: Any = None,
    flow_run_id: uuid.UUID | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - Prefect's parameter
    key: str | None = None,
) -> Any:
    """As `suspend_flow_run`, to be awaited."""
    if flow_run_id is not None:
        return await in_thread(_request, wait_for_input, flow_run_id, timeout, key)
    return await adrive(suspend(_suspended(wait_for_input, timeout, key)))


@async_dispatch(asuspend_flow_run)
def suspend_flow_run(
    wait_for_input: Any = None,
    flow_run_id: uuid.UUID | None = None,
    timeout: float | None = None,
    key: str | None = None,
) -> Any:
    """End the work on a flow run until somebody resumes it.

    The run is Suspended: tasks that have begun run to their end, then no process holds it, and the
    machine may be switched off. Resumed, the flow function runs from its top: finished tasks are
    not run again, and where the flow was suspended this function returns the answer. A flow that
    was called by another suspends that one too.

    Parameters:
        wait_for_input: What to ask for, as for `pause_flow_run`.
        flow_run_id: Another run that is to be suspended: it stops where its flow next calls
            something. The run around the caller by default.
        timeout: Seconds after which the run can no longer be resumed and has failed; None for ever.
        key: A name for this place; by default the places of a flow are counted as they come.

    Returns:
        The answer, once the run goes on; None when nothing was asked for, or another run was to
        be suspended. In async code an awaitable of it.

    Raises:
        PauseRefused: A task, or a run that is not running, cannot be suspended; a `RuntimeError`.
        MissingContextError: There is no flow run to suspend; a `RuntimeError`.
        ObjectNotFound: There is no such run.
        ValueError: The timeout is negative.

    Example:
        >>> from noria import flow, resume_flow_run, task
        >>> @task
        ... def count():
        ...     print("counted once")
        ...     return 3
        >>> @flow
        ... def stock_taking():
        ...     return count() + suspend_flow_run(wait_for_input=int)
        >>> state = stock_taking(return_state=True)
        counted once
        >>> state.name
        'Suspended'
        >>> from noria.runs import resume
        >>> run_id = state.state_details.flow_run_id
        >>> resume(run_id, flow=stock_taking, run_input={"value": 4}).result()
        7
    """
    if flow_run_id is not None:
        return _request(wait_for_input, flow_run_id, timeout, key)
    return drive(suspend(_suspended(wait_for_input, timeout, key)))


def _suspended(wait_for_input: Any, timeout: float | None, key: str | None) -> Stop:
    _check_timeout(timeout)
    context = _context("suspended")
    if TaskRunContext.get() is not None:
        raise PauseRefused(
            "A task cannot suspend its flow run: the work on it would be lost. Suspend the run in "
            "the flow, or wait in the task with pause_flow_run."
        )
    return _stop(context, wait_for_input, timeout, 0, key, SUSPENDED)


def _context(what: str) -> FlowRunContext:
    context = flow_context.get()
    if context is None:
        raise MissingContextError(f"Only a flow run can be {what}: call this inside a flow.")
    return context


def _stop(
    context: FlowRunContext,
    wait_for_input: Any,
    timeout: float | None,
    poll_interval: float,
    key: str | None,
    state_name: str,
) -> Stop:
    execution = context.execution
    key = key or execution.pauses.next_key()
    question = _question(wait_for_input)
    stop = Stop(execution, key, question, timeout, poll_interval, state_name)
    if question is None:
        return stop
    response = keyset(stop.base_key)["response"]
    read = partial(_read, question, response, execution.flow_run.id)
    return stop._replace(question=question._replace(read=read))


def _check_timeout(timeout: float | None) -> None:
    if timeout is not None and timeout < 0:
        raise ValueError(f"timeout is {timeout}; expected seconds, at least 0, or None.")


def _question(wait_for_input: Any) -> Question | None:
    if wait_for_input is None:
        return None
    from noria.input.run_input import run_input_subclass_from_type  # noqa: PLC0415 - loads pydantic

    return run_input_subclass_from_type(wait_for_input).question()


def _read(question: Question, key: str, receiver: uuid.UUID, given: Any) -> Any:
    from noria.input.run_input import BaseRunInput, RunInputMetadata  # noqa: PLC0415 - as above

    value = question.read(given)
    if isinstance(value, BaseRunInput):
        value._metadata = RunInputMetadata(key=key, receiver=receiver)
    return value


def _request(
    wait_for_input: Any, flow_run_id: uuid.UUID | str, timeout: float | None, key: str | None
) -> None:
    """Ask another run to suspend."""
    _check_timeout(timeout)
    session = open_session()
    run = _find(session, flow_run_id)
    if run.state is not StateType.RUNNING:
        raise PauseRefused(
            f"Flow run {run.name!r} is {run.state_name or run.state.value.capitalize()}; only one "
            "that is Running can be suspended."
        )
    question = _question(wait_for_input)
    base_key = f"{SUSPENDED.lower()}-{key or uuid.uuid4()}"
    row = new_row(run.id, base_key, SUSPENDED, clock.now(), timeout, question, requested=True)
    session.backend.begin_pause(row, question_rows(row, question))
    session.changed()


async def aresume_flow_run(
    flow_run_id: uuid.UUID | str, run_input: dict[str, Any] | None = None
) -> None:
    """As `resume_flow_run`, to be awaited."""
    await in_thread(_resume, flow_run_id, run_input)


@async_dispatch(aresume_flow_run)
def resume_flow_run(flow_run_id: uuid.UUID | str, run_input: dict[str, Any] | None = None) -> None:
    """Let a run go on that waits for somebody.

    A paused run goes on in its process. A suspended one has none: it goes on in this one, and this
    function returns when it has ended. One of a deployment is left to a worker.

    Parameters:
        flow_run_id: The run, or one that called it.
        run_input: The answer by field; a value of a plain type has the field `value`.

    Raises:
        NotPausedError: The run does not wait.
        RunInputError: The answer is not what the run asks for; says where. It still waits.
        FlowPauseTimeout: It is too late.
        ObjectNotFound: There is no such run.

    Example:
        >>> from noria import flow
        >>> from noria.exceptions import NotPausedError
        >>> @flow
        ... def quick(): ...
        >>> state = quick(return_state=True)
        >>> try:
        ...     resume_flow_run(state.state_details.flow_run_id)
        ... except NotPausedError as error:
        ...     print(str(error).partition("; ")[2])
        only one that waits can be resumed.
    """
    _resume(flow_run_id, run_input)


def _resume(flow_run_id: uuid.UUID | str, run_input: dict[str, Any] | None) -> None:
    session = open_session()
    backend = session.backend
    run = _find(session, flow_run_id)
    if is_suspended(run):
        root = run if run.parent_run is None else backend.flow_run(run.root_run) or run
        if is_suspended(root):
            _go_on(root, run_input)
            return
    waiting = [] if run.state in TERMINAL_STATES else backend.open_pauses(run.id)
    if not waiting:
        state = run.state_name or run.state.value.capitalize()
        raise NotPausedError(
            f"Flow run {run.name!r} is {state}; only one that waits can be resumed."
        )
    ended = give(backend, run, waiting[0], run_input, clock.now())
    session.changed()
    if ended.name == SUSPENDED and not ended.requested:
        left = drive(until_left(session, ended))
        if left is not None:
            _go_on(left, None)


def _go_on(row: FlowRunRow, run_input: dict[str, Any] | None) -> None:
    """Execute a suspended run here: not as a part of the run, if there is one, that asks for it.

    One of a deployment is left to a worker.
    """
    backend, now = open_session().backend, clock.now()
    if is_of_deployment(row):
        if is_suspended(row):
            give_all(backend, row, run_input, now)
        backend.requeue(row.id, now)
        return

    def resume() -> None:
        flow_context.set(None)
        task_context.set(None)
        finish(runs.resume(ids.to_uuid(row.id), run_input=run_input))

    copy_context().run(resume)


def until_left(session: Session, pause: PauseRow) -> Program[FlowRunRow | None]:
    """Wait until the run of a suspension has left its process; None when it has ended instead."""
    backend = session.backend
    session.journal.watch()
    with session.bell.listening() as ear:
        while True:
            ear.forget()
            yield Ask(lambda: backend.reap(clock.now()))
            root: FlowRunRow | None = yield Ask(lambda: _root(backend, pause.flow_run))
            if root is None or is_suspended(root) or root.state is StateType.CRASHED:
                return root
            if root.state in TERMINAL_STATES:
                return None
            yield Listen(ear, LOOK_SECONDS)


def until_ended(
    backend: Backend, row: FlowRunRow, timeout: float | None, log_states: bool = False
) -> Program[FlowRunRow]:
    """Wait until a run has ended, for so many seconds at most; the run as it is then."""
    end = None if timeout is None else clock.monotonic() + timeout
    said: str | None = None
    while True:
        name = row.state_name or row.state.value.capitalize()
        if log_states and name != said:
            get_logger("flow_runs").info("Flow run %r is %s.", row.name, name)
            said = name
        left = END_SECONDS if end is None else min(END_SECONDS, end - clock.monotonic())
        if row.state in TERMINAL_STATES or left <= 0:
            return row
        yield Sleep(left)
        row = backend.flow_run(row.id) or row


def _root(backend: Backend, flow_run: bytes) -> FlowRunRow | None:
    run = backend.flow_run(flow_run)
    return run and backend.flow_run(run.root_run)


def _find(session: Session, flow_run_id: uuid.UUID | str) -> FlowRunRow:
    raw = ids.parse(flow_run_id).bytes if isinstance(flow_run_id, str) else flow_run_id.bytes
    backend = session.backend
    before = backend.flow_run(raw)
    if before is None:
        # One that has only just begun here may not be on record yet.
        session.journal.flush()
        before = backend.flow_run(raw)
    if before is None:
        raise ObjectNotFound(help_message=f"There is no flow run {flow_run_id}.")
    backend.reap(clock.now())
    run = backend.flow_run(raw) or before
    if is_suspended(before) and run.state is StateType.FAILED:
        raise too_late(run)
    return run
