"""States of runs: what a run is in, with the value or exception it carries."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

from noria.core import clock
from noria.core.outcomes import StateGroup, describe_exception, failed_state, interrupted_state
from noria.core.states import (
    TERMINAL_STATES,
    Name,
    State,
    StateDetails,
    StateType,
    get_state_exception,
    is_state_iterable,
    state_result,
)

__all__ = [
    "TERMINAL_STATES",
    "AwaitingConcurrencySlot",
    "AwaitingRetry",
    "Cancelled",
    "Cancelling",
    "Completed",
    "Crashed",
    "Failed",
    "InfrastructurePending",
    "Late",
    "Paused",
    "Pending",
    "Retrying",
    "Running",
    "Scheduled",
    "State",
    "StateDetails",
    "StateGroup",
    "StateType",
    "Submitting",
    "Suspended",
    "aget_state_exception",
    "araise_state_exception",
    "exception_to_crashed_state",
    "exception_to_failed_state",
    "format_exception",
    "get_state_exception",
    "get_state_result",
    "is_state_iterable",
    "raise_state_exception",
]


def _scheduled(
    cls: type[State[Any]], scheduled_time: datetime | None, fields: dict[str, Any]
) -> Any:
    details = _details(fields)
    if scheduled_time is not None:
        if details.scheduled_time is not None:
            raise ValueError("An extra scheduled_time was provided in state_details")
        details.scheduled_time = scheduled_time
    elif details.scheduled_time is None:
        details.scheduled_time = clock.to_datetime(clock.now())
    return cls(type=StateType.SCHEDULED, state_details=details, **fields)


def _details(fields: dict[str, Any]) -> StateDetails:
    given = fields.pop("state_details", None)
    if isinstance(given, StateDetails):
        return given
    return StateDetails(**(given or {}))


def Scheduled(
    cls: type[State[Any]] = State, scheduled_time: datetime | None = None, **kwargs: Any
) -> State[Any]:
    """A run that will start at a time; now when none is given."""
    state: State[Any] = _scheduled(cls, scheduled_time, kwargs)
    return state


def Completed(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that ended well, with its result as `data`."""
    return cls(type=StateType.COMPLETED, **kwargs)


def Running(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that is under way."""
    return cls(type=StateType.RUNNING, **kwargs)


def Failed(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that ended badly, with its exception as `data`."""
    return cls(type=StateType.FAILED, **kwargs)


def Crashed(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run whose process was ended from outside."""
    return cls(type=StateType.CRASHED, **kwargs)


def Cancelling(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that is being stopped."""
    return cls(type=StateType.CANCELLING, **kwargs)


def Cancelled(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that was stopped."""
    return cls(type=StateType.CANCELLED, **kwargs)


def Pending(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that is about to start."""
    return cls(type=StateType.PENDING, **kwargs)


def Paused(
    cls: type[State[Any]] = State,
    timeout_seconds: int | None = None,
    pause_expiration_time: datetime | None = None,
    reschedule: bool = False,
    pause_key: str | None = None,
    **kwargs: Any,
) -> State[Any]:
    """A run that waits for somebody, until a time if one is given.

    Raises:
        ValueError: Both a number of seconds and a time were given.
    """
    details = _details(kwargs)
    if pause_expiration_time is not None and timeout_seconds is not None:
        raise ValueError("Cannot supply both a pause_expiration_time and timeout_seconds")
    if details.pause_timeout is None:
        if timeout_seconds is not None:
            now = clock.to_datetime(clock.now())
            details.pause_timeout = now + timedelta(seconds=timeout_seconds)
        else:
            details.pause_timeout = pause_expiration_time
    details.pause_reschedule = reschedule
    details.pause_key = pause_key
    return cls(type=StateType.PAUSED, state_details=details, **kwargs)


def Suspended(
    cls: type[State[Any]] = State,
    timeout_seconds: int | None = None,
    pause_expiration_time: datetime | None = None,
    pause_key: str | None = None,
    **kwargs: Any,
) -> State[Any]:
    """A paused run that has left its process."""
    return Paused(
        cls=cls,
        name=Name.SUSPENDED,
        reschedule=True,
        timeout_seconds=timeout_seconds,
        pause_expiration_time=pause_expiration_time,
        pause_key=pause_key,
        **kwargs,
    )


def AwaitingRetry(
    cls: type[State[Any]] = State, scheduled_time: datetime | None = None, **kwargs: Any
) -> State[Any]:
    """A failed run that will be tried again."""
    return Scheduled(cls=cls, scheduled_time=scheduled_time, name=Name.AWAITING_RETRY, **kwargs)


def AwaitingConcurrencySlot(
    cls: type[State[Any]] = State, scheduled_time: datetime | None = None, **kwargs: Any
) -> State[Any]:
    """A run that waits for its turn under a limit."""
    name = Name.AWAITING_CONCURRENCY_SLOT
    return Scheduled(cls=cls, scheduled_time=scheduled_time, name=name, **kwargs)


def Submitting(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that is being handed to what will run it."""
    return Pending(cls=cls, name=Name.SUBMITTING, **kwargs)


def InfrastructurePending(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run that waits for its process or machine."""
    return Pending(cls=cls, name=Name.INFRASTRUCTURE_PENDING, **kwargs)


def Retrying(cls: type[State[Any]] = State, **kwargs: Any) -> State[Any]:
    """A run whose second or later attempt is under way."""
    return cls(type=StateType.RUNNING, name=Name.RETRYING, **kwargs)


def Late(
    cls: type[State[Any]] = State, scheduled_time: datetime | None = None, **kwargs: Any
) -> State[Any]:
    """A run that should have started by now."""
    return Scheduled(cls=cls, scheduled_time=scheduled_time, name=Name.LATE, **kwargs)


async def get_state_result(
    state: State[Any], raise_on_failure: bool = True, retry_result_failure: bool = True
) -> Any:
    """The value of a state; see `State.result`."""
    return state_result(state, raise_on_failure)


def raise_state_exception(state: State[Any]) -> None:
    """Raise the exception of a failed, crashed or cancelled state; nothing for any other."""
    if state.is_failed() or state.is_crashed() or state.is_cancelled():
        raise get_state_exception(state)


async def aget_state_exception(state: State[Any]) -> BaseException:
    """The same as `get_state_exception`, awaited."""
    return get_state_exception(state)


async def araise_state_exception(state: State[Any]) -> None:
    """The same as `raise_state_exception`, awaited."""
    raise_state_exception(state)


def format_exception(exc: BaseException, tb: Any = None) -> str:
    """`ValueError: what it says`."""
    return describe_exception(exc)


async def exception_to_crashed_state(exc: BaseException, result_store: Any = None) -> State[Any]:
    """The Crashed state of a run that `exc` ended from outside the user's code."""
    return Crashed(message=interrupted_state(exc).message, data=exc)


async def exception_to_failed_state(
    exc: BaseException | None = None,
    result_store: Any = None,
    write_result: bool = False,
    **kwargs: Any,
) -> State[Any]:
    """The Failed state of an exception; of the one being handled when none is given.

    Raises:
        ValueError: None was given and none is being handled.
    """
    exc = exc or sys.exc_info()[1]
    if exc is None:
        raise ValueError("Exception was not passed and no active exception could be found.")
    message = kwargs.pop("message", "")
    state = failed_state(exc, message)
    state.message = (state.message or "").lstrip() if not message else state.message
    for name, value in kwargs.items():
        setattr(state, name, value)
    return state
