"""Log lines in the store."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable
from itertools import chain
from typing import Any

from noria.core.records import LogRow
from noria.store.bulk import BulkWrite
from noria.store.statements import Statements

LOG = Statements("log")


def flatten(rows: Iterable[LogRow]) -> list[Any]:
    """The columns of all rows, one after another."""
    return list(chain.from_iterable(rows))


@functools.cache
def bulk() -> BulkWrite:
    """The statement that writes many; made once, so that SQLite finds it compiled."""
    return BulkWrite(LOG.write)


def select(
    connection: sqlite3.Connection, sql: str, facts: dict[str, Any]
) -> list[tuple[int, LogRow]]:
    """The lines that a statement returns, each with its position."""
    return [(position, LogRow._make(line)) for position, *line in connection.execute(sql, facts)]
