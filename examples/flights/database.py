"""Loading into SQLite. Every load replaces what an earlier one left, so it may be repeated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

SCHEMA = Path(__file__).with_name("schema.sql")

#: The columns that are loaded, in the order of the schema.
COLUMNS: dict[str, list[str]] = {
    "airlines": ["carrier", "name"],
    "airports": ["faa", "name", "lat", "lon", "tzone"],
    "planes": ["tailnum", "year", "maker", "model", "seats"],
    "flights": [
        *("month", "day", "carrier", "flight", "origin", "dest", "tailnum", "scheduled_hour"),
        *("departure_delay", "arrival_delay", "air_time", "distance", "cancelled"),
        *("weather", "temp", "wind_speed", "plane_year", "seats", "airline", "destination"),
    ],
    "delays": [
        *("month", "dimension", "key", "flights", "cancelled", "arrived", "late", "delay_minutes"),
    ],
    "carrier_intervals": ["month", "carrier", "arrived", "mean", "low", "high"],
    "rejects": ["source", "month", "reason", "content"],
    "unmatched": ["month", "source", "flights"],
}

#: How long a load waits for another one to end.
PATIENCE_SECONDS = 60.0


def prepare(database: Path) -> None:
    """Make the tables that are not there yet.

    Args:
        database: The SQLite file; made if it is missing.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database, timeout=PATIENCE_SECONDS)) as connection:
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))


@contextmanager
def transaction(database: Path) -> Iterator[sqlite3.Connection]:
    """Open the database for one write that happens wholly or not at all.

    Args:
        database: The SQLite file.

    Returns:
        A context with the connection; its end commits, an exception undoes.
    """
    with closing(
        sqlite3.connect(database, timeout=PATIENCE_SECONDS, isolation_level=None)
    ) as connection:
        # Taking the lock at once: a read that turns into a write could not wait for its turn.
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def insert(connection: sqlite3.Connection, table: str, frame: pd.DataFrame) -> int:
    """Insert rows into one of the tables of `COLUMNS`.

    Args:
        connection: An open transaction.
        table: Name of the table.
        frame: The rows; columns that the table does not have are left out.

    Returns:
        Number of rows inserted.
    """
    columns = COLUMNS[table]
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
    values = [frame[column].astype(object) for column in columns]
    rows = zip(*(column.where(column.notna(), None) for column in values), strict=True)
    connection.executemany(statement, rows)
    return len(frame)


def replace_table(database: Path, table: str, frame: pd.DataFrame, rejects: pd.DataFrame) -> int:
    """Load a table that has no months, in place of what it held.

    Args:
        database: The SQLite file.
        table: `airlines`, `airports` or `planes`.
        frame: Its rows.
        rejects: Its rows set aside.

    Returns:
        Number of rows loaded, those set aside included.
    """
    with transaction(database) as connection:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        connection.execute("DELETE FROM rejects WHERE source = ?", (table,))
        return insert(connection, table, frame) + insert(connection, "rejects", rejects)


def replace_month(database: Path, month: int, tables: Mapping[str, pd.DataFrame]) -> int:
    """Load one month into several tables, in place of what they held of it.

    Args:
        database: The SQLite file.
        month: 1 to 12.
        tables: The rows by name of table; all of this month.

    Returns:
        Number of rows loaded.
    """
    with transaction(database) as connection:
        loaded = 0
        for table, frame in tables.items():
            connection.execute(f"DELETE FROM {table} WHERE month = ?", (month,))  # noqa: S608 - our own names
            loaded += insert(connection, table, frame.assign(month=month))
        return loaded
