"""From what a function returned or raised to the state its run ends in. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import GeneratorType
from typing import Any

from noria.core import errors
from noria.core.states import State, StateType, is_state_iterable


class StateGroup:
    """Several states, counted."""

    def __init__(self, states: list[State[Any]]) -> None:
        self.states = states
        self.type_counts: dict[StateType, int] = Counter(state.type for state in states)
        self.total_count = len(states)
        self.cancelled_count = self.type_counts[StateType.CANCELLED]
        self.final_count = sum(state.is_final() for state in states)
        self.not_final_count = self.total_count - self.final_count
        self.paused_count = self.type_counts[StateType.PAUSED]

    @property
    def fail_count(self) -> int:
        """How many failed or crashed."""
        return self.type_counts[StateType.FAILED] + self.type_counts[StateType.CRASHED]

    def all_completed(self) -> bool:
        return self.type_counts[StateType.COMPLETED] == self.total_count

    def any_cancelled(self) -> bool:
        return self.cancelled_count > 0

    def any_failed(self) -> bool:
        return self.fail_count > 0

    def any_paused(self) -> bool:
        return self.paused_count > 0

    def all_final(self) -> bool:
        return self.final_count == self.total_count

    def counts_message(self) -> str:
        """All counts in one line."""
        parts = [f"total={self.total_count}"]
        if self.not_final_count:
            parts.append(f"not_final={self.not_final_count}")
        parts += [f"{kind.value!r}={count}" for kind, count in self.type_counts.items() if count]
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"StateGroup<{self.counts_message()}>"


def state_of_return_value(value: Any) -> State[Any]:
    """The final state of a run whose function returned `value`, futures already made states.

    A state that the user made stands as it is. States of other runs are summed up: Completed if
    all are, else Cancelled, Paused or Failed. Anything else is the data of a Completed.
    """
    if isinstance(value, State):
        details = value.state_details
        if not details.flow_run_id and not details.task_run_id:
            return value
        return _summed([value], value)
    if is_state_iterable(value):
        return _summed(list(value), value)
    data = list(value) if isinstance(value, GeneratorType) else value
    return State(StateType.COMPLETED, data=data)


def _summed(states: list[State[Any]], data: Any) -> State[Any]:
    group = StateGroup(states)
    total = group.total_count
    if group.all_completed():
        return State(StateType.COMPLETED, message="All states completed.", data=data)
    if group.any_cancelled():
        message = f"{group.cancelled_count}/{total} states cancelled."
        return State(StateType.CANCELLED, message=message, data=data)
    if group.any_paused():
        message = f"{group.paused_count}/{total} states paused."
        return State(StateType.PAUSED, message=message, data=data)
    if group.any_failed():
        message = f"{group.fail_count}/{total} states failed."
    elif not group.all_final():
        message = f"{group.not_final_count}/{total} states are not final."
    else:
        message = "Given states: " + group.counts_message()
    return State(StateType.FAILED, message=message, data=data)


def describe_exception(exc: BaseException) -> str:
    """`ValueError: what it says`."""
    return f"{type(exc).__name__}: {exc}"


def failed_state(exc: BaseException, message: str) -> State[Any]:
    """The Failed state of an exception, its text after `message`."""
    return State(StateType.FAILED, message=f"{message} {describe_exception(exc)}", data=exc)


def interrupted_state(exc: BaseException) -> State[Any]:
    """The state of a run that something outside the user's `Exception`s ended."""
    if isinstance(exc, KeyboardInterrupt):
        message, kind = "Execution was aborted by an interrupt signal.", StateType.CANCELLED
    elif isinstance(exc, errors.TerminationSignal):
        message, kind = "Execution was aborted by a termination signal.", StateType.CANCELLED
    elif isinstance(exc, errors.CancelRun):
        message, kind = str(exc) or "The run was cancelled.", StateType.CANCELLED
    elif type(exc).__name__ == "CancelledError":
        # Ctrl-C reaches async code in this form.
        message = "Execution was cancelled by the runtime environment."
        kind = StateType.CANCELLED
    elif isinstance(exc, errors.ProcessDied):
        # Whoever asks for the result is told in a form that `except Exception` catches.
        return State(StateType.CRASHED, message=str(exc), data=errors.CrashedRun(str(exc)))
    elif isinstance(exc, SystemExit):
        message, kind = "Execution was aborted by Python system exit call.", StateType.CRASHED
    else:
        message = f"Execution was interrupted by an unexpected exception: {describe_exception(exc)}"
        kind = StateType.CRASHED
    return State(kind, message=message, data=exc)


def error_types(option: str, given: Any) -> tuple[type[BaseException], ...]:
    """The exception classes that an option names: none, one or several.

    Raises:
        TypeError: Something among them is none; names the option.
    """
    if given is None:
        return ()
    types = given if isinstance(given, tuple | list | set | frozenset) else (given,)
    for kind in types:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(
                f"'{option}' takes exception classes, such as {option}=(ConnectionError,); "
                f"got {kind!r}."
            )
    return tuple(types)


def ensure_iterable(value: Any) -> Iterable[Any]:
    """A collection as it is, anything else as a list of one."""
    return value if isinstance(value, list | tuple | set | frozenset) else [value]
