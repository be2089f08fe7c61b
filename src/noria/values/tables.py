"""Tables that people look at: from frames, dicts and lists to JSON of bounded size."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from noria.core.jsontext import to_json
from noria.values.plain import plain

MOST_ROWS = 10_000
"""Rows that are kept of a table."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes that are kept of a table or text."""

EXPECTED = (
    "expected a list of dicts, a list of lists, a dict of lists, or a pandas or polars DataFrame"
)


class Table(NamedTuple):
    """What is kept of a table."""

    text: str
    """JSON: a list of objects, a list of lists, or an object of lists."""
    rows: int
    """How many rows are in it."""
    total: int
    """How many rows the table has."""
    columns: int

    @property
    def summary(self) -> str:
        """The size in words."""
        rows = f"{self.rows:,}" if self.rows == self.total else f"{self.rows:,} of {self.total:,}"
        row = "row" if self.total == 1 else "rows"
        column = "column" if self.columns == 1 else "columns"
        return f"{rows} {row}, {self.columns:,} {column}"

    @property
    def note(self) -> str | None:
        """A sentence on what was left out; None when all is there."""
        if self.rows == self.total:
            return None
        return (
            f"Only the first {self.rows:,} of {self.total:,} rows are kept: a table artifact holds "
            f"at most {MOST_ROWS:,} rows and {MOST_BYTES // 1024**2} MiB. Write the whole table to "
            "a file and make a link artifact of it."
        )


def check_table(table: Any) -> None:
    """See that something is a table.

    Raises:
        ValueError: It is not; says what was found and where.
    """
    if _is_frame(table):
        return
    if isinstance(table, Mapping):
        for name, column in table.items():
            if not _is_list(column):
                raise ValueError(
                    f"A table that is a dict has a list for each column; column {name!r} is "
                    f"{_kind(column)}. For a single row write [{{...}}]."
                )
        return
    if not _is_list(table):
        raise ValueError(f"This is no table but {_kind(table)}; {EXPECTED}.")
    kinds: dict[str, int] = {}
    for number, row in enumerate(table[:MOST_ROWS]):
        kinds.setdefault(_row_kind(row), number)
    if "" in kinds:
        number = kinds[""]
        raise ValueError(f"Row {number} of the table is {_kind(table[number])}; {EXPECTED}.")
    if len(kinds) > 1:
        raise ValueError(
            f"Some rows of the table are dicts and some are lists (row {kinds['dict']} and row "
            f"{kinds['list']}); {EXPECTED}."
        )


def keep_table(table: Any) -> Table:
    """The JSON of a table, of its first rows if it is large.

    Parameters:
        table: What `check_table` has let through.

    Example:
        >>> keep_table([{"city": "北京", "rows": 3}]).text
        '[{"city": "北京", "rows": 3}]'
    """
    if _is_frame(table):
        return _of_frame(table)
    if isinstance(table, Mapping):
        return _of_columns(table)
    first = table[0] if len(table) else ()
    return _of_rows(table, len(table), len(_cells(first)))


def _of_rows(rows: Iterable[Any], total: int, columns: int) -> Table:
    texts: list[str] = []
    room = MOST_BYTES
    for row in rows:
        text = to_json(plain(_cells(row)))
        room -= len(text.encode("utf-8", "replace")) + 2
        if room < 0 or len(texts) == MOST_ROWS:
            break
        texts.append(text)
    return Table("[" + ", ".join(texts) + "]", len(texts), total, columns)


def _of_columns(table: Mapping[Any, Sequence[Any]]) -> Table:
    total = max(map(len, table.values()), default=0)
    rows = min(total, MOST_ROWS)
    while True:
        text = to_json(plain({name: list(islice(column, rows)) for name, column in table.items()}))
        if len(text.encode("utf-8", "replace")) <= MOST_BYTES or not rows:
            return Table(text, rows, total, len(table))
        rows //= 2


def _of_frame(frame: Any) -> Table:
    if _is_polars(frame):
        frame = frame.to_frame() if type(frame).__name__ == "Series" else frame
        names, columns = frame.columns, [column.to_list() for column in frame.head(MOST_ROWS)]
    else:
        names, columns = _pandas_columns(frame)
    names = _apart(names)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return _of_rows(rows, len(frame) if names else 0, len(names))


def _pandas_columns(frame: Any) -> tuple[list[Any], list[list[Any]]]:
    """Names and values; the index comes first, unless it only counts the rows."""
    head = frame.head(MOST_ROWS)
    head = head if hasattr(head, "columns") else head.to_frame()
    names, columns = [], []
    index = head.index
    if type(index).__name__ != "RangeIndex" or index.name is not None:
        for level in range(index.nlevels):
            name = index.names[level]
            names.append(
                name if name is not None else ("index", f"level_{level}")[index.nlevels > 1]
            )
            columns.append(index.get_level_values(level).tolist())
    for position, name in enumerate(head.columns):
        names.append(name)
        columns.append(head.iloc[:, position].tolist())
    return names, columns


def _apart(names: Sequence[Any]) -> list[Any]:
    """The names, those that come again with a number behind."""
    seen: dict[Any, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1}")
    return found


def _is_frame(table: Any) -> bool:
    return _is_polars(table) or _is_instance(table, "pandas", ("DataFrame", "Series"))


def _is_polars(table: Any) -> bool:
    return _is_instance(table, "polars", ("DataFrame", "Series"))


def _is_instance(value: Any, module: str, names: tuple[str, ...]) -> bool:
    # Who has such a value has loaded the library.
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(
        value, tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or getattr(value, "ndim", 0) >= 1


def _row_kind(row: Any) -> str:
    cells = _cells(row)
    if isinstance(cells, Mapping):
        return "dict"
    return "list" if _is_list(cells) else ""


def _cells(row: Any) -> Any:
    cls: Any = type(row)
    as_dict: Callable[[], Any] | None = getattr(row, "_asdict", None)
    if isinstance(row, tuple) and as_dict is not None:
        return as_dict()
    if hasattr(cls, "model_dump"):
        return row.model_dump()
    if hasattr(cls, "__dataclass_fields__") and not isinstance(row, type):
        return {name: getattr(row, name) for name in cls.__dataclass_fields__}
    return row


def _kind(value: Any) -> str:
    name = type(value).__name__
    if name == "LazyFrame":
        return "a LazyFrame (call .collect() first)"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
