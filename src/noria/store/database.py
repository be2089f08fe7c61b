"""What the functions of this package work on: a connection of some dialect, and the store it is of.

Two packages implement it, `noria.store.sqlite` and `noria.store.postgres`. The functions of the
nouns hand named statements to a connection and are the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from noria.core.errors import StoreError
from noria.store.statements import Dialect, Sql

Facts = Mapping[str, Any]
"""The parameters of a statement by name."""


class Conflict(StoreError):
    """Another transaction was in the way, and nothing was written: the same may be tried again."""


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

    def stream(self, statement: Sql, facts: Facts = ..., /) -> Iterator[Any]:
        """The rows of a statement, however many, in bounded memory."""

    def write_rows(self, statement: Sql, columns: list[Any], /) -> None:
        """Run a statement whose `{rows}` stands for many rows, the columns of which stand one
        after another in `columns`."""


class Database(Protocol):
    """An open store."""

    location: str
    """Where it is, for people: a path, or a URL without its password."""

    def write(
        self, alone: bool = True, patient: bool = True, news: bool = True
    ) -> AbstractContextManager[Connection]:
        """A transaction that writes; an exception undoes it.

        Parameters:
            alone: No other one runs beside it: what it reads cannot change before it ends. Without,
                others that say so too may run at the same time, where the store can do that.
            patient: Wait for a store that is away for a while. Without, the caller keeps what it
                has to write, and tries again by itself.
            news: Other processes are to notice.
        """

    def read(self, patient: bool = True) -> AbstractContextManager[Connection]:
        """A connection for reading; fetch what a statement returns before leaving the block."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """A connection that sees the store as it is now, whatever others write meanwhile."""

    def compact(self) -> None:
        """Give unused space back to the disk."""

    def shrink(self) -> bool:
        """Give a little unused space back to the disk, in a short transaction. Returns whether
        there is more."""

    def change_counter(self) -> int:
        """A number that changes when another process has written."""

    def wait_for_change(self, counter: int, seconds: float) -> int:
        """Wait until the change counter is no longer `counter`, so many seconds at most; returns
        the counter. Who reads it first, looks, and then waits misses nothing."""

    def size(self) -> int:
        """Bytes on disk."""

    def close(self) -> None:
        """Close all connections; closing twice is harmless."""
