"""URLs of PostgreSQL: as people write them, as libpq wants them, and as they may be shown."""

from __future__ import annotations

import re

PREFIX = "postgresql://"
_PASSWORD = re.compile(r"^(postgresql://[^:/@?]*):.*@")
_OPTIONS = re.compile(r"([?&](?:password|sslpassword)=)[^&]*")


def shown(url: str) -> str:
    """The URL without what nobody may see."""
    # Up to the last @: a password that holds one is wrong, and is not shown for it either.
    return _OPTIONS.sub(r"\1***", _PASSWORD.sub(r"\1@", url))


def for_libpq(url: str) -> str:
    """The URL without what only another driver understands."""
    # asyncpg says `ssl` for what all others call `sslmode`.
    return re.sub(r"([?&])ssl=", r"\1sslmode=", url)


def has_loose_signs(url: str) -> bool:
    """Whether a password holds signs that end it: the rest of it would be taken for a host or a
    port, and be quoted as such.

    Example:
        >>> has_loose_signs("postgresql://a:b%40c@h/d"), has_loose_signs("postgresql://a:b@c@h/d")
        (False, True)
    """
    place, _, options = url.removeprefix(PREFIX).partition("?")
    user, at, rest = place.partition("@")
    return "@" in rest or bool(at and "/" in user) or "@" in options.partition("=")[0]
