"""A connection to a SQLite file that understands named statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from noria.store.sqlite.bulk import chunked
from noria.store.statements import Dialect, Sql

MEMORY = ":memory:"
"""The path of a database of no file."""


class SqliteConnection(sqlite3.Connection):
    """What `noria.store.database.Connection` promises, on SQLite's own connection."""

    dialect: Dialect = "sqlite"

    def execute(self, statement: Sql, facts: Any = (), /) -> sqlite3.Cursor:
        """Run a statement."""
        return super().execute(_text(statement), facts)

    def executemany(self, statement: Sql, facts: Iterable[Any], /) -> sqlite3.Cursor:
        """Run a statement once for each of `facts`."""
        return super().executemany(_text(statement), facts)

    def stream(self, statement: Sql, facts: Any = (), /) -> Iterator[Any]:
        """The rows of a statement; SQLite finds them one by one."""
        return iter(self.execute(statement, facts))

    def write_rows(self, statement: Sql, columns: list[Any], /) -> None:
        """Write the rows whose columns stand one after another in `columns`."""
        width, chunks = chunked(_text(statement))
        position, end = 0, len(columns)
        for size, sql in chunks:
            step = size * width
            while end - position >= step:
                super().execute(sql, columns[position : position + step])
                position += step


def connect(path: str, wait: float) -> SqliteConnection:
    """A new connection.

    Parameters:
        path: Of the file, or `:memory:`.
        wait: Seconds that SQLite itself waits for a lock.
    """
    connection = sqlite3.connect(
        path,
        timeout=wait,
        isolation_level=None,
        check_same_thread=False,
        factory=SqliteConnection,
    )
    # SQLite alone folds the case of ASCII letters only.
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _text(statement: Sql) -> str:
    return statement if isinstance(statement, str) else statement.sql("sqlite")
