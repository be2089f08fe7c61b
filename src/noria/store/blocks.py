"""Blocks and what of them is encrypted, in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from noria.core.errors import RetiredKey
from noria.core.records import BlockRow, SealedField
from noria.store.database import Connection
from noria.store.statements import Sql, Statements

BLOCK = Statements("block")


def by_name(connection: Connection, slug: str, name: str, version: int | None) -> BlockRow | None:
    """A block of a type by its name, in its newest version or the one asked for."""
    facts = {"slug": slug, "name": name, "version": version}
    return _one(connection, BLOCK.by_name, facts)


def by_id(connection: Connection, block: bytes, version: int | None) -> BlockRow | None:
    """A block by its id, in its newest version or the one asked for."""
    return _one(connection, BLOCK.by_id, {"id": block, "version": version})


def page(
    connection: Connection, slug: str | None, after: tuple[str, str] | None, limit: int
) -> list[BlockRow]:
    """Blocks by type and name."""
    after_slug, after_name = after or (None, None)
    facts = {"slug": slug, "after_slug": after_slug, "after_name": after_name, "limit": limit}
    return _many(connection, BLOCK.page, facts)


def versions(connection: Connection, block: bytes) -> list[BlockRow]:
    """All versions of a block, the oldest first."""
    return _many(connection, BLOCK.versions, {"id": block})


def save(connection: Connection, row: BlockRow) -> bool:
    """Save a version; False when another was saved under its number or its name.

    Raises:
        RetiredKey: A field is sealed with a key that was given up.
    """
    for field in row.sealed:
        if connection.execute(BLOCK.is_retired, {"key": field.key}).fetchone()[0]:
            raise RetiredKey(field.key)
    facts = row._asdict()
    del facts["sealed"]
    first = row.version == 1
    if not connection.execute(BLOCK.create if first else BLOCK.advance, facts).rowcount:
        return False
    connection.execute(BLOCK.add_version, facts)
    connection.executemany(BLOCK.add_sealed, [field._asdict() for field in row.sealed])
    return True


def delete(connection: Connection, block: bytes) -> bool:
    """Delete a block with all its versions; False when there is none."""
    for statement in (BLOCK.delete_sealed, BLOCK.delete_versions):
        connection.execute(statement, {"id": block})
    return connection.execute(BLOCK.delete, {"id": block}).rowcount > 0


def all_sealed(connection: Connection) -> list[SealedField]:
    """Everything that is encrypted."""
    return [SealedField._make(found) for found in connection.execute(BLOCK.all_sealed)]


def keys(connection: Connection) -> list[str]:
    """The ids of the keys that are in use."""
    return [key for (key,) in connection.execute(BLOCK.keys)]


def reseal(
    connection: Connection, before: Sequence[SealedField], after: Iterable[SealedField]
) -> bool:
    """Put other boxes in place of all that there are, and retire the keys that nothing needs any
    more; False when `before` is not what there is."""
    if all_sealed(connection) != list(before):
        return False
    fields = list(after)
    connection.executemany(BLOCK.reseal, [field._asdict() for field in fields])
    used = {field.key for field in fields}
    for key in {field.key for field in before} - used:
        connection.execute(BLOCK.retire, {"key": key})
    for key in used:
        connection.execute(BLOCK.take_back, {"key": key})
    return True


def _one(connection: Connection, sql: Sql, facts: dict[str, Any]) -> BlockRow | None:
    found = _many(connection, sql, facts)
    return found[0] if found else None


def _many(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[BlockRow]:
    rows = [BlockRow(*found) for found in connection.execute(sql, facts).fetchall()]
    return [row._replace(sealed=_sealed(connection, row)) for row in rows]


def _sealed(connection: Connection, row: BlockRow) -> tuple[SealedField, ...]:
    facts = {"id": row.id, "version": row.version}
    return tuple(SealedField._make(found) for found in connection.execute(BLOCK.sealed, facts))
