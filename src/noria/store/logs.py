"""Log lines in the store."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from noria.core.records import LogRow
from noria.store.database import Connection
from noria.store.statements import Sql, Statements

LOG = Statements("log")


def flatten(rows: Iterable[LogRow]) -> list[Any]:
    """The columns of all rows, one after another."""
    return list(chain.from_iterable(rows))


def select(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[tuple[int, LogRow]]:
    """The lines that a statement returns, each with its position."""
    return [(position, LogRow._make(line)) for position, *line in connection.execute(sql, facts)]
