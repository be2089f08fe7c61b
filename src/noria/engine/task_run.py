"""The lifecycle of a task run, written once.

A program (see `noria.engine.effects`) that any driver can perform: in the caller's thread, on an
event loop, in a pool or in another process. It returns the task run in its final state; whoever
called decides whether to raise, to hand out a state, or to settle a future.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from noria.core import clock
from noria.core.annotations import NotSet
from noria.core.backoff import delay_for, with_jitter
from noria.core.errors import (
    MissingResult,
    Pause,
    PermanentError,
    TaskRunTimeoutError,
    UpstreamTaskError,
)
from noria.core.jsontext import to_json
from noria.core.outcomes import (
    describe_exception,
    failed_state,
    interrupted_state,
    state_of_return_value,
)
from noria.core.records import StoredValue
from noria.core.states import Name, State, StateType
from noria.core.tracebacks import error_facts
from noria.engine import caching, fallbacks, keeping, transacting
from noria.engine.calls import TaskCall
from noria.engine.collections import SCALARS
from noria.engine.context import TaskRunContext, task_context
from noria.engine.effects import Ask, Call, Closed, Commit, Effect, Hook, Program, Sleep, Wait
from noria.engine.hooks import call_hooks
from noria.engine.prints import prints_of
from noria.engine.resources import peak_memory
from noria.engine.runs import TaskRun

if TYPE_CHECKING:
    from noria.engine.task_slots import TaskSlots

LONG_TASK = 5_000
"""Microseconds from which on a task's peak memory is worth asking the system for."""


def run_task(call: TaskCall) -> Program[TaskRun]:
    """The program of one task call."""
    run = call.run
    try:
        if call.references and not (yield from _await_upstreams(call)):
            return run
        if call.execution is not None:
            call.preview()
            if call.memo is not None and (yield from _take_over(call)):
                return run
    except (GeneratorExit, Closed):
        raise
    except BaseException as exc:
        yield from _cut_short(call, exc)
        raise
    yield from _with_context(call)
    return run


def _with_context(call: TaskCall) -> Generator[Effect, Any, None]:
    context = call.task_context()
    token = task_context.set(context)
    caller = token.old_value
    if caller is not token.MISSING:
        context.caller = caller
    try:
        if context.log_prints:
            with prints_of(context):
                yield from _run_in_context(call, context)
        else:
            yield from _run_in_context(call, context)
    except (GeneratorExit, Closed):
        raise
    except BaseException as exc:
        yield from _cut_short(call, exc, context)
        raise
    finally:
        try:
            task_context.reset(token)
        except ValueError:
            # A generator task may be finished by another context than the one that began it.
            task_context.set(None)


def _await_upstreams(call: TaskCall) -> Generator[Effect, Any, bool]:
    """Wait for futures among the arguments and put their results in their place; False when one
    of them failed."""
    waiting = call.unfinished_upstreams()
    if waiting:
        yield Wait(waiting)
    try:
        call.resolve()
    except UpstreamTaskError as exc:
        call.run.enter(StateType.PENDING, Name.NOT_READY, str(exc))
        _record(call, end=True)
        return False
    return True


def _run_in_context(call: TaskCall, context: TaskRunContext) -> Generator[Effect, Any, None]:
    task = call.task
    if task.task_run_name is not None:
        call.run.name = yield Hook(task.name_run, call.parameters)
    if task.result_serializer is not None:
        keeping.check_serializer(task.result_serializer)
    key = None
    execution = call.execution
    persists = execution is not None and execution.persists
    if task.caches or (persists and task.caches_if_flow_persists):
        key = caching.key_of(call, context)
        if key is not None:
            yield from transacting.serialized(call, context, key)
            if (yield from _serve_from_cache(call, key)):
                transacting.served(context)
                return
    limited = call.limited_tags() if call.run.tags else None
    if not limited:
        yield from _attempts(call, context, key)
        return
    from noria.engine.task_slots import TaskSlots  # noqa: PLC0415 - few runs are limited

    slots = TaskSlots(call, limited)
    try:
        yield from _attempts(call, context, key, slots)
    finally:
        slots.release()


def _take_over(call: TaskCall) -> Generator[Effect, Any, bool]:
    """Use the result that an earlier execution of the flow run has kept, if it has."""
    memo, run, execution = call.memo, call.run, call.execution
    assert memo is not None
    assert execution is not None
    if (yield from transacting.is_to_run_again(call)):
        return False
    if memo.state is not StateType.COMPLETED or memo.result is None:
        return False
    stored = memo.result
    try:
        value = keeping.load_scalar(stored)
        if value is NotSet:
            value = yield Ask(lambda: execution.session.results.load(stored))
    except MissingResult as exc:
        execution.say_once(str(exc), f"{exc} The task runs again.")
        return False
    run.enter(StateType.COMPLETED, Name.CACHED, "Finished in an earlier execution.", value)
    run.start, run.end, run.run_count = memo.start, memo.end, memo.run_count
    run.stored = stored
    if call.task.persist_result is False:
        execution.transient.append(run.raw_id)
    execution.reused += 1
    staged = transacting.taken_over(call, value)
    execution.record(run)
    _note(call, value)
    yield from transacting.handed_over(staged)
    return True


def _serve_from_cache(call: TaskCall, key: str) -> Generator[Effect, Any, bool]:
    run = call.run
    found = yield Ask(lambda: caching.look_up(call, key))
    if found is None:
        return False
    value, stored, message = found
    if call.task.on_running_hooks:
        # A hook that counts the runs of a task is to hear of this one too.
        run.enter(StateType.RUNNING)
        yield from _hooks(call)
    run.enter(StateType.COMPLETED, Name.CACHED, message, value)
    run.start = run.state_time
    run.stop()
    run.stored = stored
    run.state.state_details.cache_key = key
    _record(call)
    _note(call, value)
    yield from _hooks(call)
    return True


def _attempts(
    call: TaskCall, context: TaskRunContext, key: str | None, slots: TaskSlots | None = None
) -> Generator[Effect, Any, None]:
    """Call the function until it succeeds or there is no attempt left."""
    args, kwargs = call.task.spec.to_call(call.parameters)
    name: str | None = None
    attempt = 0
    while True:
        if slots is not None:
            yield from slots.take()
        breaker = call.task.circuit_breaker
        if breaker is None:
            yield from begin(call, name)
            state = yield from one_attempt(call, context, args, kwargs)
        else:
            state = yield from breaker.attempt(call, context, args, kwargs, name)
        if state is None:
            break
        delay = yield from _retry_delay(call, state, attempt)
        if delay is None:
            yield from _fail(call, context, state)
            break
        attempt += 1
        yield from transacting.retried(context)
        if slots is not None and delay:
            slots.release()
        name = yield from _await_retry(call, state, attempt, delay)
    yield from _end(call, context, key)


def _fail(
    call: TaskCall, context: TaskRunContext, state: State[Any]
) -> Generator[Effect, Any, None]:
    """No attempt is left: a fallback serves, or the run ends in this state."""
    if not call.task.fallbacks:
        call.run.enter_state(state)
        return
    yield from transacting.retried(context)
    yield from fallbacks.serve(call, state, run_task)


def one_attempt(
    call: TaskCall, context: TaskRunContext, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Generator[Effect, Any, State[Any] | None]:
    """Call the function once; returns the state of a failure, None when the run may rest."""
    run, task = call.run, call.task
    cpu = clock.cpu_time()
    try:
        value = yield Call(task.fn, args, kwargs, task.timeout_seconds, TaskRunTimeoutError)
    except Exception as exc:  # noqa: BLE001 - any failure of the user's is a state
        _cost(run, cpu)
        return _failure(task, exc)
    except Closed:
        # The consumer of a generator task has had enough.
        run.enter(StateType.COMPLETED)
        staged = transacting.completed(call, context, None, None)
        _record(call, end=True)
        yield from transacting.handed_over(staged)
        if task.has_hooks:
            yield from _hooks(call)
        raise
    except BaseException:
        _cost(run, cpu)
        raise
    _cost(run, cpu)
    call.returned = value
    if type(value) in SCALARS:
        run.enter(StateType.COMPLETED, data=value)
        return None
    state = state_of_return_value(value)
    if type(value) is GeneratorType:
        # Its items have been taken; who called gets them as the list that is kept.
        call.returned = state.data
    if state.type is StateType.FAILED:
        return state
    run.enter_state(state)
    return None


def _failure(task: Any, exc: Exception) -> State[Any]:
    if isinstance(exc, TaskRunTimeoutError):
        message = f"Task run exceeded timeout of {task.timeout_seconds} second(s)"
    elif isinstance(exc, TimeoutError):
        message = f"Task run failed due to timeout: {exc!r}"
    else:
        return failed_state(exc, "Task run encountered an exception")
    return State(StateType.FAILED, name=Name.TIMED_OUT, message=message, data=exc)


def begin(call: TaskCall, name: str | None) -> Generator[Effect, Any, None]:
    """Enter Running under a name, for another attempt."""
    run = call.run
    call.returned = NotSet
    run.enter(StateType.RUNNING, name)
    run.run_count += 1
    if run.start is None:
        run.start = run.state_time
    if call.execution is not None:
        call.execution.record(run)
    if call.task.on_running_hooks:
        yield from _hooks(call)


def _end(call: TaskCall, context: TaskRunContext, key: str | None) -> Generator[Effect, Any, None]:
    """Keep the result, put the final state on record, commit or roll back, call the hooks."""
    run, task, execution = call.run, call.task, call.execution
    if execution is not None and execution.inherited:
        return
    if call.stand_in is not None:
        # What a fallback gave is not what the task would have given: the next run is to try again.
        key = None
    if run.state_type is StateType.COMPLETED:
        value = run.data
        stored: StoredValue | None = None
        if execution is not None or key is not None:
            stored = keeping.keep_scalar(value)
            if stored is None or task.keeps_specially:
                stored = yield Ask(lambda: keeping.keep(call, value, wanted=key is not None))
            run.stored = stored
        staged = transacting.completed(call, context, key, stored)
        _record(call, end=True)
        _note(call, value)
        if staged is not None:
            yield from transacting.handed_over(staged)
    else:
        _record(call, end=True)
        yield from transacting.failed(call, context)
    if execution is not None and execution.strict:
        yield Commit(execution.session.journal)
    if task.has_hooks:
        yield from _hooks(call)


def _cut_short(
    call: TaskCall, exc: BaseException, context: TaskRunContext | None = None
) -> Generator[Effect, Any, None]:
    """Put on record what ended the run from outside the user's function, wherever it was."""
    run, execution = call.run, call.execution
    if run.end is not None or (execution is not None and execution.inherited):
        return
    if isinstance(exc, Exception):
        run.enter_state(failed_state(exc, "Task run encountered an exception"))
    else:
        run.enter_state(interrupted_state(exc))
    _record(call, end=True)
    if context is not None and not isinstance(exc, Pause):
        yield from transacting.failed(call, context)
    if call.task.has_hooks:
        yield from _hooks(call)


def _retry_delay(
    call: TaskCall, state: State[Any], attempt: int
) -> Generator[Effect, Any, float | None]:
    """Seconds until the next attempt; None when this failure is final."""
    task, execution = call.task, call.execution
    if attempt >= task.retries or (execution is not None and execution.inherited):
        return None
    failure = state.data
    if isinstance(failure, BaseException) and not _may_retry(task, failure):
        return None
    if task.retry_condition_fn is not None:
        try:
            wanted = yield Hook(task.retry_condition_fn, task, call.run, _judged(state))
        except Exception as exc:  # noqa: BLE001 - the user's condition must not end the run
            _say(
                call,
                40,
                "An error was encountered while running `retry_condition_fn` check "
                f"{task.retry_condition_fn!r} for task {task.name!r}: {describe_exception(exc)}",
            )
            return None
        if not wanted:
            return None
    delay = delay_for(attempt, task.retry_delay_seconds)
    if task.retry_jitter_factor:
        import random  # noqa: PLC0415 - loads OpenSSL, and few tasks jitter

        delay = with_jitter(delay, task.retry_jitter_factor, random.Random())
    return float(delay)


def _may_retry(task: Any, failure: BaseException) -> bool:
    """Whether exceptions of this kind are tried again."""
    if isinstance(failure, task.no_retry_on):
        return False
    if task.retry_on:
        return isinstance(failure, task.retry_on)
    return not isinstance(failure, PermanentError)


def _judged(state: State[Any]) -> State[Any]:
    """A failure as a `retry_condition_fn` sees it: not yet the run's state."""
    if not isinstance(state.data, BaseException):
        return state
    message = f"Task run encountered unexpected exception: {state.data!r}"
    return state.copy(update={"message": message})


def _await_retry(
    call: TaskCall, state: State[Any], attempt: int, delay: float
) -> Generator[Effect, Any, str]:
    """Wait for the next attempt; returns the name of the Running state it begins with."""
    run, task = call.run, call.task
    failure = state.data
    reason = describe_exception(failure) if isinstance(failure, BaseException) else state.message
    when = f"in {delay:g} s" if delay else "at once"
    run.remember()
    message = f"attempt {attempt + 1} of {task.retries + 1} {when}: {reason}"
    run.enter(StateType.SCHEDULED, Name.AWAITING_RETRY, message)
    run.state.state_details.scheduled_time = clock.to_datetime(
        run.state_time + int(delay * 1_000_000)
    )
    if call.execution is not None:
        call.execution.record(run)
    run.remember()
    if delay:
        yield Sleep(delay)
    return Name.RETRYING


def _hooks(call: TaskCall) -> Generator[Effect, Any, None]:
    """Call the user's hooks of the state the run has just entered."""
    run, task = call.run, call.task
    hooks = task.hooks_for(run.state_type)
    if hooks:
        yield from call_hooks(hooks, (task, run, run.state), partial(_say, call, 40))


def _say(call: TaskCall, level: int, message: str) -> None:
    if call.execution is not None:
        call.execution.log(level, message, call.run)


def _record(call: TaskCall, end: bool = False) -> None:
    run, execution = call.run, call.execution
    if end:
        run.stop()
    if execution is None:
        return
    error = None
    if isinstance(run.data, BaseException):
        error = to_json(error_facts(run.data))
    elif call.stand_in is not None:
        error = call.stand_in.error
    execution.record(run, error)


def _note(call: TaskCall, value: Any) -> None:
    """Remember whose value this is, for edges and identities further down."""
    run, execution = call.run, call.execution
    if execution is not None and run.group is not None and call.notes_result:
        execution.lineage.note(value, run.raw_id, run.identity, run.group.number)


def _cost(run: TaskRun, cpu_before: int) -> None:
    if run.process is not None:
        # Measured in that process, by whoever had the call made there.
        return
    run.cpu = (clock.cpu_time() - cpu_before) // 1000
    if run.start is not None and clock.now() - run.start > LONG_TASK:
        run.peak_memory = peak_memory()


StateHook = Callable[[Any, TaskRun, State[Any]], Any]
