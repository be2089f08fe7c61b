"""Copying a store into another of whatever dialect: all or nothing, and what arrived is read.

The source is read in one snapshot, the target is written in one transaction. What is compared at
the end is a sum over digests of rows, so that no order is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from noria.core.errors import StoreError
from noria.store.database import Connection, Database
from noria.store.statements import Statement, Statements

TRANSFER = Statements("transfer")
BATCH = 500
_SUM = 2**128
_OF_VISITORS = ("leader", "process", "upkeep", "worker")
"""Whoever looks at a store, or works for it, leaves itself there; that makes no store full."""

Row = tuple[Any, ...]


class Copied(NamedTuple):
    """What became of one table."""

    table: str
    rows: int
    """How many were copied."""
    kept: int
    """How many were left out, because the target had them."""
    checksum: str
    """Over the rows that were copied, found the same at both ends."""


class Table(NamedTuple):
    """A table, without the column by which a store numbers its rows."""

    name: str
    columns: tuple[str, ...]
    key: tuple[int, ...]
    """Which of the columns are the primary key; none when the rows are numbered."""

    def sql(self, connection: Connection, statement: Statement) -> str:
        """A statement on this table."""
        order = ", ".join(self.columns[place] for place in self.key) or "id"
        text = statement.sql(connection.dialect).replace("{columns}", ", ".join(self.columns))
        return text.replace("{table}", self.name).replace("{order}", order)

    def keys(self, connection: Connection) -> str:
        """The statement for the primary keys of all rows."""
        columns = tuple(self.columns[place] for place in self.key)
        return Table(self.name, columns, tuple(range(len(columns)))).sql(connection, TRANSFER.rows)

    def key_of(self, row: Row) -> Row:
        """The primary key of a row."""
        return tuple(row[place] for place in self.key)


class Sum:
    """Counts rows, and adds up their digests."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def take(self, row: Row) -> None:
        """Count a row."""
        digest = hashlib.blake2b(repr(tuple(row)).encode(), digest_size=16).digest()
        self._sum = (self._sum + int.from_bytes(digest, "big")) % _SUM
        self.rows += 1

    @property
    def checksum(self) -> str:
        """The sum so far."""
        return f"{self._sum:032x}"


def copy(
    source: Database,
    target: Database,
    merge: bool = False,
    told: Callable[[str, int], None] = lambda table, rows: None,
) -> list[Copied]:
    """Copy all rows of a store into another.

    Parameters:
        source: Where from; others may write it meanwhile, which is not copied.
        target: Where to.
        merge: Whether there may be rows; they stay, and what they have is left out.
        told: Called now and then with a table and the rows of it so far.

    Raises:
        StoreError: The target has rows and must not, or what arrived is not what was sent; nothing
            was written then.
    """
    with source.snapshot() as old, target.write() as new:
        tables = tables_of(old)
        if missing := {table.name for table in tables} - {table.name for table in tables_of(new)}:
            raise StoreError(f"{target.location} has no tables {', '.join(sorted(missing))}.")
        if not merge:
            _check_empty(target, new, tables)
        present = _Present(new, old)
        done = [(table, *_sent(old, new, table, present, told)) for table in tables]
        for table, total, _ in done:
            _check_arrived(target, new, table, total, present)
        return [Copied(table.name, total.rows, kept, total.checksum) for table, total, kept in done]


def tables_of(connection: Connection) -> list[Table]:
    """The tables of a store."""
    found: dict[str, list[tuple[str, int]]] = {}
    for table, column, place, is_numbered in connection.execute(TRANSFER.columns):
        columns = found.setdefault(table, [])
        if not is_numbered:
            columns.append((column, place))
    return [
        Table(
            name,
            tuple(column for column, _ in columns),
            tuple(place for place, (_, key) in enumerate(columns) if key),
        )
        for name, columns in sorted(found.items())
    ]


def _check_empty(target: Database, connection: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        text = table.sql(connection, TRANSFER.any)
        if table.name not in _OF_VISITORS and connection.execute(text).fetchone()[0]:
            raise StoreError(
                f"The store {target.location} is not empty: table {table.name} has rows. Nothing "
                "was copied. Say --merge to add to what is there; what both have stays as it is."
            )


class _Present:
    """What the target had before anything was copied, and what of the source it stands for."""

    def __init__(self, connection: Connection, source: Connection) -> None:
        self.keys = {
            table.name: set(map(tuple, connection.stream(table.keys(connection))))
            for table in tables_of(connection)
            if table.key
        }
        self.last_line: int = connection.execute(TRANSFER.newest_line).fetchone()[0]
        self.blocks = {tuple(row) for row in connection.execute(TRANSFER.blocks)}
        self.versions: dict[str, int] = dict(connection.execute(TRANSFER.versions).fetchall())
        self.left_out: set[bytes] = set()
        """Blocks whose name another has."""
        own = {(flow, name): key for flow, name, key in connection.execute(TRANSFER.deployments)}
        theirs = source.execute(TRANSFER.deployments).fetchall()
        self.deployments = {
            key: own[flow, name] for flow, name, key in theirs if own.get((flow, name), key) != key
        }
        """Deployments of the source whose name another has, and that one."""
        self.work_keys = {tuple(row) for row in connection.execute(TRANSFER.work_keys)}

    def admits(self, table: Table, row: Row) -> bool:
        """Whether a row is new to the target."""
        if table.key and table.key_of(row) in self.keys[table.name]:
            return False
        named = dict(zip(table.columns, row, strict=True))
        if table.name == "log":
            return (named["flow_run"],) not in self.keys["flow_run"]
        if table.name == "block" and (named["slug"], named["name"]) in self.blocks:
            self.left_out.add(named["id"])
            return False
        of_another = {"deployment": named.get("id"), "schedule": named.get("deployment")}
        if of_another.get(table.name) in self.deployments:
            return False
        return named.get("block") not in self.left_out

    def fitted(self, table: Table, row: Row) -> Row:
        """The row as it has to be beside those that are there: versions of a key count on, and runs
        join those of the deployment that has the name of theirs."""
        named = dict(zip(table.columns, row, strict=True))
        if table.name == "artifact" and named["version"] is not None:
            named["version"] += self.versions.get(named["key"], 0)
        other = self.deployments.get(named.get("deployment", b""))
        if table.name in ("work", "backfill") and other is not None:
            named = self._joined(named, other)
        return tuple(named.values())

    def _joined(self, named: dict[str, Any], other: bytes) -> dict[str, Any]:
        """A row of a deployment as one of another."""
        changed = {**named, "deployment": other}
        if "lane" in named:
            changed["lane"] = named["lane"].replace(named["deployment"].hex(), other.hex(), 1)
        if (other, named.get("key")) in self.work_keys:
            changed["key"] = None
        return changed

    def since(self, connection: Connection, table: Table) -> Iterator[Row]:
        """The rows that have come since."""
        if table.key:
            before = self.keys[table.name]
            rows = connection.stream(table.sql(connection, TRANSFER.rows))
            return (row for row in map(tuple, rows) if table.key_of(row) not in before)
        text = table.sql(connection, TRANSFER.rows_after)
        return map(tuple, connection.stream(text, {"after": self.last_line}))


def _sent(
    old: Connection,
    new: Connection,
    table: Table,
    present: _Present,
    told: Callable[[str, int], None],
) -> tuple[Sum, int]:
    total, kept = Sum(), 0
    put = table.sql(new, TRANSFER.put)
    rows: Iterator[Row] = map(tuple, old.stream(table.sql(old, TRANSFER.rows)))
    while batch := list(islice(rows, BATCH)):
        fresh = [present.fitted(table, row) for row in batch if present.admits(table, row)]
        kept += len(batch) - len(fresh)
        for row in fresh:
            total.take(row)
        new.write_rows(put, list(chain.from_iterable(fresh)))
        told(table.name, total.rows)
    return total, kept


def _check_arrived(
    target: Database, connection: Connection, table: Table, total: Sum, present: _Present
) -> None:
    """Read what arrived, and compare it with what was sent."""
    arrived = Sum()
    for row in present.since(connection, table):
        arrived.take(row)
    if (arrived.rows, arrived.checksum) != (total.rows, total.checksum):
        raise StoreError(
            f"Table {table.name} arrived in {target.location} with {arrived.rows} rows and "
            f"checksum {arrived.checksum}. Sent were {total.rows} with {total.checksum}. Nothing "
            "was copied; the source is as it was."
        )
