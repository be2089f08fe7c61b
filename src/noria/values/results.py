"""Kept results: small ones inline, larger ones as files named by their content.

A file stands at `aa/<32 hex digits>`, the digest of its bytes, so that equal results are one file,
a file is never overwritten with something else, and a damaged one is noticed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container
from typing import Any

from noria.core.errors import ConfigurationError, EncryptionError, MissingResult, StoreError
from noria.core.records import StoredValue
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.values import keys as key_places
from noria.values import sealed
from noria.values.places import TEMPORARY_PREFIX, Folder, Place, place_of
from noria.values.serializers import (
    Serializer,
    bounded_dumps,
    format_of,
    resolve_serializer,
)
from noria.values.walk import digest

_RESULT = "result"
_BY_CONTENT = re.compile(r"(?:.*/)?([0-9a-f]{2})/(\1[0-9a-f]{30})")


class ResultKeeper:
    """Keeps results and reads them back.

    Args:
        settings: Where results go, and up to which size they stand in the store itself.
        durable: Whether a file is on the disk before it is referred to; without, a power cut (not
            a crash of the process) may lose it.
    """

    def __init__(self, settings: Settings, durable: bool = False) -> None:
        self._settings = settings
        self._inline_limit = settings.results_inline_limit
        self._default_serializer = settings.results_default_serializer
        self._durable = durable
        # Only files under the home move with it; a place that was named is referred to in full.
        self._named = settings.results_storage
        self._base = settings.results_path
        self._serializers: dict[str, Serializer[Any]] = {}
        self._default_place: Place | None = None

    def keep(
        self,
        value: object,
        *,
        serializer: str | Serializer[Any] | None = None,
        storage: Any = None,
        limit: int | None = None,
        key: str | None = None,
    ) -> StoredValue | None:
        """Keep a result.

        Args:
            value: The result.
            serializer: Which serializer, by type or as an object; None for the one of the settings.
            storage: A path, URL or file system that the user named; None for the default place.
            limit: Bytes; a larger result is not kept. None for any size.
            key: The name of the file, relative to the storage; None to name it by its content.

        Returns:
            What to store in the result's place, or None when it is larger than `limit`.

        Raises:
            SerializationError: It cannot be serialized; the message names the part at fault.
            StoreError: The file cannot be written; the message says which and why.
            ConfigurationError: There is no such serializer or storage.
        """
        wanted = self._default_serializer if serializer is None else serializer
        chosen = self._serializer(wanted)
        blob = bounded_dumps(value, limit, chosen)
        if blob is None:
            return None
        form = wanted if isinstance(wanted, str) else format_of(chosen)
        if storage is None and key is None and redactor.found_in(blob):
            # Elsewhere the user may have others read the file.
            blob = self._sealed(blob)
        if storage is None and key is None and len(blob) <= self._inline_limit:
            return StoredValue(form, blob, None, len(blob))
        place = self._place(storage if storage is not None else self._base)
        name = _content_name(blob) if key is None else key
        _write(place, name, blob, by_content=key is None)
        in_home = storage is None and not self._named
        reference = name if in_home else place.address(name)
        return StoredValue(form, None, reference, len(blob))

    def load(self, stored: StoredValue) -> Any:
        """The value of a kept result.

        Raises:
            MissingResult: It is gone, damaged, or cannot be read here; the message says which file
                and what to do.
        """
        where, blob = "the store", stored.inline
        if stored.reference is not None:
            where, blob = self._read(stored.reference, stored.size)
        if blob is None:
            raise MissingResult("The result was not kept. Run the task again to have it.")
        if blob.startswith(sealed.MARK):
            blob = self._opened(where, blob)
        try:
            return self._serializer(stored.format).loads(blob)
        except Exception as error:
            raise MissingResult(
                f"The result in {where} cannot be read by the {stored.format!r} serializer: "
                f"{type(error).__name__}: {error}. If its class was renamed or moved, put it back "
                "where it was; else run the task again."
            ) from error

    def _sealed(self, blob: bytes) -> bytes:
        try:
            return sealed.sealed(key_places.held_or_made(self._settings, ()), b"", _RESULT, blob)
        except EncryptionError as error:
            raise StoreError(f"It holds a secret and cannot be encrypted: {error}") from error

    def _opened(self, where: str, blob: bytes) -> bytes:
        try:
            keys = key_places.held(self._settings)
            return sealed.opened(keys, b"", _RESULT, f"The result in {where}", blob)
        except EncryptionError as error:
            raise MissingResult(f"{error} Or run the task again.") from error

    def collect(self, referenced: Container[str], older_than: int) -> tuple[int, int]:
        """Remove the files of the default place that nothing refers to.

        Args:
            referenced: The references that are still in use.
            older_than: Microseconds since the epoch; later files stay, since what refers to them
                may not be written yet. Files that no result is named like stay as well.

        Returns:
            How many files were removed, and their bytes.
        """
        place = self._place(self._base)
        count = freed = 0
        for name, size, modified in place.entries():
            if modified >= older_than or not _is_ours(name):
                continue
            if name in referenced or place.address(name) in referenced:
                continue
            if place.discard(name, older_than):
                count, freed = count + 1, freed + size
        return count, freed

    @property
    def is_near(self) -> bool:
        """Whether the default place is a folder, and answers at once."""
        return isinstance(self._place(self._base), Folder)

    def discard(self, reference: str, older_than: int) -> int | None:
        """Remove the file of a reference that nobody uses, if results of the default place are
        named like that: what users have named, or put elsewhere, is theirs.

        Args:
            reference: As `keep` returned it.
            older_than: Microseconds since the epoch; a later file stays, as for `collect`.

        Returns:
            Its bytes, 0 when there is none to be removed, None when it is younger and stays.

        Raises:
            StoreError: The place does not let it go; the message says which and why.
        """
        place = self._place(self._base)
        name = self._own_name(reference)
        if name is None:
            return 0
        try:
            return place.discard(name, older_than)
        except Exception as error:
            raise StoreError(
                f"The result {place.address(name)} is not needed any more and cannot be removed: "
                f"{error}. Make its folder writable."
            ) from error

    def is_own(self, reference: str) -> bool:
        """Whether a reference is to a file that `discard` would remove."""
        return self._own_name(reference) is not None

    def _own_name(self, reference: str) -> str | None:
        """The name in the default place of what was named by its content."""
        named = _BY_CONTENT.fullmatch(reference.replace(os.sep, "/"))
        if named is None:
            return None
        name = f"{named[1]}/{named[2]}"
        return name if reference in (name, self._place(self._base).address(name)) else None

    def size(self) -> int:
        """The bytes of all files of the default place."""
        return sum(entry.size for entry in self._place(self._base).entries())

    def _read(self, reference: str, size: int) -> tuple[str, bytes]:
        base, name = self._split(reference)
        place = self._place(base)
        where = place.address(name)
        try:
            blob = place.read(name)
        except FileNotFoundError:
            raise MissingResult(
                f"The result was kept in {where}, which is gone. Put the file back, "
                "or run the task again."
            ) from None
        except OSError as error:
            raise MissingResult(
                f"The result was kept in {where}, which cannot be read: {error}. Make it readable, "
                "or run the task again."
            ) from error
        if len(blob) != size or not _is_intact(reference, blob):
            raise MissingResult(
                f"The result was kept in {where}, which is damaged: {size} bytes were written, "
                f"{len(blob)} other ones are there now. Remove the file and run the task again."
            )
        return where, blob

    def _split(self, reference: str) -> tuple[str, str]:
        if "://" in reference or os.path.isabs(reference):
            base, _, name = reference.replace(os.sep, "/").rpartition("/")
            return base or "/", name
        return self._base, reference

    def _serializer(self, given: str | Serializer[Any]) -> Serializer[Any]:
        if not isinstance(given, str):
            return given
        found = self._serializers.get(given)
        if found is None:
            try:
                found = self._serializers[given] = resolve_serializer(given)
            except (TypeError, ValueError) as error:
                raise ConfigurationError(str(error)) from error
        return found

    def _place(self, storage: Any) -> Place:
        if storage != self._base:
            return place_of(storage, self._durable)
        if self._default_place is None:
            self._default_place = place_of(storage, self._durable)
        return self._default_place


def _content_name(blob: bytes) -> str:
    name = digest(blob).hex()
    return f"{name[:2]}/{name}"


def _is_intact(reference: str, blob: bytes) -> bool:
    """Whether bytes are what their name says; a name that a user chose says nothing."""
    named = _BY_CONTENT.fullmatch(reference.replace(os.sep, "/"))
    return named is None or named[2] == digest(blob).hex()


def _is_ours(name: str) -> bool:
    named = _BY_CONTENT.fullmatch(name)
    return named is not None or name.rpartition("/")[2].startswith(TEMPORARY_PREFIX)


def _renew(place: Place, name: str, size: int) -> bool:
    """Make a file that is there as good as new; False when there is none of this size."""
    try:
        if place.size(name) != size:
            return False
        place.touch(name)
    except FileNotFoundError:
        # Somebody has just removed it, as one that nobody needed.
        return False
    return True


def _write(place: Place, name: str, blob: bytes, by_content: bool) -> None:
    try:
        if not (by_content and _renew(place, name, len(blob))):
            place.write(name, blob)
    except ValueError as error:
        raise ConfigurationError(f"A result cannot be kept as {name!r}: {error}") from error
    except Exception as error:
        raise StoreError(
            f"A result of {len(blob)} bytes cannot be written to {place.address(name)}: {error}. "
            "Free some space there or make it writable, or name another place by "
            "NORIA_RESULTS_STORAGE or result_storage."
        ) from error
