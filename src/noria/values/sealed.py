"""Arguments and results that hold a secret, on their way to the store: encrypted as a whole."""

from __future__ import annotations

from noria.core.records import SealedField
from noria.values.encryption import Keys, open_sealed, seal

MARK = b"noria-sealed:"
"""What encrypted bytes begin with; no pickle and no JSON does."""
_KEY_ID = 8


def sealed(keys: Keys, owner: bytes, what: str, content: bytes) -> bytes:
    """Encrypt bytes.

    Parameters:
        keys: At least one.
        owner: What they belong to; they open for the same owner only.
        what: Which part of it they are.
        content: The bytes.
    """
    field = seal(keys, owner, 0, what, content)
    return MARK + field.key.encode() + field.box


def opened(keys: Keys, owner: bytes, what: str, name: str, data: bytes) -> bytes:
    """What was encrypted.

    Parameters:
        keys: The keys to try.
        owner: As it was encrypted for.
        what: As above.
        name: What people call the owner, for messages.
        data: As it was kept.

    Raises:
        EncryptionError: The key is not among them, or the bytes were changed.
    """
    begin = len(MARK)
    key, box = data[begin : begin + _KEY_ID].decode("ascii", "replace"), data[begin + _KEY_ID :]
    return open_sealed(keys, SealedField(owner, 0, what, key, box), name)
