"""Keeping results, so that a resumed run, a cache hit or a reader can have them again."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from noria.core.annotations import NotSet
from noria.core.errors import ConfigurationError, SerializationError, StoreError
from noria.core.records import StoredValue
from noria.core.redaction import redactor
from noria.engine.collections import SCALARS

if TYPE_CHECKING:
    from noria.engine.calls import TaskCall

_SHORT = 4096
_FORMAT = "pickle"
_NONE = StoredValue(_FORMAT, pickle.dumps(None, 5))


def keep_scalar(value: Any) -> StoredValue | None:
    """A small plain value as it stands in the store; None when it takes more than that."""
    if value is None:
        return _NONE
    kind = type(value)
    if kind not in SCALARS or (kind in (str, bytes) and len(value) > _SHORT):
        return None
    if kind is int and value.bit_length() > _SHORT:
        return None
    if redactor.active and kind in (str, bytes) and redactor.found_in(pickle.dumps(value, 5)):
        return None
    return StoredValue(_FORMAT, pickle.dumps(value, 5))


def load_scalar(stored: StoredValue) -> Any:
    """The value of a short inline result; `NotSet` when it takes more than that."""
    if stored is _NONE or stored == _NONE:
        return None
    if stored.format != _FORMAT or stored.inline is None or len(stored.inline) > _SHORT:
        return NotSet
    return pickle.loads(stored.inline)


def check_serializer(given: Any) -> None:
    """Refuse a serializer that there is not, before a run has done its work.

    Raises:
        ValueError: Names it and those there are.
    """
    from noria.values.serializers import resolve_serializer  # noqa: PLC0415 - loads json

    resolve_serializer(given)


def keep(call: TaskCall, value: Any, wanted: bool) -> StoredValue | None:
    """Keep a task's result as its options say.

    Parameters:
        call: The call.
        value: The result.
        wanted: Whether it was asked to be kept: then size is no reason not to.

    Returns:
        Where it is; None when it is not kept, which the run says once.
    """
    task, execution = call.task, call.execution
    session = call.session()
    owners = [task] if execution is None else [task, execution.flow]
    wanted = wanted or any(owner.persist_result for owner in owners)
    limit = None if wanted else session.settings.results_keep_limit
    try:
        stored = session.results.keep(
            value,
            serializer=_first(owner.result_serializer for owner in owners),
            storage=_first(owner.result_storage for owner in owners),
            limit=limit,
            key=_storage_key(call),
        )
    except (SerializationError, StoreError, ConfigurationError) as exc:
        _say(call, f"The result of task {task.name!r} cannot be kept: {exc}", wanted)
        return None
    if stored is None:
        size = f"{(limit or 0) / 1e6:.0f} MB"
        _say(call, f"A result of task {task.name!r} is larger than {size} and is not kept", wanted)
    elif task.persist_result is False and execution is not None:
        execution.transient.append(call.run.raw_id)
    return stored


def _storage_key(call: TaskCall) -> str | None:
    """The name under which the task's results are kept; what a fallback gave is none of them."""
    task = call.task
    if task.result_storage_key is None or call.stand_in is not None:
        return None
    key: str = task.storage_key(call.parameters)
    return key


def _first(options: Iterator[Any]) -> Any:
    """The task's option, else what it inherits."""
    return next((option for option in options if option is not None), None)


def _say(call: TaskCall, what: str, wanted: bool) -> None:
    execution = call.execution
    if execution is None:
        return
    key = f"not kept: {call.task.name}"
    message = f"{what}; after a crash this task would run again."
    if wanted:
        execution.say_once(key, message)
    else:
        execution.say_once(key, f"{message} persist_result=True keeps results of any size.")
