"""Ids that tell records of one person together, and not whose they are."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from noria.core.errors import ConfigurationError
from noria.engine.configuration import settings
from noria.privacy.texts import is_missing, text_of

DIGITS = 32
_LEAST_DIGITS = 16
_MOST_DIGITS = 64


def hash_id(value: Any, key: str | bytes | None = None, *, digits: int = DIGITS) -> Any:
    """An id's keyed digest (HMAC-SHA256): the same for the same id and key, in every process.

    Without the key nobody can find an id by trying all of them. 42, 42.0, "42" and "42.0" are one.

    Parameters:
        value: The id, a text or a number.
        key: The key; by default `NORIA_PRIVACY_KEY`. Keep it as you keep a password: a long one,
            `python -c "import secrets; print(secrets.token_urlsafe(32))"` for instance.
        digits: How many hexadecimal digits to give, 16 to 64.

    Returns:
        The digits; a missing value as it is.

    Raises:
        ConfigurationError: There is no key, or it is empty.
        ValueError: `digits` is out of range.

    Example:
        >>> hash_id("u-1001", "our key", digits=16)
        'ca256a7afeea08ff'
    """
    if is_missing(value):
        return value
    return digest(value, key_of(key), digits)


def key_of(key: str | bytes | None) -> bytes:
    """The key to use: the given one, else the setting.

    Raises:
        ConfigurationError: It is empty.
    """
    given = settings().privacy_key if key is None else key
    found = given.encode("utf-8") if isinstance(given, str) else bytes(given)
    if not found.strip():
        said = "is empty" if key is not None else "is not given, and NORIA_PRIVACY_KEY is not set"
        raise ConfigurationError(
            f"The key of hash_id {said}; without one, ids could be found by trying. Pass "
            "key=..., or set NORIA_PRIVACY_KEY to a long random text and keep it."
        )
    return found


def digest(value: Any, key: bytes, digits: int = DIGITS) -> str:
    """The digest of a value that is there.

    Raises:
        ValueError: `digits` is out of range.
    """
    if not _LEAST_DIGITS <= digits <= _MOST_DIGITS:
        raise ValueError(
            f"digits is {digits}; expected {_LEAST_DIGITS} to {_MOST_DIGITS}: fewer would be "
            "shared by different ids."
        )
    text = text_of(value).encode("utf-8", "surrogatepass")
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:digits]
