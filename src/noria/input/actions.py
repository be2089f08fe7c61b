"""The inputs of a flow run by key: JSON values, sent to it, read and deleted."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from noria.core import clock, ids
from noria.core.errors import MissingContextError, ObjectAlreadyExists, ObjectNotFound
from noria.core.jsontext import from_json, to_json
from noria.core.records import RunInputRow
from noria.engine.context import flow_context
from noria.engine.dispatch import async_dispatch, in_thread
from noria.engine.session import open_session

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pydantic

SENDER = "noria.flow-run."
"""Before the id of a flow run that has sent something."""

_KEY = re.compile(r"[\w.-]+")


class FlowRunInput(NamedTuple):
    """Something that a flow run was sent."""

    id: uuid.UUID
    flow_run_id: uuid.UUID
    key: str
    value: str
    """JSON."""
    sender: str | None
    created: datetime

    @property
    def decoded_value(self) -> Any:
        """The value as JSON has it."""
        return from_json(self.value)

    @classmethod
    def from_row(cls, row: RunInputRow) -> FlowRunInput:
        """The value of a stored row."""
        return cls(
            ids.to_uuid(row.id),
            ids.to_uuid(row.flow_run),
            row.key,
            row.value,
            row.sender,
            clock.to_datetime(row.created),
        )


def ensure_flow_run_id(flow_run_id: uuid.UUID | str | None = None) -> uuid.UUID:
    """The id that was given, else that of the flow run around the caller.

    Raises:
        MissingContextError: None was given, and there is no flow run.
    """
    if flow_run_id is not None:
        return ids.parse(flow_run_id) if isinstance(flow_run_id, str) else flow_run_id
    context = flow_context.get()
    if context is None:
        raise MissingContextError(
            "There is no flow run here whose inputs could be meant. Give flow_run_id, or call this "
            "inside a flow."
        )
    return context.flow_run.id


def sender_here() -> str | None:
    """What the flow run around the caller is called as a sender; None outside flows."""
    context = flow_context.get()
    return None if context is None else f"{SENDER}{context.flow_run.id}"


def create(
    key: str,
    value: Any,
    flow_run_id: uuid.UUID | str | None = None,
    sender: str | None = None,
    overwrite: bool = False,
) -> None:
    """Send a JSON value to a flow run; see `create_flow_run_input`."""
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"The key {key!r} of an input may have letters, digits, dashes, dots and underscores "
            "only."
        )
    receiver = ensure_flow_run_id(flow_run_id).bytes
    session = open_session()
    if session.backend.flow_run(receiver) is None:
        # One that has only just begun here may not be on record yet.
        session.journal.flush()
        if session.backend.flow_run(receiver) is None:
            raise ObjectNotFound(help_message=f"There is no flow run {ids.to_text(receiver)}.")
    row = RunInputRow(ids.new_id(), receiver, key, to_json(value), sender, clock.now())
    if not session.backend.send_run_input(row, overwrite):
        raise ObjectAlreadyExists(
            None, f"Flow run {ids.to_text(receiver)} has an input {key!r} already."
        )
    getattr(session, "changed", _nobody)()


def _nobody() -> None:
    """A process that runs tasks for another has nobody who waits."""


async def acreate_flow_run_input(
    key: str,
    value: Any,
    flow_run_id: uuid.UUID | None = None,
    sender: str | None = None,
) -> None:
    """As `create_flow_run_input`, to be awaited."""
    await in_thread(create, key, value, flow_run_id, sender)


@async_dispatch(acreate_flow_run_input)
def create_flow_run_input(
    key: str,
    value: Any,
    flow_run_id: uuid.UUID | None = None,
    sender: str | None = None,
) -> None:
    """Send a JSON value to a flow run.

    Parameters:
        key: Names it within the run: letters, digits, dashes, dots, underscores.
        value: What JSON can say.
        flow_run_id: The run; the one around the caller by default.
        sender: Who sends it.

    Raises:
        ObjectAlreadyExists: The run has something of that key.
        ObjectNotFound: There is no such run.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def remember():
        ...     create_flow_run_input("城市", {"name": "上海"})
        ...     return read_flow_run_input("城市")
        >>> remember()
        {'name': '上海'}
    """
    create(key, value, flow_run_id, sender)


def _create_from_model(
    key: str, model_instance: pydantic.BaseModel, flow_run_id: Any, sender: str | None
) -> None:
    value = model_instance.model_dump(mode="json", by_alias=True)
    create(key, value, flow_run_id, sender or sender_here())


async def acreate_flow_run_input_from_model(
    key: str,
    model_instance: pydantic.BaseModel,
    flow_run_id: uuid.UUID | None = None,
    sender: str | None = None,
) -> None:
    """As `create_flow_run_input_from_model`, to be awaited."""
    await in_thread(_create_from_model, key, model_instance, flow_run_id, sender)


@async_dispatch(acreate_flow_run_input_from_model)
def create_flow_run_input_from_model(
    key: str,
    model_instance: pydantic.BaseModel,
    flow_run_id: uuid.UUID | None = None,
    sender: str | None = None,
) -> None:
    """Send the fields of a pydantic model to a flow run; else as `create_flow_run_input`.

    Parameters:
        key: Names it within the run.
        model_instance: The model.
        flow_run_id: The run; the one around the caller by default.
        sender: Who sends it; the flow run around the caller by default.
    """
    _create_from_model(key, model_instance, flow_run_id, sender)


def filtered(
    key_prefix: str,
    limit: int = 1,
    exclude_keys: Iterable[str] | None = None,
    flow_run_id: uuid.UUID | None = None,
) -> list[FlowRunInput]:
    """See `filter_flow_run_input`."""
    backend = open_session().backend
    receiver, left_out = ensure_flow_run_id(flow_run_id).bytes, set(exclude_keys or ())
    found: list[FlowRunInput] = []
    after = b""
    while len(found) < limit:
        page = backend.run_inputs(receiver, key_prefix, after)
        found += [FlowRunInput.from_row(row) for row in page if row.key not in left_out]
        if not page:
            break
        after = page[-1].id
    return found[:limit]


async def afilter_flow_run_input(
    key_prefix: str,
    limit: int = 1,
    exclude_keys: set[str] | None = None,
    flow_run_id: uuid.UUID | None = None,
) -> list[FlowRunInput]:
    """As `filter_flow_run_input`, to be awaited."""
    return await in_thread(filtered, key_prefix, limit, exclude_keys, flow_run_id)


@async_dispatch(afilter_flow_run_input)
def filter_flow_run_input(
    key_prefix: str,
    limit: int = 1,
    exclude_keys: set[str] | None = None,
    flow_run_id: uuid.UUID | None = None,
) -> list[FlowRunInput]:
    """What a flow run was sent under keys that begin with a text, the oldest first.

    Parameters:
        key_prefix: How the keys begin.
        limit: At most so many.
        exclude_keys: Not these.
        flow_run_id: The run; the one around the caller by default.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def collect():
        ...     for number in range(3):
        ...         create_flow_run_input(f"n-{number}", number)
        ...     return [each.decoded_value for each in filter_flow_run_input("n-", limit=2)]
        >>> collect()
        [0, 1]
    """
    return filtered(key_prefix, limit, exclude_keys, flow_run_id)


def read(key: str, flow_run_id: uuid.UUID | None = None) -> Any:
    """See `read_flow_run_input`."""
    row = open_session().backend.run_input(ensure_flow_run_id(flow_run_id).bytes, key)
    return None if row is None else from_json(row.value)


async def aread_flow_run_input(key: str, flow_run_id: uuid.UUID | None = None) -> Any:
    """As `read_flow_run_input`, to be awaited."""
    return await in_thread(read, key, flow_run_id)


@async_dispatch(aread_flow_run_input)
def read_flow_run_input(key: str, flow_run_id: uuid.UUID | None = None) -> Any:
    """What a flow run was sent under a key; None when there is nothing.

    Parameters:
        key: The key.
        flow_run_id: The run; the one around the caller by default.
    """
    return read(key, flow_run_id)


def _delete(key: str, flow_run_id: uuid.UUID | None) -> None:
    open_session().backend.delete_run_input(ensure_flow_run_id(flow_run_id).bytes, key)


async def adelete_flow_run_input(key: str, flow_run_id: uuid.UUID | None = None) -> None:
    """As `delete_flow_run_input`, to be awaited."""
    await in_thread(_delete, key, flow_run_id)


@async_dispatch(adelete_flow_run_input)
def delete_flow_run_input(key: str, flow_run_id: uuid.UUID | None = None) -> None:
    """Delete what a flow run was sent under a key.

    Parameters:
        key: The key.
        flow_run_id: The run; the one around the caller by default.
    """
    _delete(key, flow_run_id)
