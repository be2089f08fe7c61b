"""Identifiers: UUIDv7, sortable by time, 16 bytes inside and `uuid.UUID` at the edge.

The two libraries behind them are loaded with the first id: a script that only defines flows makes
none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uuid

_make: Callable[[], uuid.UUID] | None = None


def new_id() -> bytes:
    """A new UUIDv7 as its 16 bytes."""
    global _make
    if _make is None:
        import uuid_utils  # noqa: PLC0415 - see the module's docstring

        _make = uuid_utils.uuid7  # type: ignore[assignment]
    return _make().bytes  # type: ignore[misc]


def to_uuid(raw: bytes) -> uuid.UUID:
    """The `uuid.UUID` of a stored id."""
    import uuid  # noqa: PLC0415 - see the module's docstring

    return uuid.UUID(bytes=raw)


def to_text(raw: bytes) -> str:
    """The usual dashed spelling of a stored id."""
    return str(to_uuid(raw))


def parse(text: str) -> uuid.UUID:
    """The id that `text` spells.

    Raises:
        ValueError: `text` is not a UUID; names it.
    """
    import uuid  # noqa: PLC0415 - see the module's docstring

    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an id; expected a UUID of 32 hex digits.") from None


def from_text(text: str) -> bytes:
    """The stored form of a spelled id.

    Raises:
        ValueError: `text` is not a UUID; names it.
    """
    return parse(text).bytes


def named(text: str) -> uuid.UUID:
    """An id that is always the same for the same text."""
    import uuid  # noqa: PLC0415 - see the module's docstring

    return uuid.uuid5(uuid.NAMESPACE_OID, text)
