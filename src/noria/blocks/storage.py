"""Blocks on their way to the store and back: what is secret of them is sealed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from noria.backend.port import Backend
from noria.core import clock, ids
from noria.core.errors import EncryptionError, RetiredKey
from noria.core.records import BlockRow, SealedField
from noria.core.redaction import redactor
from noria.core.settings import Settings
from noria.values import keys as key_places
from noria.values.encryption import Keys, keys_of, new_key, open_sealed, seal

SECRET = "secret"
"""The type of `noria.blocks.system.Secret`."""
_NAME = re.compile("[a-z0-9-]+")
ATTEMPTS = 20
"""How often a save or a rotation is tried while others are quicker."""


class Contents(NamedTuple):
    """What a block holds, by field."""

    plain: Mapping[str, Any]
    secret: Mapping[str, Any]


class Rotation(NamedTuple):
    """What a rotation has done."""

    values: int
    """How many were encrypted anew."""
    key: str
    """The id of the key that encrypts them now."""
    given_up: tuple[str, ...]
    """The keys that nothing needs any more."""


class BlockStore:
    """Saves and opens blocks.

    Parameters:
        backend: Where they are.
        settings: Say where the keys are.
    """

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self._backend = backend
        self._settings = settings

    def find(self, slug: str, name: str, version: int | None = None) -> BlockRow | None:
        """A block of a type, in its newest version or the one asked for."""
        return self._backend.block(slug, name, version)

    def by_id(self, block: bytes) -> BlockRow | None:
        """A block in its newest version."""
        return self._backend.block_by_id(block)

    def save(self, slug: str, name: str, contents: Contents, overwrite: bool) -> BlockRow | None:
        """Save a block, as a further version if it is there; None when it is there and must not be
        overwritten.

        Raises:
            EncryptionError: There is no key to encrypt its secrets with.
        """
        refused: RetiredKey | None = None
        for _ in range(ATTEMPTS):
            existing = self._backend.block(slug, name)
            if existing is not None and not overwrite:
                return None
            row = self._row(slug, name, existing, contents)
            try:
                if self._backend.save_block(row):
                    return row
            except RetiredKey as error:
                # Somebody has rotated just now; the next look at the keys finds the new one.
                refused = error
        raise refused or EncryptionError(
            f"{slug}/{name} was not saved: others saved it at the same time, {ATTEMPTS} times over."
        )

    def _row(self, slug: str, name: str, existing: BlockRow | None, contents: Contents) -> BlockRow:
        now = clock.now()
        block = ids.new_id() if existing is None else existing.id
        version = 1 if existing is None else existing.version + 1
        sealed: tuple[SealedField, ...] = ()
        if contents.secret:
            keys = key_places.held_or_made(self._settings, self._backend.sealing_keys())
            sealed = tuple(
                seal(keys, block, version, field, _to_bytes(value))
                for field, value in contents.secret.items()
            )
        created = now if existing is None else existing.created
        plain = json.dumps(contents.plain, ensure_ascii=False)
        return BlockRow(block, slug, name, version, created, now, plain, sealed)

    def open(self, row: BlockRow) -> dict[str, Any]:
        """What a block holds, its secrets opened; they are masked from now on.

        Raises:
            EncryptionError: A secret cannot be opened; says why.
        """
        values: dict[str, Any] = json.loads(row.data)
        if not row.sealed:
            return values
        keys = key_places.held(self._settings)
        name = f"{row.slug}/{row.name}"
        for field in row.sealed:
            value = json.loads(open_sealed(keys, field, name).decode("utf-8", "surrogatepass"))
            redactor.add(value)
            values[field.field] = value
        return values

    def rotate(self) -> Rotation:
        """Encrypt everything with another key, in one transaction: with a new one where Noria
        keeps the key, with the first of NORIA_ENCRYPTION_KEY where that is set.

        Raises:
            EncryptionError: A secret cannot be opened, or there is no other key.
        """
        place = key_places.place_of(self._settings)
        if place.fixed:
            return self._reseal(keys_of(place.read(), place.origin), fixed=True)
        with key_places.locked(self._settings):
            held = place.read()
            for field in self._backend.sealed_fields():
                self._opened(keys_of(held, place.origin), field)
            # Written before it is used: a crash here leaves keys that open everything.
            held = [new_key(), *held]
            place.write(held)
            done = self._reseal(keys_of(held, place.origin))
            place.write(held[:1])
        return done

    def _reseal(self, keys: Keys, fixed: bool = False) -> Rotation:
        for _ in range(ATTEMPTS):
            before = self._backend.sealed_fields()
            if fixed and before and {field.key for field in before} == {keys.sealing}:
                raise EncryptionError(
                    f"All secrets are encrypted with the first key of {keys.origin} already. Put a "
                    f"new one before it: {keys.origin}=NEW,OLD"
                )
            after = [
                seal(keys, field.block, field.version, field.field, self._opened(keys, field))
                for field in before
            ]
            if self._backend.reseal(before, after):
                given_up = {field.key for field in before} - {field.key for field in after}
                return Rotation(len(after), keys.sealing or "", tuple(sorted(given_up)))
        raise EncryptionError(
            f"Nothing was encrypted anew: others saved secrets meanwhile, {ATTEMPTS} times over."
        )

    def _opened(self, keys: Keys, field: SealedField) -> bytes:
        row = self._backend.block_by_id(field.block)
        name = f"{row.slug}/{row.name}" if row is not None else field.block.hex()
        return open_sealed(keys, field, name)


def checked_name(name: str | None) -> str:
    """The name, when it can be that of a block.

    Raises:
        ValueError: It is missing, or cannot.
    """
    if name is None:
        raise ValueError("A block is saved under a name: call `save` with one.")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be the name of a block; expected lowercase letters a to z, digits "
            "and dashes only."
        )
    return name


def _to_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
