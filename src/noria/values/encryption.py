"""Secrets at rest: sealed with AES-GCM, each bound to the place where it stands.

A box opens only with the key that sealed it, only when not a bit of it was changed, and only in the
field of the version of the block that it was made for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from noria.core.errors import EncryptionError
from noria.core.hashing import blake2b
from noria.core.records import SealedField

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
"""The first byte of a box: AES-256-GCM, a random nonce of 12 bytes, the tag at the end."""


class Keys(NamedTuple):
    """The keys that a process holds: the first one seals, all of them open."""

    by_id: Mapping[str, bytes]
    origin: str
    """Where they come from, for messages."""

    @property
    def sealing(self) -> str | None:
        """The id of the key that seals; None when there is none."""
        return next(iter(self.by_id), None)


def keys_of(keys: Iterable[bytes], origin: str) -> Keys:
    """Keys by their ids."""
    return Keys({key_id(key): key for key in keys}, origin)


def new_key() -> bytes:
    """A random key."""
    return os.urandom(KEY_BYTES)


def key_id(key: bytes) -> str:
    """What a key is called; nobody can get from it to the key.

    Example:
        >>> key_id(bytes(32))
        'e9d6bf82'
    """
    return blake2b(key, digest_size=4, person=b"noria-key").hexdigest()


def seal(keys: Keys, block: bytes, version: int, field: str, content: bytes) -> SealedField:
    """Encrypt what a field holds.

    Parameters:
        keys: At least one; the first is used.
        block: The block's id.
        version: Which version of it.
        field: The field's name.
        content: Any bytes.

    Example:
        >>> keys = keys_of([new_key()], "a test")
        >>> open_sealed(keys, seal(keys, b"block", 1, "value", b"hidden"), "secret/x")
        b'hidden'
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = keys.sealing
    assert key is not None
    nonce = os.urandom(_NONCE_BYTES)
    place = _place(block, version, field)
    box = _FORMAT + nonce + AESGCM(keys.by_id[key]).encrypt(nonce, content, place)
    return SealedField(block, version, field, key, box)


def open_sealed(keys: Keys, sealed: SealedField, name: str) -> bytes:
    """What a field holds.

    Parameters:
        keys: The keys to try; the one whose id stands beside the box is used.
        sealed: The field.
        name: What people call the block, for messages.

    Raises:
        EncryptionError: The key is not among them, or the box was changed or moved.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = keys.by_id.get(sealed.key)
    if key is None:
        raise EncryptionError(_missing(keys, sealed, name))
    box = sealed.box
    nonce, text = box[1 : 1 + _NONCE_BYTES], box[1 + _NONCE_BYTES :]
    try:
        if box[:1] != _FORMAT:
            raise InvalidTag
        place = _place(sealed.block, sealed.version, sealed.field)
        return AESGCM(key).decrypt(nonce, text, place)
    except (InvalidTag, ValueError) as error:
        raise EncryptionError(
            f"What is stored of {name}, field {sealed.field!r}, was changed after it had been "
            f"encrypted: key {sealed.key} does not open it. Save it again, or restore the store "
            "from a backup."
        ) from error


def _missing(keys: Keys, sealed: SealedField, name: str) -> str:
    held = f"there is no key in {keys.origin}"
    if keys.by_id:
        held = f"{keys.origin} holds {', '.join(keys.by_id)}"
    return (
        f"{name} is encrypted with key {sealed.key}, and {held}. Set NORIA_ENCRYPTION_KEY to the "
        "key it was saved with, or NORIA_HOME to the folder whose encryption.key it was."
    )


def _place(block: bytes, version: int, field: str) -> bytes:
    return b"\0".join((b"noria", block.hex().encode(), str(version).encode(), field.encode()))
