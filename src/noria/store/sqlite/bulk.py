"""Many rows in few statements: one step of SQLite writes a whole chunk, without holding the GIL.

Only full chunks and single rows exist as statements, so that few are ever compiled.
"""

from __future__ import annotations

import functools

# Measured on 2,000 rows of a task run: beyond 16 rows the cost per row is flat, and compiling a
# statement grows with its rows. 64 keeps the main thread from being interrupted at every row.
CHUNKS = (64, 8, 1)


@functools.cache
def chunked(template: str) -> tuple[int, list[tuple[int, str]]]:
    """The number of columns of a statement with `{rows}`, and its text for each size of chunk;
    made once, so that SQLite finds it compiled."""
    width = template[: template.index(")")].count(",") + 1
    row = "(" + ", ".join("?" * width) + ")"
    return width, [(size, template.replace("{rows}", ", ".join([row] * size))) for size in CHUNKS]
