"""The formats of printed data: a table for people, or one of four for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from noria.cli.app import App
from noria.cli.text import Paint, clean, fit, width

T = TypeVar("T")
Record = dict[str, Any]

_GAP = "  "
_LEAST = 8
"""Columns that a cell keeps, however narrow the terminal."""
_TAB_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Column(NamedTuple, Generic[T]):
    """One column of a listing."""

    key: str
    """Which value of the record it is; for csv and tab-separated output."""
    title: str = ""
    show: Callable[[T], str] | None = None
    """The value as people read it; None for a column that is not for people."""
    style: Callable[[T], str] = lambda _row: ""
    right: bool = False
    shrinks: bool = False
    """Whether it is cut when the terminal is narrow."""


class Listing(NamedTuple, Generic[T]):
    """Rows, and how to say each of them to a program and to a person."""

    rows: Iterable[T]
    record: Callable[[T], Record]
    columns: Sequence[Column[T]]


def emit(app: App, listing: Listing[T]) -> int:
    """Print a listing in the format that was asked for. Returns how many rows it had."""
    if app.for_people:
        rows = list(listing.rows)
        for line in table(rows, listing.columns, app.columns, app.paint):
            app.say(line)
        return len(rows)
    return _WRITERS[app.output](app, listing)


def emit_object(app: App, record: Record) -> None:
    """Print one object as a program reads it; `table` and pipes get `key<TAB>value` lines."""
    if app.output in ("json", "jsonl"):
        app.say(dump(record, indent=2 if app.output == "json" else None))
    elif app.output == "csv":
        app.say(_csv_line(record.keys()))
        app.say(_csv_line(map(plain, record.values())))
    elif app.output == "name":
        app.say(plain(record["id"]))
    else:
        for key, value in record.items():
            app.say(f"{key}\t{plain(value).translate(_TAB_ESCAPES)}")


def dump(value: Any, indent: int | None = None) -> str:
    """JSON, in letters as they are."""
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)


def plain(value: Any) -> str:
    """A value of a record in a cell of csv or tab-separated output."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else dump(value)


def table(
    rows: Sequence[T], columns: Sequence[Column[T]], limit: int, paint: Paint
) -> Iterable[str]:
    """Aligned lines under headings, at most `limit` columns wide where columns may shrink."""
    if not rows:
        return
    columns = [column for column in columns if column.show]
    cells = [[clean(column.show(row)) for column in columns if column.show] for row in rows]
    widths = [
        max(width(column.title), *(width(line[i]) for line in cells))
        for i, column in enumerate(columns)
    ]
    _shrink(widths, columns, limit)
    titles = [column.title for column in columns]
    yield _line(titles, ["dim"] * len(columns), columns, widths, paint)
    for row, line in zip(rows, cells, strict=True):
        styles = [column.style(row) for column in columns]
        yield _line(line, styles, columns, widths, paint)


def _shrink(widths: list[int], columns: Sequence[Column[T]], limit: int) -> None:
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - limit
    able = [i for i, column in enumerate(columns) if column.shrinks]
    # What a row begins with is by what people name it: it is cut when nothing else can be.
    for group in (able[able[:1] == [0] :], able[:1]):
        while excess > 0 and group:
            widest = max(group, key=lambda i: widths[i])
            if widths[widest] <= _LEAST:
                break
            widths[widest] -= 1
            excess -= 1


def _line(
    cells: Sequence[str],
    styles: Sequence[str],
    columns: Sequence[Column[T]],
    widths: Sequence[int],
    paint: Paint,
) -> str:
    parts = []
    for cell, style, column, space in zip(cells, styles, columns, widths, strict=True):
        shown = fit(cell, space) if column.shrinks else cell
        padding = " " * max(space - width(shown), 0)
        painted = paint(shown, style)
        parts.append(padding + painted if column.right else painted + padding)
    return _GAP.join(parts).rstrip()


def _json(app: App, listing: Listing[T]) -> int:
    # One document, but written as the rows come: a listing may be long.
    count = 0
    for row in listing.rows:
        app.say(("[\n" if count == 0 else ",\n") + dump(listing.record(row), 2), end="")
        count += 1
    app.say("\n]" if count else "[]")
    return count


def _jsonl(app: App, listing: Listing[T]) -> int:
    count = 0
    for row in listing.rows:
        app.say(dump(listing.record(row)))
        count += 1
    return count


def _csv(app: App, listing: Listing[T]) -> int:
    keys = [column.key for column in listing.columns]
    app.say(_csv_line(keys))
    count = 0
    for row in listing.rows:
        record = listing.record(row)
        app.say(_csv_line(plain(record[key]) for key in keys))
        count += 1
    return count


def _csv_line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


def _names(app: App, listing: Listing[T]) -> int:
    count = 0
    for row in listing.rows:
        app.say(plain(listing.record(row)["id"]))
        count += 1
    return count


def _tabs(app: App, listing: Listing[T]) -> int:
    count = 0
    for row in listing.rows:
        record = listing.record(row)
        cells = (plain(record[column.key]) for column in listing.columns)
        app.say("\t".join(cell.translate(_TAB_ESCAPES) for cell in cells))
        count += 1
    return count


_WRITERS: dict[str | None, Callable[[App, Listing[Any]], int]] = {
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "name": _names,
    None: _tabs,
}
