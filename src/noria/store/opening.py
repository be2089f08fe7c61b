"""Opening the store that a location names."""

from __future__ import annotations

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
