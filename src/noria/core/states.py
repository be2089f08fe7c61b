"""States of runs: the types, the names in use, and the value a run passes from hand to hand.

No status string stands anywhere else. `noria.core.transitions` says which state may follow which.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from noria.core import clock, errors, ids, state_fields
from noria.core.annotations import BaseAnnotation

if TYPE_CHECKING:
    import uuid

R = TypeVar("R")


class StateType(str, enum.Enum):  # noqa: UP042 - its str() is `StateType.RUNNING`, not the value
    """The kind of a state; the only thing that orchestration decides by."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"

    __str__ = enum.Enum.__str__
    __repr__ = enum.Enum.__str__

    @classmethod
    def _missing_(cls, value: object) -> StateType:
        raise ValueError(
            f"{value!r} is not a valid StateType; expected one of {', '.join(cls.__members__)}."
        )


TERMINAL_STATES = frozenset(
    {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED}
)

# Stored as small numbers: a row of a million must not repeat its state in letters.
STATE_CODES: dict[StateType, int] = {kind: code for code, kind in enumerate(StateType)}
STATE_BY_CODE: tuple[StateType, ...] = tuple(StateType)


class Name:
    """Names of states beyond the plain one of each type."""

    LATE = "Late"
    RETRYING = "Retrying"
    AWAITING_RETRY = "AwaitingRetry"
    AWAITING_CONCURRENCY_SLOT = "AwaitingConcurrencySlot"
    CACHED = "Cached"
    FALLBACK = "Fallback"
    FALLING_BACK = "FallingBack"
    ROLLED_BACK = "RolledBack"
    TIMED_OUT = "TimedOut"
    SUSPENDED = "Suspended"
    RESUMING = "Resuming"
    NOT_READY = "NotReady"
    SUBMITTING = "Submitting"
    INFRASTRUCTURE_PENDING = "InfrastructurePending"


def default_name(kind: StateType) -> str:
    """The plain name of a type, such as `Completed`."""
    return _DEFAULT_NAMES[kind]


_DEFAULT_NAMES = {kind: kind.value.capitalize() for kind in StateType}


class StateDetails:
    """Facts that accompany a state."""

    flow_run_id: uuid.UUID | None
    task_run_id: uuid.UUID | None
    child_flow_run_id: uuid.UUID | None
    scheduled_time: datetime | None
    cache_key: str | None
    cache_expiration: datetime | None
    deferred: bool | None
    untrackable_result: bool
    pause_timeout: datetime | None
    pause_reschedule: bool
    pause_key: str | None
    run_input_keyset: dict[str, str] | None
    refresh_cache: bool | None
    retriable: bool | None
    transition_id: uuid.UUID | None
    task_parameters_id: uuid.UUID | None
    traceparent: str | None
    deployment_concurrency_lease_id: uuid.UUID | None

    __slots__ = tuple(__annotations__)

    def __init__(self, **facts: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, facts.pop(name, _DETAIL_DEFAULTS.get(name)))
        if facts:
            raise TypeError(f"StateDetails has no field named {', '.join(map(repr, facts))}")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"StateDetails({shown})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StateDetails):
            return NotImplemented
        return all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    __hash__ = None  # type: ignore[assignment]


_DETAIL_DEFAULTS: dict[str, Any] = {"untrackable_result": False, "pause_reschedule": False}


class State(Generic[R]):
    """What a run is in at one moment, with the value or exception it carries.

    Parameters:
        type: The kind of state, a `StateType` or its text.
        name: Shown name; the type's own name when left out.
        message: Why the run is in this state.
        data: The result of a completed run, the exception of a failed one.
        timestamp: When the state was entered, a naive one in UTC; now when left out.
        state_details: A `StateDetails` or its fields as a dict; made when left out.
        id: The state's own id; made when left out.

    Two states are equal when all but their ids are equal.

    Example:
        >>> from noria.states import Completed
        >>> Completed(message="done", data=3)
        Completed(message='done', type=COMPLETED, result=3)
    """

    __slots__ = (
        "__dict__",
        "_details",
        "_id",
        "_load",
        "_micros",
        "data",
        "message",
        "name",
        "type",
    )

    # Facts of a server's row, which a state in a program is not.
    created: datetime | None = None
    updated: datetime | None = None

    def __init__(
        self,
        type: StateType | str,
        name: str | None = None,
        timestamp: datetime | str | None = None,
        message: str | None = None,
        data: Any = None,
        state_details: StateDetails | Mapping[str, Any] | None = None,
        id: uuid.UUID | str | None = None,
    ) -> None:
        self.type = kind = type if type.__class__ is StateType else StateType(type)
        self.name: str = _DEFAULT_NAMES[kind] if name is None else name
        self.message = message
        self.data = data
        if isinstance(timestamp, str):
            timestamp = datetime.fromisoformat(timestamp)
        self._micros = clock.now() if timestamp is None else clock.to_micros(timestamp)
        self._details = (
            StateDetails(**state_details) if isinstance(state_details, Mapping) else state_details
        )
        self._id = ids.parse(id) if isinstance(id, str) else id
        self._load: Callable[[], Any] | None = None
        if kind is StateType.SCHEDULED and self.state_details.scheduled_time is None:
            self.state_details.scheduled_time = self.timestamp

    @property
    def timestamp(self) -> datetime:
        """When the state was entered."""
        return clock.to_datetime(self._micros)

    @timestamp.setter
    def timestamp(self, moment: datetime) -> None:
        self._micros = clock.to_micros(moment)

    @property
    def micros(self) -> int:
        """When the state was entered, in microseconds since the epoch."""
        return self._micros

    @property
    def state_details(self) -> StateDetails:
        """Facts that accompany the state."""
        if self._details is None:
            self._details = StateDetails()
        return self._details

    @state_details.setter
    def state_details(self, details: StateDetails) -> None:
        self._details = details

    @property
    def id(self) -> uuid.UUID:
        """The state's own id."""
        if self._id is None:
            self._id = ids.to_uuid(ids.new_id())
        return self._id

    def is_scheduled(self) -> bool:
        return self.type is StateType.SCHEDULED

    def is_pending(self) -> bool:
        return self.type is StateType.PENDING

    def is_running(self) -> bool:
        return self.type is StateType.RUNNING

    def is_completed(self) -> bool:
        return self.type is StateType.COMPLETED

    def is_failed(self) -> bool:
        return self.type is StateType.FAILED

    def is_crashed(self) -> bool:
        return self.type is StateType.CRASHED

    def is_cancelled(self) -> bool:
        return self.type is StateType.CANCELLED

    def is_cancelling(self) -> bool:
        return self.type is StateType.CANCELLING

    def is_paused(self) -> bool:
        return self.type is StateType.PAUSED

    def is_final(self) -> bool:
        return self.type in TERMINAL_STATES

    def result(self, raise_on_failure: bool = True, retry_result_failure: bool = True) -> Any:
        """The value of a completed run.

        Parameters:
            raise_on_failure: Raise the exception of a failed run; else return it.
            retry_result_failure: Accepted for compatibility; a kept result is read once.

        Returns:
            The value, or the exception. Inside async runs an awaitable of it.

        Raises:
            UnfinishedRun: The run has not ended.
            PausedRun: The run is paused.
            BaseException: What the run raised, when it failed.
        """
        if _in_async_run():
            return self.aresult(raise_on_failure, retry_result_failure)
        return state_result(self, raise_on_failure)

    async def aresult(
        self, raise_on_failure: bool = True, retry_result_failure: bool = True
    ) -> Any:
        """The same as `result`, always awaited."""
        return state_result(self, raise_on_failure)

    def copy(self, *, update: Mapping[str, Any] | None = None) -> State[R]:
        """A copy of the same id and time, with the fields of `update` changed."""
        return self._copy({"timestamp": self.timestamp}, update)

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> State[R]:
        """A copy of the same id entered now, with the fields of `update` changed.

        Parameters:
            update: Field -> new value.
            deep: Copy details and data as well.
        """
        copied = self._copy({}, update)
        if deep:
            import copy  # noqa: PLC0415 - hardly any program asks for it

            copied._details = copy.deepcopy(copied._details)
            copied.data = copy.deepcopy(copied.data)
        return copied

    def fresh_copy(self, **kwargs: Any) -> State[R]:
        """A copy with a new id, entered now; takes what `model_copy` takes."""
        update = {**(kwargs.pop("update", None) or {}), "id": ids.to_uuid(ids.new_id())}
        return self.model_copy(update=update, **kwargs)

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """The state's fields by name; with mode `json` only what JSON can say."""
        return state_fields.dump(self, mode == "json", include, exclude, exclude_none)

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        exclude_none: bool = False,
    ) -> str:
        """The state as JSON text, which `model_validate_json` reads."""
        return state_fields.dump_text(
            self, indent, include=include, exclude=exclude, exclude_none=exclude_none
        )

    @classmethod
    def model_validate(cls, obj: Any) -> State[Any]:
        """The state that `model_dump` was given of; a state as it is.

        Raises:
            ValueError: The type is none of `StateType`.
            TypeError: There is no type, or a field that states do not have.
        """
        return obj if isinstance(obj, State) else cls(**state_fields.read(obj))

    @classmethod
    def model_validate_json(cls, json_data: str | bytes) -> State[Any]:
        """The state of a JSON text."""
        return cls(**state_fields.read(json_data))

    def _copy(self, fields: dict[str, Any], update: Mapping[str, Any] | None) -> State[R]:
        copied: State[R] = type(self)(
            **{
                "type": self.type,
                "name": self.name,
                "message": self.message,
                "data": self.data,
                "state_details": self.state_details,
                "id": self.id,
                **fields,
                **(update or {}),
            }
        )
        copied._load = self._load
        return copied

    def __getstate__(self) -> object:
        """For pickle and copy: what travels is the same state, so its id is settled first."""
        self._id = self.id
        return super().__getstate__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        if self is other:
            return True
        return (
            self.type is other.type
            and self.name == other.name
            and self.message == other.message
            and self._micros == other._micros
            and self._load is other._load
            and self.state_details == other.state_details
            and _same(self.data, other.data)
        )

    def __hash__(self) -> int:
        details = self.state_details
        return hash((details.flow_run_id, details.task_run_id, self._micros, self.type))

    def __repr__(self) -> str:
        shown = f"message={self.message!r}, type={self.type.value}, result={self.data!r}"
        return f"{self.name}({shown})"

    def __str__(self) -> str:
        shown = [repr(self.message)] if self.message else []
        if self.type.value.lower() != self.name.lower():
            shown.append(f"type={self.type.value}")
        return f"{self.name}({', '.join(shown)})"


def _same(one: Any, other: Any) -> bool:
    """Equality that a frame or array, which answers element by element, cannot upset."""
    if one is other:
        return True
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - the user's own __eq__ may raise anything
        return False


def _never() -> bool:
    return False


_in_async_run: Callable[[], bool] = _never


def set_async_probe(probe: Callable[[], bool]) -> None:
    """Say how to find out whether the caller stands in async code (core knows no event loop)."""
    global _in_async_run
    _in_async_run = probe


def is_state_iterable(obj: object) -> bool:
    """Whether `obj` is a non-empty list, tuple or set of nothing but states."""
    if isinstance(obj, list | tuple | set) and obj and not isinstance(obj, BaseAnnotation):
        return all(isinstance(item, State) for item in obj)
    return False


def state_result(state: State[Any], raise_on_failure: bool = True) -> Any:
    """See `State.result`."""
    if state.is_paused():
        raise errors.PausedRun("Run is paused, its result is not available.", state=state)
    if not state.is_final():
        raise errors.UnfinishedRun(
            f"Run is in {state.type.value} state, its result is not available."
        )
    if not state.is_completed():
        if raise_on_failure:
            raise get_state_exception(state)
        data = _data_of(state)
        return get_state_exception(state) if data is None else data
    data = _data_of(state)
    if data is None and not _belongs_to_a_run(state):
        raise errors.MissingResult(
            "State data is missing: the state was made by hand, or its result was not kept."
        )
    return data


def _data_of(state: State[Any]) -> Any:
    return state.data if state._load is None else state._load()


def _belongs_to_a_run(state: State[Any]) -> bool:
    details = state._details
    return details is not None and bool(details.task_run_id or details.flow_run_id)


_WRAPPERS: dict[StateType, tuple[type[errors.NoriaException], str]] = {
    StateType.FAILED: (errors.FailedRun, "Run failed."),
    StateType.CRASHED: (errors.CrashedRun, "Run crashed."),
    StateType.CANCELLED: (errors.CancelledRun, "Run cancelled."),
}


def get_state_exception(state: State[Any]) -> BaseException:
    """The exception of a failed, crashed or cancelled state; of the first such inside it."""
    if state.type not in _WRAPPERS:
        raise ValueError(f"Expected failed or crashed state got {state!r}.")
    wrapper, default_message = _WRAPPERS[state.type]
    data = _data_of(state)
    if data is None:
        return wrapper(state.message or default_message)
    if isinstance(data, BaseException):
        return data
    if isinstance(data, str):
        return wrapper(data)
    if isinstance(data, State):
        return get_state_exception(data)
    if is_state_iterable(data):
        for inner in data:
            if inner.type in _WRAPPERS:
                return get_state_exception(inner)
        raise ValueError("Failed state result was an iterable of states but none were failed.")
    raise TypeError(
        f"Unexpected result for failed state: {data!r} —— "
        f"{type(data).__name__} cannot be resolved into an exception"
    )
