"""The lifecycle of a flow run, written once; see `noria.engine.effects`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from types import GeneratorType
from typing import Any

from noria.core import clock
from noria.core.annotations import NotSet
from noria.core.errors import (
    CancelRun,
    FlowRunTimeoutError,
    Pause,
    StoreError,
    UpstreamTaskError,
)
from noria.core.jsontext import to_json
from noria.core.outcomes import (
    describe_exception,
    failed_state,
    interrupted_state,
    state_of_return_value,
)
from noria.core.previews import previews
from noria.core.states import Name, State, StateType, get_state_exception
from noria.core.tracebacks import error_facts
from noria.engine import flow_results, transacting
from noria.engine.collections import Visitor, holds_references
from noria.engine.context import FlowRunContext, current_tags, flow_context, task_context
from noria.engine.effects import Ask, Call, Closed, Commit, Effect, Hook, Program, Sleep, Wait
from noria.engine.execution import FlowExecution, track_run
from noria.engine.flow_calls import FlowCall
from noria.engine.futures import Future
from noria.engine.hooks import call_hooks
from noria.engine.keeping import check_serializer
from noria.engine.prints import prints_of
from noria.engine.runs import FlowRun

GRACE = 2.0
"""Seconds that interrupted tasks have to end before a cancelled flow ends without them."""


def run_flow(call: FlowCall) -> Program[FlowRun]:
    """The program of one flow call."""
    run = call.run
    if call.tracking is not None and (yield from _take_over(call)):
        return run
    try:
        yield from call.await_upstreams()
    except UpstreamTaskError as exc:
        run.enter(StateType.PENDING, Name.NOT_READY, str(exc))
        _record(call)
        return run
    execution = yield from _begun(call)
    session = execution.session
    session.executions[run.raw_id] = execution
    context = FlowRunContext(call.flow, run, call.parameters, execution)
    context.log_prints = call.logs_prints()
    # Those of the block that the run was first called in: a resume knows them from the run alone.
    tags = current_tags.get() | frozenset(run.tags)
    tokens = flow_context.set(context), task_context.set(None), current_tags.set(tags)
    try:
        with execution.runner:
            yield from _in_its_runner(call, context)
        # Hooks are called in the run's context: they may want its logger.
        yield from _leave_process(call) if _is_suspended(run) else _end(call)
    finally:
        execution.stopper.end()
        execution.refuses = execution.refuses or CancelRun("The flow run has ended.")
        session.executions.pop(run.raw_id, None)
        _leave(tokens)
    if _is_suspended(run) and tracking_execution(call) is not None:
        # Who called a flow that waits without a process waits with it.
        raise Pause(f"waits with its sub-flow {run.name}: {run.state_message}", state=run.state)
    return run


def _begun(call: FlowCall) -> Generator[Effect, Any, FlowExecution]:
    """Begin the execution; a run that was taken over is ended when that is broken off."""
    try:
        execution: FlowExecution = yield Ask(call.begin_execution)
    except GeneratorExit:
        raise
    except BaseException as exc:
        with suppress(StoreError):
            if (yield Ask(call.is_taken_over)):
                run = call.run
                if isinstance(exc, Exception):
                    run.enter_state(failed_state(exc, "Flow run could not begin:"))
                else:
                    run.enter_state(interrupted_state(exc))
                run.stop()
                _record(call)
        raise
    return execution


def _in_its_runner(call: FlowCall, context: FlowRunContext) -> Generator[Effect, Any, None]:
    try:
        if (yield from _prepare(call, context)):
            with prints_of(context):
                yield from _attempts(call, context)
    except Closed:
        # The consumer of a generator flow has had enough, or has itself been stopped.
        if context.execution.cancelled is not None:
            yield from _interrupted(call, context.execution.cancelled)
            raise
        call.run.enter(StateType.COMPLETED)
        call.run.stop()
        _record(call)
        yield from _hooks(call)
        raise
    except GeneratorExit:
        raise
    except BaseException as exc:
        if not context.execution.inherited:
            yield from _interrupted(call, exc)
        raise


def _leave(tokens: Any) -> None:
    try:
        current_tags.reset(tokens[2])
        task_context.reset(tokens[1])
        flow_context.reset(tokens[0])
    except ValueError:
        # A generator flow may be finished by another context than the one that began it.
        task_context.set(None)
        flow_context.set(None)


def _take_over(call: FlowCall) -> Generator[Effect, Any, bool]:
    """A sub-flow that an earlier execution has completed is not run again."""
    tracking, run = call.tracking, call.run
    assert tracking is not None
    found = yield Ask(call.finished_before)
    if found is NotSet:
        return False
    message = "Finished in an earlier execution."
    run.enter(StateType.COMPLETED, Name.CACHED, message, found)
    call.returned = found
    track = tracking.run
    track.enter(StateType.COMPLETED, Name.CACHED, message, found)
    memo, execution = tracking.memo, tracking.execution
    assert memo is not None
    assert execution is not None
    track.start, track.end, track.stored = memo.start, memo.end, memo.result
    run.start, run.end = memo.start, memo.end
    execution.reused += 1
    staged = transacting.sub_flow_completed(tracking)
    execution.record(track)
    if staged is not None:
        yield from staged.hand_over()
    return True


def _prepare(call: FlowCall, context: FlowRunContext) -> Generator[Effect, Any, bool]:
    """Validate the parameters and name the run; False when they do not fit."""
    flow, run = call.flow, call.run
    if flow.should_validate_parameters:
        try:
            call.parameters = flow.validate_parameters(call.parameters)
        except Exception as exc:  # noqa: BLE001 - whatever a validator raises, the run has failed
            message = "Validation of flow parameters failed with error:"
            run.parameters = call.parameters
            run.previewed = previews(call.parameters)
            run.enter_state(failed_state(exc, message))
            return False
    if flow.result_serializer is not None:
        check_serializer(flow.result_serializer)
    context.parameters = run.parameters = call.parameters
    run.previewed = previews(call.parameters)
    if flow.flow_run_name is not None and run.epoch == 1:
        run.name = yield Hook(flow.name_run, call.parameters)
    return True


def _attempts(call: FlowCall, context: FlowRunContext) -> Generator[Effect, Any, None]:
    flow, run, execution = call.flow, call.run, context.execution
    args, kwargs = flow.spec.to_call(call.parameters)
    attempt = 0
    while True:
        yield from _begin(call)
        state = yield from _one_attempt(call, context, args, kwargs)
        if state.type is not StateType.FAILED or attempt >= flow.retries or execution.inherited:
            break
        attempt += 1
        delay = float(flow.retry_delay_seconds or 0)
        when = f"in {delay:g} s" if delay else "at once"
        reason = state.message or ""
        if isinstance(state.data, BaseException):
            reason = describe_exception(state.data)
        message = f"attempt {attempt + 1} of {flow.retries + 1} {when}: {reason}"
        run.remember()
        run.enter(StateType.SCHEDULED, Name.AWAITING_RETRY, message)
        _record(call)
        run.remember()
        if delay:
            yield Sleep(delay)
        yield Commit(execution.session.journal)
        yield Ask(call.remember_this_execution)
    run.enter_state(state)


def _begin(call: FlowCall) -> Generator[Effect, Any, None]:
    run = call.run
    run.enter(StateType.RUNNING)
    run.run_count += 1
    if run.start is None:
        run.start = run.state_time
    _record(call)
    execution = call.execution
    if execution is not None and execution.strict and run.run_count == 1:
        # What is not on record could not be resumed.
        yield Commit(execution.session.journal)
    yield from _hooks(call)


def _one_attempt(
    call: FlowCall, context: FlowRunContext, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Generator[Effect, Any, State[Any]]:
    """Call the flow's function, wait for what it submitted, and judge."""
    flow, execution = call.flow, context.execution
    seconds = flow.timeout_seconds
    deadline = None if seconds is None else clock.monotonic() + seconds
    try:
        value = yield from _called(Call(flow.fn, args, kwargs, seconds, FlowRunTimeoutError))
        yield from _drain(call, deadline)
    except Pause as exc:
        yield from _give_up(call)
        return _suspended(call, exc)
    except FlowRunTimeoutError as exc:
        # What does not heed the interruption may at least begin nothing more.
        execution.refuses = CancelRun("The flow has timed out.")
        yield from _stop_tasks(execution)
        execution.refuses = None
        return _timed_out(flow, exc)
    except TimeoutError as exc:
        yield from _give_up(call)
        return _timed_out(flow, exc)
    except Exception as exc:  # noqa: BLE001 - any failure of the user's is a state
        yield from _give_up(call)
        return failed_state(exc, "Flow run encountered an exception:")
    resolved = _futures_to_states(value)
    state = state_of_return_value(resolved)
    # The items of a generator have been taken by now.
    call.returned = state.data if type(resolved) is GeneratorType else resolved
    unseen = execution.failures_nobody_saw()
    if unseen and state.type is StateType.COMPLETED and flow.on_unobserved_failure == "fail":
        return _unseen_failure(unseen)
    if unseen and flow.on_unobserved_failure == "warn":
        execution.log(30, _name_failures(unseen))
    return state


def _called(call: Call) -> Generator[Effect, Any, Any]:
    """Call the function; a suspension that a task group of asyncio has wrapped comes out bare."""
    try:
        return (yield call)
    except BaseExceptionGroup as group:
        pause = _pause_in(group)
        if pause is None:
            raise
        raise pause from None


def _pause_in(exc: BaseException) -> Pause | None:
    if isinstance(exc, BaseExceptionGroup):
        return next(filter(None, map(_pause_in, exc.exceptions)), None)
    return exc if isinstance(exc, Pause) else None


def _suspended(call: FlowCall, exc: Pause) -> State[Any]:
    """The state in which the run leaves its process."""
    call.run.remember()
    state = exc.state
    if state is not None and state.state_details.flow_run_id is None:
        return state
    # What a sub-flow waits for, this run waits for too.
    return State(StateType.PAUSED, name=Name.SUSPENDED, message=str(exc) or None)


def _is_suspended(run: FlowRun) -> bool:
    return run.state_type is StateType.PAUSED and run.state_name == Name.SUSPENDED


def _leave_process(call: FlowCall) -> Generator[Effect, Any, None]:
    """Put on record that the run waits for a person and that no process holds it."""
    execution, run = call.execution, call.run
    assert execution is not None
    run.process = None
    run.remember()
    _record(call)
    if tracking_execution(call) is None:
        yield Commit(execution.session.journal)


def _drain(call: FlowCall, deadline: float | None = None) -> Generator[Effect, Any, None]:
    """Wait until everything that was submitted has ended, also what that submits meanwhile."""
    execution = call.execution
    assert execution is not None
    while execution.futures:
        left = None if deadline is None else deadline - clock.monotonic()
        if left is not None and left <= 0:
            raise FlowRunTimeoutError
        yield Wait(list(execution.futures), left)


def _give_up(call: FlowCall) -> Generator[Effect, Any, None]:
    """After a failure: what has not begun never will, what runs is waited for."""
    execution = call.execution
    assert execution is not None
    execution.runner.cancel_all()
    yield from _drain(call)


def _interrupted(call: FlowCall, exc: BaseException) -> Generator[Effect, Any, None]:
    """Ctrl-C, SIGTERM, a cancel, wherever they came: stop the tasks, put the end on record, call
    the hooks."""
    execution, run = call.execution, call.run
    assert execution is not None
    execution.stopper.reached()
    reason = execution.cancelled or exc
    if execution.cancelled is None:
        execution.cancelled = exc
    yield from _stop_tasks(execution)
    if isinstance(reason, Exception):
        state = failed_state(reason, "Flow run encountered an exception:")
    else:
        state = interrupted_state(reason)
    if state.type is StateType.CANCELLED:
        run.enter(StateType.CANCELLING, message=state.message)
        _record(call)
        try:
            yield from _hooks(call)
        except BaseException:  # noqa: BLE001 - a second Ctrl-C ends the hooks, not the record
            execution.log(30, "Interrupted again: not all hooks have run to their end.")
    run.enter_state(state)
    yield from _end(call, hooks=state.type is not StateType.CANCELLED)


def _stop_tasks(execution: FlowExecution) -> Generator[Effect, Any, None]:
    """Interrupt what was submitted; what does not heed it in time is left, and said to be."""
    under_way = list(execution.futures)
    for future in under_way:
        future.cancel()
    try:
        if under_way:
            yield Wait(under_way, GRACE)
    except BaseException:  # noqa: BLE001 - a second Ctrl-C: no more patience, but the record stands
        execution.log(30, "Interrupted again: tasks that are still running are left behind.")
    for future in under_way:
        if not future.done():
            message = "Interrupted; it had not ended when its flow did."
            future.run.enter(StateType.CANCELLED, message=message)
            future.run.stop()
            execution.record(future.run)


def _timed_out(flow: Any, exc: TimeoutError) -> State[Any]:
    if isinstance(exc, FlowRunTimeoutError) and flow.timeout_seconds is not None:
        message = f"Flow run exceeded timeout of {flow.timeout_seconds} second(s)"
    else:
        message = f"Flow run failed due to timeout: {exc!r}"
    return State(StateType.FAILED, name=Name.TIMED_OUT, message=message, data=exc)


def _unseen_failure(unseen: list[Future[Any]]) -> State[Any]:
    first = next((f for f in unseen if f.run.state.is_final()), unseen[0])
    state = first.run.state
    data: BaseException
    if state.is_final():
        data = get_state_exception(state)
    else:
        data = UpstreamTaskError(state.message or "A task could not start.")
    return State(StateType.FAILED, message=_name_failures(unseen), data=data)


def _name_failures(unseen: list[Future[Any]]) -> str:
    named = ", ".join(f"{f.run.name} ({f.run.state.name})" for f in unseen[:5])
    more = f" and {len(unseen) - 5} more" if len(unseen) > 5 else ""
    plural = "s" if len(unseen) != 1 else ""
    return (
        f"{len(unseen)} submitted task{plural} failed and nobody looked at the outcome: "
        f"{named}{more}."
    )


def _futures_to_states(value: Any) -> Any:
    """What a flow returned, with every future replaced by the state it ended in."""
    if not holds_references(value):
        return value

    def to_state(reference: Any, allowed: bool) -> Any:
        return reference.state if isinstance(reference, Future) else reference

    return Visitor(to_state, keep_marks=True).visit(value)


def _end(call: FlowCall, hooks: bool = True) -> Generator[Effect, Any, None]:
    """Keep the result, put the final state on record, wait until it is safe; only then tell the
    hooks."""
    run, execution = call.run, call.execution
    assert execution is not None
    run.stop()
    if execution.inherited:
        return
    execution.stopper.end()
    try:
        if run.state_type is StateType.COMPLETED:
            run.stored = yield Ask(lambda: flow_results.keep(call, run.data))
    finally:
        staged = None
        if call.tracking is not None and run.state_type is StateType.COMPLETED:
            staged = transacting.sub_flow_completed(call.tracking)
        _record(call)
    if staged is not None:
        yield from staged.hand_over()
    journal = execution.session.journal
    outermost = tracking_execution(call) is None
    transient = execution.transient if run.state_type is StateType.COMPLETED else []
    if outermost or execution.strict or transient:
        yield Commit(journal)
    if transient:
        yield Ask(lambda: execution.session.backend.forget(run.raw_id, transient))
    if hooks and call.flow.hooks_for(run.state_type):
        yield from _hooks(call)
        if outermost:
            # What the hooks have logged is part of the run.
            yield Commit(journal)


def _hooks(call: FlowCall) -> Generator[Effect, Any, None]:
    """Call the user's hooks of the state the run has just entered."""
    flow, run, execution = call.flow, call.run, call.execution
    assert execution is not None
    hooks = flow.hooks_for(run.state_type)
    if hooks:
        yield from call_hooks(hooks, (flow, run, run.state), partial(execution.log, 40))


def _record(call: FlowCall) -> None:
    """Put the run on record, and in its parent the row that stands for it."""
    run = call.run
    error = None
    if isinstance(run.data, BaseException):
        error = to_json(error_facts(run.data))
    if call.execution is not None:
        call.execution.record_flow(error)
    elif run.epoch > 1:
        # It has not begun this time, and is on record from before.
        call.session.journal.append(run.to_row(error))
    if call.tracking is not None:
        track_run(call.tracking, run, error)


def tracking_execution(call: FlowCall) -> FlowExecution | None:
    """The execution of the run that made the call; None for a run that no other one called."""
    return None if call.tracking is None else call.tracking.execution
