"""Where the keys of secrets are kept: in a setting, in a file of the home, or in the system's
keyring."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from noria.core import ids
from noria.core.errors import EncryptionError
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.values.encryption import KEY_BYTES, Keys, key_id, keys_of, new_key

VARIABLE = "NORIA_ENCRYPTION_KEY"
KEYRING = "keyring"
"""The value of the setting that asks for the system's keyring."""
FILE_NAME = "encryption.key"
_HEADER = (
    "# Opens the secrets of Noria's store: keep it as safe as they are, and apart from them.\n"
)


class KeyPlace(Protocol):
    """Keeps keys, the one that seals first."""

    origin: str
    """What it is called in messages."""
    fixed: bool
    """Whether only people change it."""

    def read(self) -> list[bytes]:
        """The keys; none when there are none yet.

        Raises:
            EncryptionError: They cannot be read, or are no keys.
        """

    def write(self, keys: Sequence[bytes]) -> None:
        """Put keys in place of those that are there."""


class KeySetting:
    """Keys in NORIA_ENCRYPTION_KEY."""

    fixed = True
    origin = VARIABLE

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> list[bytes]:
        """The keys of the setting."""
        return [_decoded(part, self.origin) for part in self._text.split(",") if part.strip()]

    def write(self, keys: Sequence[bytes]) -> None:
        """Only people set a setting."""
        raise EncryptionError(f"{VARIABLE} is set from outside; Noria cannot change it.")


class KeyFile:
    """Keys in a file that only its owner may read, one a line."""

    fixed = False

    def __init__(self, path: str) -> None:
        self.origin = path

    def read(self) -> list[bytes]:
        """The keys of the file."""
        try:
            with open(self.origin, encoding="ascii") as file:
                mode = os.fstat(file.fileno()).st_mode
                lines = [line.strip() for line in file]
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise EncryptionError(f"The keys in {self.origin} cannot be read: {error}.") from error
        if mode & 0o077:
            raise EncryptionError(
                f"{self.origin} can be read by others than its owner, so it is not used. "
                f"Say who may: chmod 600 {self.origin}"
            )
        return [_decoded(line, self.origin) for line in lines if line and line[0] != "#"]

    def write(self, keys: Sequence[bytes]) -> None:
        """Write the file whole: there is the old one or the new one, never half of one."""
        partial = f"{self.origin}.{ids.to_text(ids.new_id())}"
        text = _HEADER + "".join(f"{_encoded(key)}\n" for key in keys)
        try:
            os.makedirs(os.path.dirname(self.origin), mode=0o700, exist_ok=True)
            file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(file, "w", encoding="ascii") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, self.origin)
        except OSError as error:
            with suppress(OSError):
                os.unlink(partial)
            raise EncryptionError(
                f"The keys of secrets cannot be written to {self.origin}: {error.strerror}. "
                f"Make the folder writable, or set {VARIABLE}."
            ) from error


class SystemKeyring:
    """Keys in the keyring of the operating system, one entry for each home."""

    fixed = False

    def __init__(self, home: str) -> None:
        self.origin = f"the keyring entry 'noria' of {home}"
        self._home = home

    def read(self) -> list[bytes]:
        """The keys of the entry."""
        text = self._call("get_password", "noria", self._home)
        return [_decoded(part, self.origin) for part in (text or "").split(",") if part]

    def write(self, keys: Sequence[bytes]) -> None:
        """Put keys into the entry."""
        self._call("set_password", "noria", self._home, ",".join(map(_encoded, keys)))

    def _call(self, name: str, *args: str) -> Any:
        try:
            import keyring
        except ImportError:
            raise EncryptionError(
                f"{VARIABLE} is {KEYRING!r}, and the package keyring is not installed. "
                "Install it: pip install keyring"
            ) from None
        try:
            return getattr(keyring, name)(*args)
        except Exception as error:
            raise EncryptionError(
                f"The system's keyring cannot be used: {error}. Set {VARIABLE} to a key instead."
            ) from error


def place_of(settings: Settings) -> KeyPlace:
    """Where the settings say that the keys are."""
    asked = settings.encryption_key.strip()
    if asked.lower() == KEYRING:
        return SystemKeyring(settings.home_path)
    if asked:
        return KeySetting(asked)
    return KeyFile(os.path.join(settings.home_path, FILE_NAME))


def held(settings: Settings) -> Keys:
    """The keys of this process, to open with.

    Raises:
        EncryptionError: They cannot be read, or are no keys.
    """
    place = place_of(settings)
    return _keys(place.read(), place)


def held_or_made(settings: Settings, in_use: Sequence[str]) -> Keys:
    """The keys of this process, to seal with; made when there are none and nothing is encrypted.

    Parameters:
        in_use: The ids of the keys that the store's secrets are encrypted with.

    Raises:
        EncryptionError: None of the keys in use is there: what was saved now could not be read by
            those who read the others.
    """
    place = place_of(settings)
    keys = place.read()
    if in_use and not set(in_use) & set(map(key_id, keys)):
        raise EncryptionError(
            f"The secrets in the store are encrypted with key {', '.join(in_use)}, which is not in "
            f"{place.origin}. Set {VARIABLE} to it; or, if it is lost, delete them first: "
            "noria secret rm NAME"
        )
    if not keys:
        with locked(settings):
            keys = place.read()
            if not keys:
                keys = [new_key()]
                place.write(keys)
    return _keys(keys, place)


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """A block that only one process of the home is in at a time: it may change the keys."""
    import fcntl  # noqa: PLC0415 - only who makes keys needs it

    os.makedirs(settings.home_path, mode=0o700, exist_ok=True)
    path = os.path.join(settings.home_path, FILE_NAME + ".lock")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _keys(keys: Sequence[bytes], place: KeyPlace) -> Keys:
    for key in keys:
        # A key is a secret like any other.
        redactor.add(_encoded(key))
    return keys_of(keys, place.origin)


def _encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _decoded(text: str, origin: str) -> bytes:
    text = text.strip().replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise EncryptionError(
            f"{origin} holds something that is no key: expected base64 of {KEY_BYTES} bytes, "
            f"found {len(text)} characters that are not. Make one: openssl rand -base64 {KEY_BYTES}"
        )
    return key
