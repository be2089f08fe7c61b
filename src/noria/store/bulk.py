"""Many rows in few statements: one step of SQLite writes a whole chunk, without holding the GIL.

Only full chunks and single rows exist as statements, so that few are ever compiled.
"""

from __future__ import annotations

import sqlite3
from typing import Any

# Measured on 2,000 rows of a task run: beyond 16 rows the cost per row is flat, and compiling a
# statement grows with its rows. 64 keeps the main thread from being interrupted at every row.
CHUNKS = (64, 8, 1)


class BulkWrite:
    """A statement whose `{rows}` stands for the placeholders of as many rows as are written."""

    def __init__(self, template: str) -> None:
        self.width = template[: template.index(")")].count(",") + 1
        row = "(" + ", ".join("?" * self.width) + ")"
        self._sql = [(size, template.replace("{rows}", ", ".join([row] * size))) for size in CHUNKS]

    def run(self, connection: sqlite3.Connection, values: list[Any]) -> None:
        """Write the rows whose columns stand one after another in `values`."""
        position, end = 0, len(values)
        for size, sql in self._sql:
            step = size * self.width
            while end - position >= step:
                connection.execute(sql, values[position : position + step])
                position += step
