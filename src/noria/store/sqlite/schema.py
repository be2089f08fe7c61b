"""The schema of a SQLite file: which version it has, and how it gets this program's."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator

from noria.core.errors import StoreError
from noria.store import migrations
from noria.store.sqlite.connection import MEMORY, SqliteConnection, connect
from noria.store.statements import Statements

CONNECTION = Statements("connection")
FOLDER = migrations.folder("sqlite")
APPLICATION_ID = int.from_bytes(b"nori", "big")


def version(connection: SqliteConnection, path: str) -> int:
    """The schema version of the file, 0 when it is empty.

    Raises:
        StoreError: The file belongs to a newer Noria, or not to Noria at all.
    """
    found: int = connection.execute(CONNECTION.version).fetchone()[0]
    if found > migrations.SCHEMA_VERSION:
        raise StoreError(migrations.newer(path, found, "or set NORIA_HOME to another folder"))
    if found == 0 and connection.execute(CONNECTION.tables).fetchone()[0]:
        # Another process may have made the store between the two questions.
        found = connection.execute(CONNECTION.version).fetchone()[0]
        if found == 0:
            raise _foreign(path)
    if found and connection.execute(CONNECTION.application).fetchone()[0] != APPLICATION_ID:
        raise _foreign(path)
    return found


def apply(connection: SqliteConnection, path: str, folder: str | None = None) -> None:
    """Run the migrations that the file lacks, within the caller's transaction."""
    for script in migrations.scripts(folder or FOLDER, version(connection, path)):
        for statement in split(script):
            connection.execute(statement)


def copy(connection: SqliteConnection) -> None:
    """Give an empty database in memory the schema: that of another one is copied, for tests make
    many of them."""
    _made().backup(connection)


@functools.cache
def _made() -> SqliteConnection:
    connection = connect(MEMORY, 0.0)
    apply(connection, MEMORY)
    return connection


def split(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit the transaction it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _foreign(path: str) -> StoreError:
    return StoreError(
        f"{path} is a SQLite database of another program; it was left as it is. Point "
        "NORIA_DATABASE_URL at a file of its own for Noria, or unset it."
    )
