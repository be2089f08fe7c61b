"""What an artifact holds, as a terminal shows it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from noria.cli import records
from noria.cli.app import App
from noria.cli.output import Column, Record, dump, table
from noria.cli.text import clean, fit, width
from noria.core.records import ArtifactRow

SHOWN_ROWS = 50
_BAR = 40
_CELL = 12
"""Columns that a cell should have room for, before further ones are left out."""


def render(app: App, row: ArtifactRow) -> Iterator[str]:
    """The lines of an artifact for people."""
    rows = table_rows(row)
    if rows is not None:
        yield from _table(app, rows)
    elif row.kind == "progress":
        yield _progress(app, row)
    elif row.kind == "markdown":
        yield from markdown(app, row.data)
    elif row.format == "json":
        yield from clean(dump(records.parsed(row.data, None), 2), lines=True).splitlines()
    else:
        yield from clean(row.data, lines=True).splitlines()


def table_rows(row: ArtifactRow) -> list[Record] | None:
    """The rows of a table, each by column; None for anything else."""
    if row.kind != "table":
        return None
    data = records.parsed(row.data, None)
    if isinstance(data, Mapping):
        columns = [values if isinstance(values, list) else [values] for values in data.values()]
        return [
            dict(zip(data, cells, strict=True))
            for cells in itertools.zip_longest(*columns, fillvalue=None)
        ]
    if not isinstance(data, list):
        return None
    return [
        cells
        if isinstance(cells, dict)
        else {str(number): cell for number, cell in enumerate(cells, 1)}
        for cells in data
        if isinstance(cells, list | dict)
    ]


def plain_columns(rows: Sequence[Record]) -> list[Column[Record]]:
    """The columns of a table for programs; every row gets all of them."""
    names = _names(rows)
    for cells in rows:
        for name in names:
            cells.setdefault(name, None)
    return [Column(name) for name in names]


def markdown(app: App, text: str) -> Iterator[str]:
    """The lines of a text in markdown."""
    # Only what is markdown needs them.
    from rich.console import Console  # noqa: PLC0415
    from rich.markdown import Markdown  # noqa: PLC0415

    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=app.columns,
        force_terminal=app.paint("x", "bold") != "x",
        color_system="standard",
        legacy_windows=False,
    )
    # Links as text: what a link hides is not to be followed unseen.
    console.print(Markdown(clean(text, lines=True), hyperlinks=False))
    yield from (line.rstrip() for line in buffer.getvalue().splitlines())


def _table(app: App, rows: Sequence[Record]) -> Iterator[str]:
    names = _names(rows)
    room = max(app.columns // (_CELL + 2), 1)
    shown = rows[:SHOWN_ROWS]
    columns = [_column(name, shown) for name in names]
    if _wide(columns, shown) > app.columns:
        columns = columns[:room]
    yield from table(shown, columns, app.columns, app.paint)
    left_out = []
    if len(rows) > len(shown):
        left_out.append(f"{len(rows) - len(shown):,} more rows")
    if len(names) > len(columns):
        left_out.append(f"{len(names) - len(columns):,} more columns")
    if left_out:
        yield app.paint(f"… {' and '.join(left_out)}; -o csv has all", "dim")


def _wide(columns: Sequence[Column[Record]], rows: Sequence[Record]) -> int:
    """How wide a table is with every cell cut to a readable least."""
    total = 0
    for column in columns:
        cells = [column.title, *(column.show(row) for row in rows if column.show)]
        total += min(max(map(width, cells)), _CELL) + 2
    return total - 2


def _names(rows: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(name for cells in rows for name in cells))


def _column(name: str, rows: Sequence[Record]) -> Column[Record]:
    values = [cells.get(name) for cells in rows]
    known = [value for value in values if value is not None]
    numbers = bool(known) and all(_is_number(value) for value in known)
    return Column(
        name,
        fit(clean(name), _BAR),
        lambda cells: _text(cells.get(name)),
        right=numbers,
        shrinks=True,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dump(value)


def _progress(app: App, row: ArtifactRow) -> str:
    percent = records.parsed(row.data, 0)
    done = round(_BAR * min(max(float(percent), 0), 100) / 100)
    bar = app.paint("━" * done, "ok") + app.paint("┅" * (_BAR - done), "dim")
    return f"{bar}  {float(percent):g}%"
