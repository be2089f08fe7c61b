"""Fallbacks: what serves when a task has finally failed.

A fallback is a task of its own, called below the run that it stands in for, so that the tree of the
run shows which served, how often and for how long. Its value becomes that of the failed call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from noria.core.annotations import NotSet
from noria.core.jsontext import to_json
from noria.core.outcomes import describe_exception
from noria.core.parameters import ParameterSpec
from noria.core.records import GroupKind
from noria.core.states import Name, State, StateType, get_state_exception
from noria.core.tracebacks import error_facts
from noria.engine.calls import TaskCall
from noria.engine.effects import Effect, Program
from noria.engine.groups import NOWHERE, Place
from noria.engine.marked import Marked
from noria.engine.runs import TaskRun

ERROR_NAMES = ("error", "exception")
"""Parameters of a fallback that are given the exception, unless the task has one of that name."""


class StandIn:
    """The fallback of one call, from the failure on.

    Attributes:
        call: The call of the fallback that is under way, or served.
        error: The failure that made it necessary, as it is recorded.
    """

    __slots__ = ("call", "error")

    def __init__(self, error: str) -> None:
        self.error = error
        self.call: TaskCall | None = None


def as_tasks(given: Any, make: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The fallbacks that an option names, each a task.

    Parameters:
        given: A task, a function, or a list of these; None for none.
        make: Makes a task of a function.

    Raises:
        TypeError: One is neither a task nor a function.
    """
    if given is None:
        return ()
    return tuple(_as_task(each, make) for each in _listed(given))


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]


def _as_task(given: Any, make: Callable[[Any], Any]) -> Any:
    if isinstance(given, Marked):
        if given.kind != "task":
            raise TypeError(
                f"'fallback' takes tasks and functions; got the {given.kind} {given.name!r}. "
                "Call it in a function, and give that."
            )
        return given
    if not callable(given) or isinstance(given, type):
        raise TypeError(
            "'fallback' takes a task, a function or a list of these, such as "
            f"fallback=read_from_backup; got {given!r}."
        )
    return make(given)


def check(task: Any) -> None:
    """Refuse fallbacks that could not be called with the arguments of the task.

    Raises:
        TypeError: Names the task, its fallback and what does not fit.
    """
    if not task.fallbacks:
        return
    if task.isgenerator:
        raise TypeError(
            f"Task {task.name!r} is a generator: its items are handed out before it could fail, so "
            "there is nothing that a fallback could replace. Return a list instead."
        )
    for fallback in task.fallbacks:
        if fallback.isgenerator:
            raise TypeError(
                f"Fallback {fallback.name!r} of task {task.name!r} is a generator; it has to "
                "return what the task would have returned."
            )
        _check_parameters(task, fallback)


def _check_parameters(task: Any, fallback: Any) -> None:
    ours, theirs = task.spec, fallback.spec
    if _by_name(ours, theirs):
        return
    asked = _without_error(ours, theirs)
    room = len(asked) if theirs.var_positional is None else len(ours.names)
    needed = [name for name in asked if name in theirs.required]
    flexible = ours.var_positional is not None or ours.var_keyword is not None
    if len(needed) > len(ours.names) or (len(ours.names) > room and not flexible):
        raise TypeError(
            f"Fallback {fallback.name!r} cannot be called in the place of task {task.name!r}: it "
            f"takes ({', '.join(asked)}), and the task's arguments are ({', '.join(ours.names)}). "
            "Give its parameters the same names (those that it does not need may be left out), or "
            "as many."
        )


def _without_error(ours: ParameterSpec, theirs: ParameterSpec) -> list[str]:
    return [
        name
        for name in theirs.names
        if name not in (theirs.var_positional, theirs.var_keyword)
        and (name not in ERROR_NAMES or name in ours.names)
    ]


def _by_name(ours: ParameterSpec, theirs: ParameterSpec) -> bool:
    """Whether the fallback's parameters bear names of the task's, so that order does not matter."""
    if theirs.var_positional is not None or ours.var_positional is not None:
        return False
    needed = [name for name in _without_error(ours, theirs) if name in theirs.required]
    if theirs.positional_only.intersection(needed):
        return False
    return all(name in ours.names for name in needed)


def arguments(
    task: Any, fallback: Any, parameters: dict[str, Any], error: BaseException
) -> dict[str, Any]:
    """The parameters of a fallback.

    By name where its parameters are called like those of the task; it need not have them all.
    Otherwise by position, in the task's order. One that is called `error` or `exception` gets the
    exception, unless the task has one of that name.
    """
    ours, theirs = task.spec, fallback.spec
    extra = {name: error for name in ERROR_NAMES if name in theirs.names and name not in ours.names}
    if not _by_name(ours, theirs):
        args, kwargs = ours.to_call(parameters)
        bound: dict[str, Any] = theirs.bind(args, {**kwargs, **extra})
        return bound
    given = dict(parameters)
    if ours.var_keyword is not None:
        given.update(given.pop(ours.var_keyword) or {})
    if theirs.var_keyword is None:
        given = {name: value for name, value in given.items() if name in theirs.names}
    by_name: dict[str, Any] = theirs.bind((), {**given, **extra})
    return by_name


def serve(
    call: TaskCall, failure: State[Any], run_task: Callable[[TaskCall], Program[TaskRun]]
) -> Generator[Effect, Any, None]:
    """Call the fallbacks in order until one serves; the run enters the state that comes of it.

    Parameters:
        call: The call whose attempts have failed.
        failure: The state in which they have.
        run_task: The lifecycle of a task.
    """
    run, task = call.run, call.task
    error = get_state_exception(failure)
    first = _why(failure, error)
    call.stand_in = stand_in = StandIn(to_json(error_facts(error)))
    for fallback in task.fallbacks:
        _take_over(call, failure, fallback, error)
        fallback = _of_the_same_object(task, fallback)
        try:
            inner = _call_of(call, fallback, arguments(task, fallback, call.parameters, error))
            stand_in.call = inner
            yield from run_task(inner)
        except Exception as exc:  # noqa: BLE001 - arguments that do not fit, a name that fails
            failure = _failed(fallback, exc, error)
        else:
            if inner.run.state_type is StateType.COMPLETED:
                call.returned = inner.returned
                message = f"{fallback.name} served after {first}"
                run.enter(StateType.COMPLETED, Name.FALLBACK, message, inner.run.data)
                return
            failure = _failed(fallback, _exception_of(inner.run), error)
        error = get_state_exception(failure)
    call.stand_in, call.returned = None, NotSet
    run.enter_state(failure)


def _why(failure: State[Any], error: BaseException) -> str:
    """A failure in few words: the exception, or the state's message when that says more."""
    said = describe_exception(error)
    return said if str(error) or not failure.message else failure.message


def _take_over(call: TaskCall, failure: State[Any], fallback: Any, error: BaseException) -> None:
    """Put on record that the call failed and that a fallback runs."""
    run = call.run
    if run.history is None:
        run.remember()
    assert run.history is not None
    run.history.append([failure.name, failure.micros, failure.message])
    message = f"fallback {fallback.name} takes over after {_why(failure, error)}"
    run.enter(StateType.RUNNING, Name.FALLING_BACK, message)
    if run.start is None:
        # A breaker that is open kept it from its first attempt: here is where it begins.
        run.start = run.state_time
    if call.execution is not None:
        assert call.stand_in is not None
        call.execution.record(run, call.stand_in.error)


def _of_the_same_object(task: Any, fallback: Any) -> Any:
    """A method that is the fallback of a method belongs to the same object."""
    owner = getattr(task.fn, "__self__", None)
    if owner is None or fallback.spec.names[:1] not in (("self",), ("cls",)):
        return fallback
    return fallback.__get__(owner, type(owner))


def _call_of(call: TaskCall, fallback: Any, parameters: dict[str, Any]) -> TaskCall:
    code = getattr(fallback.fn, "__code__", None)
    place = NOWHERE if code is None else Place(code, 0, code.co_firstlineno)
    return TaskCall(fallback, parameters, None, GroupKind.FALLBACK, place)


def _exception_of(run: TaskRun) -> BaseException:
    state = run.state
    if state.type is StateType.FAILED:
        return get_state_exception(state)
    return RuntimeError(f"It ended {state.name}: {state.message}")


def _failed(fallback: Any, error: BaseException, before: BaseException) -> State[Any]:
    """The Failed state of a fallback's exception, with that which it was to make up for below."""
    _chain(error, before)
    message = (
        f"Task run encountered an exception {describe_exception(before)}; "
        f"its fallback {fallback.name} failed as well: {describe_exception(error)}"
    )
    return State(StateType.FAILED, message=message, data=error)


def _chain(error: BaseException, before: BaseException) -> None:
    """Let `before` be what led to `error`, unless it is already."""
    seen = {id(before)}
    each = error
    while id(each) not in seen:
        seen.add(id(each))
        below = each.__cause__
        if below is None and not each.__suppress_context__:
            below = each.__context__
        if below is None:
            each.__cause__ = before
            return
        each = below
