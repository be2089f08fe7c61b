"""States as dictionaries and JSON text, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from noria.core import ids
from noria.core.jsontext import from_json, to_json

if TYPE_CHECKING:
    from noria.core.states import State, StateDetails

FIELDS = (
    "id",
    "created",
    "updated",
    "type",
    "name",
    "timestamp",
    "message",
    "state_details",
    "data",
)
_NOT_TAKEN = ("created", "updated")
_UUIDS = ("_run_id", "_lease_id", "_parameters_id", "transition_id")
_TIMES = ("_time", "_timeout", "_expiration")


def dump(
    state: State[Any],
    json: bool,
    include: Collection[str] | None,
    exclude: Collection[str] | None,
    exclude_none: bool,
) -> dict[str, Any]:
    """The fields of a state by name.

    Parameters:
        state: The state.
        json: Give only what JSON can say.
        include: Only these fields.
        exclude: Not these fields.
        exclude_none: No fields that are None.
    """
    names = [name for name in FIELDS if include is None or name in include]
    found = {name: getattr(state, name) for name in names if name not in (exclude or ())}
    if "state_details" in found:
        found["state_details"] = _dump_details(state.state_details, json, exclude_none)
    if json:
        found = {name: _plain(value) for name, value in found.items()}
    return _without_none(found) if exclude_none else found


def dump_text(state: State[Any], indent: int | None, **choice: Any) -> str:
    """The fields of a state as JSON text."""
    fields = dump(state, True, **choice)
    if indent is None:
        return to_json(fields)
    import json  # noqa: PLC0415 - hardly any program asks for it

    return json.dumps(fields, indent=indent, ensure_ascii=False)


def read(given: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
    """What `State` takes, from what `dump` or `dump_text` gave."""
    fields: Mapping[str, Any] = given if isinstance(given, Mapping) else from_json(_text(given))
    taken = {name: value for name, value in fields.items() if name not in _NOT_TAKEN}
    details = taken.get("state_details")
    if isinstance(details, Mapping):
        taken["state_details"] = {name: _spelled_out(name, details[name]) for name in details}
    return taken


def _text(given: str | bytes) -> str:
    return given.decode() if isinstance(given, bytes) else given


def _dump_details(details: StateDetails, json: bool, exclude_none: bool) -> dict[str, Any]:
    found = {name: getattr(details, name) for name in details.__slots__}
    if json:
        found = {name: _plain(value) for name, value in found.items()}
    return _without_none(found) if exclude_none else found


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    """What JSON can say of a field, as pydantic says it."""
    if value is None or type(value) in (bool, int, str, dict):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    import pydantic_core  # noqa: PLC0415 - only a state that is dumped needs it

    return pydantic_core.to_jsonable_python(value)


def _spelled_out(name: str, value: Any) -> Any:
    if isinstance(value, str) and name.endswith(_UUIDS):
        return ids.parse(value)
    if isinstance(value, str) and name.endswith(_TIMES):
        return datetime.fromisoformat(value)
    return value
