"""Masking: no record leaves the journal with a secret in it that this process knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from noria.core.jsontext import from_json, to_json
from noria.core.records import CacheRow, FlowRunRow, Record
from noria.core.redaction import redactor
from noria.core.states import Name

R = TypeVar("R", bound=Record)

Protect = Callable[[bytes, bytes], bytes | None]
"""Given a flow run's id and its arguments, which hold a secret: what may be written of them."""

# Written by Noria for Noria: no text of the user's gets there, and a word of one must not break it.
_OWN = frozenset({"kind", "format", "entrypoint", "task_key", "version"})
_OWN_KEYS = frozenset({"error", "settings", "upstream", "history"})
_STATE_NAMES = frozenset(value for name, value in vars(Name).items() if not name.startswith("_"))


def masked_all(records: list[Record], protect: Protect) -> list[Record]:
    """The records without secrets; the very list when no secret is known."""
    if not redactor.active:
        return records
    return [masked(record, protect) for record in records]


def masked(record: R, protect: Protect = lambda run, arguments: None) -> R:
    """A record with every secret in its texts masked.

    Parameters:
        record: Any of those that the journal takes.
        protect: What is done with the arguments of a flow run that hold a secret.
    """
    changes: dict[str, Any] = {}
    for field, value in zip(record._fields, record, strict=True):
        if type(value) is str and field not in _OWN:
            text = _masked_text(field, value)
            if text != value:
                changes[field] = text
    if isinstance(record, FlowRunRow) and redactor.found_in(record.arguments or b""):
        changes["arguments"] = protect(record.id, record.arguments or b"")
    if isinstance(record, CacheRow):
        # The key was made safe before it was looked up.
        changes.pop("key", None)
    return record._replace(**changes) if changes else record  # type: ignore[return-value]


def _masked_text(field: str, text: str) -> str:
    if field == "state_name" and text in _STATE_NAMES:
        return text
    plain = redactor.mask(text)
    if plain == text or text[:1] not in ("{", "["):
        return plain
    try:
        tree = from_json(text)
    except ValueError:
        return plain
    # A mask in the place of a number would leave no JSON.
    return to_json(redactor.mask_tree(tree, keys=field not in _OWN_KEYS))
