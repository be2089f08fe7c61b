"""Identifiers: UUIDv7, sortable by time, 16 bytes inside and `uuid.UUID` at the edge."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> bytes:
    """A new UUIDv7 as its 16 bytes."""
    return uuid_utils.uuid7().bytes


def to_uuid(raw: bytes) -> uuid.UUID:
    """The `uuid.UUID` of a stored id."""
    return uuid.UUID(bytes=raw)


def to_text(raw: bytes) -> str:
    """The usual dashed spelling of a stored id."""
    return str(uuid.UUID(bytes=raw))


def from_text(text: str) -> bytes:
    """The stored form of a spelled id.

    Raises:
        ValueError: `text` is not a UUID; names it.
    """
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        raise ValueError(f"{text!r} is not an id; expected a UUID of 32 hex digits.") from None
