"""Opening the store that a location names."""

from __future__ import annotations

from noria.core.errors import StoreError
from noria.store.database import Database
from noria.store.sqlite.database import SqliteDatabase


def open_database(location: str) -> Database:
    """Open the store at a location.

    Parameters:
        location: Absolute path of a SQLite file, created with its folder when absent; `:memory:`
            for none.

    Raises:
        StoreError: It cannot be the store; the message says why and what to do.
    """
    return SqliteDatabase(location)


def copy_database(source: Database, target: Database) -> None:
    """Make a store, which is to be empty, a copy of another.

    Raises:
        StoreError: One of them is not in SQLite.
    """
    if not isinstance(source, SqliteDatabase) or not isinstance(target, SqliteDatabase):
        raise StoreError(
            f"Only a store in SQLite can be copied into one, not {source.location} into "
            f"{target.location}."
        )
    source.copy_into(target)
