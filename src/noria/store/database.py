"""What the functions of this package work on: a connection of some dialect, and the store it is of.

Two packages implement it, `noria.store.sqlite` and `noria.store.postgres`. The functions of the
nouns hand named statements to a connection and are the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from noria.store.statements import Dialect, Sql, Statement

Facts = Mapping[str, Any]
"""The parameters of a statement by name."""


class Cursor(Protocol):
    """What a statement returned."""

    @property
    def rowcount(self) -> int:
        """How many rows were written."""

    def fetchone(self) -> Any:
        """The next row, None when there is none."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows one by one."""


class Connection(Protocol):
    """A connection within a transaction."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL it speaks; asked by who composes statements, and by nobody else."""

    def execute(self, statement: Sql, facts: Facts = ..., /) -> Cursor:
        """Run a statement."""

    def executemany(self, statement: Sql, facts: Iterable[Facts], /) -> Cursor:
        """Run a statement once for each of `facts`."""

    def write_rows(self, statement: Statement, columns: list[Any], /) -> None:
        """Run a statement whose `{rows}` stands for many rows, the columns of which stand one
        after another in `columns`."""


class Database(Protocol):
    """An open store."""

    location: str
    """Where it is, for people: a path, or a URL without its password."""

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that writes, alone: what it reads cannot change before it ends. An
        exception undoes it."""

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading; fetch what a statement returns before leaving the block."""

    def compact(self) -> None:
        """Give unused space back to the disk."""

    def change_counter(self) -> int:
        """A number that changes when another process has written."""

    def size(self) -> int:
        """Bytes on disk."""

    def close(self) -> None:
        """Close all connections; closing twice is harmless."""
