"""The schema `noria` of a PostgreSQL database: its version, and how it gets this program's."""

from __future__ import annotations

from noria.core.errors import StoreError
from noria.store import migrations
from noria.store.postgres import faults
from noria.store.postgres.connection import CONNECTION, Raw, text_of

FOLDER = migrations.folder("postgres")
LEAST_SERVER = 14


def check(raw: Raw, location: str) -> None:
    """See that the server is one that can keep the store.

    Raises:
        StoreError: It is too old, or keeps text in an encoding that does not know all of it.
    """
    if raw.info.server_version // 10_000 < LEAST_SERVER:
        raise faults.too_old(location, raw.info.server_version // 10_000, LEAST_SERVER)
    found = _value(raw, text_of(CONNECTION.encoding))
    if found != "UTF8":
        raise faults.wrong_encoding(location, str(found))


def version(raw: Raw, location: str) -> int:
    """The version of the schema, 0 when there is none.

    Raises:
        StoreError: The schema is newer than this program, or another program's.
    """
    if not _value(raw, text_of(CONNECTION.has_version)):
        if not _value(raw, text_of(CONNECTION.tables)):
            return 0
        # Another process may have made the store between the two questions.
        if not _value(raw, text_of(CONNECTION.has_version)):
            raise faults.foreign(location)
    found = _value(raw, text_of(CONNECTION.version))
    if not isinstance(found, int):
        raise faults.foreign(location)
    if found > migrations.SCHEMA_VERSION:
        way_out = "or point NORIA_DATABASE_URL at another database"
        raise StoreError(migrations.newer(location, found, way_out))
    return found


def migrate(raw: Raw, location: str, folder: str | None = None, upgrade: bool = False) -> None:
    """Bring the schema to this program's version, in one transaction; others that want to do the
    same wait for it and then find it done.

    Raises:
        StoreError: It has an older version, and is not to be upgraded: a team does that when all
            are ready, since no older program can use the store afterwards.
    """
    found = version(raw, location)
    if found == migrations.SCHEMA_VERSION and folder is None:
        return
    if found and not upgrade:
        raise faults.to_be_upgraded(location, found)
    with raw.transaction():
        raw.execute(text_of(CONNECTION.migrating))
        present = version(raw, location)
        if not _value(raw, text_of(CONNECTION.has_schema)):
            raw.execute(text_of(CONNECTION.create_schema))
        for script in migrations.scripts(folder or FOLDER, present):
            raw.execute(script.encode(), prepare=False)


def _value(raw: Raw, text: str) -> object:
    found = raw.execute(text.encode()).fetchone()
    return None if found is None else found[0]
