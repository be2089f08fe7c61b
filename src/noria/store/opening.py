"""Opening the store that a location names."""

from __future__ import annotations

from typing import NamedTuple

from noria.core.errors import StoreError
from noria.core.settings import POSTGRES
from noria.store.database import Database
from noria.store.migrations import SCHEMA_VERSION


def open_database(location: str, upgrade: bool = False) -> Database:
    """Open the store at a location.

    Parameters:
        location: Absolute path of a SQLite file, created with its folder when absent; `:memory:`
            for none; or the URL of a PostgreSQL database.
        upgrade: Whether the schema of an older store on a server may be changed. A file, which one
            person has, always is; a new store is made anyway.

    Raises:
        StoreError: It cannot be the store; the message says why and what to do.
    """
    if location.startswith(POSTGRES):
        return _open_postgres(location, upgrade)
    from noria.store.sqlite.database import SqliteDatabase

    return SqliteDatabase(location)


def copy_database(source: Database, target: Database) -> None:
    """Make a store, which is to be empty, a copy of another.

    Raises:
        StoreError: One of them is not in SQLite.
    """
    from noria.store.sqlite.database import SqliteDatabase

    if not isinstance(source, SqliteDatabase) or not isinstance(target, SqliteDatabase):
        raise StoreError(
            f"Only a store in SQLite can be copied into one, not {source.location} into "
            f"{target.location}."
        )
    source.copy_into(target)


class StoreStatus(NamedTuple):
    """What is known of a store without opening it."""

    location: str
    kind: str
    found: int
    """The version of its schema, 0 when there is none yet."""
    known: int
    """The version that this program needs."""


def status(location: str) -> StoreStatus:
    """Look at the store at a location, and change nothing.

    Raises:
        StoreError: It cannot be reached, or is no store.
    """
    if location.startswith(POSTGRES):
        _check_driver(location)
        from noria.store.postgres.database import status as of_postgres

        return StoreStatus(*of_postgres(location), SCHEMA_VERSION)
    from noria.store.sqlite.database import status as of_sqlite

    return StoreStatus(*of_sqlite(location), SCHEMA_VERSION)


def _open_postgres(url: str, upgrade: bool) -> Database:
    _check_driver(url)
    from noria.store.postgres.database import PostgresDatabase

    return PostgresDatabase(url, upgrade)


def _check_driver(url: str) -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        from noria.store.postgres.location import shown

        raise StoreError(
            f"The store {shown(url)} needs psycopg, the driver for PostgreSQL. It is not installed "
            "here. Install it with Noria: pip install 'noria[postgres]'."
        ) from error
