"""The connections and transactions of one SQLite file.

One connection writes, under a lock; readers have connections of their own and never wait for the
writer. A database in memory lives in its only connection, which readers and writer share.

No connection outlives a fork. SQLite keeps a table of its files and locks in the memory of the
process: a child that inherits it takes locks for its own that it does not have, waits for ever for
those that a thread of the parent held, and writes into a log that the parent deletes at its end.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from noria.core import clock
from noria.core.errors import StoreError
from noria.store import forks, migrations
from noria.store.sqlite import faults, schema
from noria.store.sqlite.connection import MEMORY, SqliteConnection, connect
from noria.store.sqlite.schema import CONNECTION
from noria.store.statements import Statement, Statements

T = TypeVar("T")

TRANSFER = Statements("transfer")

# SQLite waits for a lock with ever longer sleeps, in C, where Ctrl-C cannot reach: among several
# busy writers one would starve. So it waits briefly and we try again, for about a minute in all.
WRITE_WAIT_SECONDS = 0.01
WRITE_ATTEMPTS = 4000
PAUSE_SECONDS = 0.005
READ_WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.02

INCREMENTAL = 2
"""How SQLite calls files whose unused pages can be given back one by one."""
SPARE_PAGES = 256
"""So many unused pages stay for what is written next; they are 1 MiB."""
SHRINK_PAGES = 256
"""So many are given back in one transaction: some milliseconds."""
LONG_LOG = 16 * 1024 * 1024
"""Bytes of a write-ahead log that is better emptied."""

FORK_WAIT_SECONDS = 5.0
"""How long a fork waits for transactions of other threads to end."""

# What could not be closed before a fork may neither be used nor closed in the child.
_inherited: list[object] = []


class SqliteDatabase:
    """An open store file; see `noria.store.database` for what each method does.

    Parameters:
        path: Absolute path of the file, created with its folder when absent; `:memory:` for none.

    Raises:
        StoreError: The file cannot be the store; the message says why and what to do.
    """

    def __init__(self, path: str) -> None:
        self.location = self.path = path
        self.in_memory = path == MEMORY
        self._closed = False
        if not self.in_memory:
            _make_folder(path)
        self._lost = False
        self._start()
        forks.watch(self)
        try:
            with self._lock, self._explained():
                self._migrate()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._writer: SqliteConnection | None = None
        self._rest = threading.Condition()
        self._idle: list[SqliteConnection] = []
        self._reading = 0

    @contextmanager
    def write(
        self, alone: bool = True, patient: bool = True, news: bool = True
    ) -> Iterator[SqliteConnection]:
        """A transaction that holds the write lock: SQLite knows no other."""
        with self._explained():
            # Between two attempts nothing is held: a fork need not wait for another process.
            connection = persist(self._begin)
            try:
                yield connection
                connection.commit()
            except BaseException:
                # SQLite has already rolled back by itself after a full disk or an I/O error.
                if connection.in_transaction:
                    connection.rollback()
                raise
            finally:
                self._lock.release()

    def _begin(self) -> SqliteConnection:
        """Begin a transaction; the lock is held on return."""
        self._lock.acquire()
        try:
            connection = self._the_writer()
            connection.execute(CONNECTION.begin)
        except BaseException:
            self._lock.release()
            raise
        return connection

    @contextmanager
    def read(self, patient: bool = True) -> Iterator[SqliteConnection]:
        """A connection for reading; fetch what a statement returns before leaving the block."""
        if self.in_memory:
            with self._exclusive() as connection:
                yield connection
            return
        with self._explained():
            connection = self._take_reader()
            try:
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def snapshot(self) -> Iterator[SqliteConnection]:
        """A connection that sees the store as it is now."""
        with self.read() as connection:
            connection.execute(TRANSFER.snapshot)
            try:
                yield connection
            finally:
                connection.rollback()

    def compact(self) -> None:
        """Rebuild the file without its unused pages and empty the write-ahead log."""
        with self._exclusive() as connection:
            self._patiently(connection, CONNECTION.checkpoint)
            self._patiently(connection, CONNECTION.auto_vacuum)
            self._patiently(connection, CONNECTION.vacuum)
            self._patiently(connection, CONNECTION.checkpoint)

    def shrink(self) -> bool:
        """Give a little unused space back to the disk."""
        with self.read() as connection:
            if self.in_memory or self._spare(connection) <= 0:
                return False
        with self.write() as connection:
            spare = self._spare(connection)
            # Python takes one step of this statement, which is one page, whatever number it bears.
            for _ in range(min(spare, SHRINK_PAGES)):
                connection.execute(CONNECTION.shrink)
            more = spare > SHRINK_PAGES
        # The file itself is cut when the log is moved into it.
        self._empty_log(0 if not more else LONG_LOG)
        return more

    @staticmethod
    def _spare(connection: SqliteConnection) -> int:
        """How many pages may go; some stay for what is written next."""
        if connection.execute(CONNECTION.can_shrink).fetchone()[0] != INCREMENTAL:
            return 0
        unused: int = connection.execute(CONNECTION.unused).fetchone()[0]
        return unused - SPARE_PAGES

    def _empty_log(self, least: int) -> None:
        """Empty a write-ahead log of so many bytes or more, unless somebody reads or writes."""
        log = self.path + "-wal"
        if not os.path.exists(log) or os.path.getsize(log) < least:
            return
        with self._exclusive() as connection:
            # What was moved before needs no lock for it.
            connection.execute(CONNECTION.log_back).fetchall()
            connection.execute(CONNECTION.checkpoint).fetchall()

    def copy_into(self, other: SqliteDatabase) -> None:
        """Put all that is in here in place of what is in another one."""
        with self._exclusive() as source, other._exclusive() as target:
            source.backup(target)

    def change_counter(self) -> int:
        """A number that changes when another process has written to the file."""
        # Asked of the writer: what this process writes itself is no news.
        with self._exclusive() as connection:
            number: int = self._patiently(connection, CONNECTION.data_version)[0][0]
            return number

    def wait_for_change(self, counter: int, seconds: float) -> int:
        """Wait until the change counter is no longer `counter`, so many seconds at most."""
        # SQLite wakes nobody; the question costs some microseconds.
        left = seconds
        while (found := self.change_counter()) == counter and left > 0:
            clock.pause(min(left, LOOK_SECONDS))
            left -= LOOK_SECONDS
        return found

    def size(self) -> int:
        """Bytes on disk, with the write-ahead log; 0 in memory."""
        files = () if self.in_memory else (self.path, self.path + "-wal")
        return sum(os.path.getsize(file) for file in files if os.path.exists(file))

    def close(self) -> None:
        """Close all connections; closing twice is harmless."""
        with self._lock, self._rest:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        """Close the connections that nobody uses just now."""
        idle, self._idle = self._idle, []
        writer, self._writer = self._writer, None
        for connection in idle if writer is None else [*idle, writer]:
            connection.close()

    @contextmanager
    def _exclusive(self) -> Iterator[SqliteConnection]:
        with self._lock, self._explained():
            yield self._the_writer()

    def _the_writer(self) -> SqliteConnection:
        if self._writer is None:
            self._writer = self._connect(WRITE_WAIT_SECONDS)
            self._patiently(self._writer, CONNECTION.synchronous)
            self._patiently(self._writer, CONNECTION.log_limit)
        return self._writer

    def _take_reader(self) -> SqliteConnection:
        with self._rest:
            self._reading += 1
            if self._idle:
                return self._idle.pop()
        try:
            connection = self._connect(READ_WAIT_SECONDS)
            connection.execute(CONNECTION.read_only)
        except BaseException:
            self._give_back(None)
            raise
        return connection

    def _give_back(self, connection: SqliteConnection | None) -> None:
        with self._rest:
            self._reading -= 1
            self._rest.notify_all()
            if connection is None:
                return
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self, wait: float) -> SqliteConnection:
        if self._lost:
            raise StoreError("A store in memory cannot be used in a forked process.")
        if self._closed:
            raise StoreError(f"The store {self.path} was closed; open it again to use it.")
        return connect(self.path, wait)

    def _migrate(self) -> None:
        with self._exclusive() as connection:
            if self.in_memory:
                schema.copy(connection)
                return
            found = persist(lambda: schema.version(connection, self.path))
            if found == migrations.SCHEMA_VERSION:
                return
            # The file remembers the first two from its first page on.
            self._patiently(connection, CONNECTION.auto_vacuum)
            self._patiently(connection, CONNECTION.wal)
        with self.write() as connection:
            schema.apply(connection, self.path)

    def _patiently(self, connection: SqliteConnection, statement: Statement) -> list[Any]:
        return persist(lambda: connection.execute(statement).fetchall())

    def prepare_fork(self) -> None:
        """Let no thread begin anything, and close what is open once it is at rest."""
        self._at_rest = self._lock.acquire(timeout=FORK_WAIT_SECONDS)
        self._rest.acquire()
        readers = self._rest.wait_for(lambda: not self._reading, FORK_WAIT_SECONDS)
        if self._at_rest and readers and not self.in_memory:
            self._let_go()

    def go_on_after_fork(self) -> None:
        """In the parent: the next who needs a connection opens one."""
        self._rest.release()
        if self._at_rest:
            self._lock.release()

    def begin_after_fork(self) -> None:
        """In the child: locks that nobody holds, and connections of its own."""
        _inherited.append((self._writer, self._idle))
        self._lost = self.in_memory
        self._start()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise faults.explain(error, self.path) from error


def persist(action: Callable[[], T]) -> T:
    """Do something again, after a pause, while another process holds the lock it needs."""
    for _ in range(WRITE_ATTEMPTS - 1):
        try:
            return action()
        except sqlite3.OperationalError as error:
            if not faults.is_busy(error):
                raise
        # Not the clock's sleep: other processes do not live by a stepped clock.
        threading.Event().wait(PAUSE_SECONDS)
    return action()


def _make_folder(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
    except OSError as error:
        raise faults.unwritable(path, error.strerror or str(error)) from error


def status(path: str) -> tuple[str, str, int]:
    """Where a store is, on what, and the version of its schema; nothing is changed or made.

    Raises:
        StoreError: The file is no store, or is newer than this program.
    """
    kind = f"SQLite {sqlite3.sqlite_version}"
    if path == MEMORY or not os.path.exists(path):
        return path, kind, 0
    connection = connect(path, READ_WAIT_SECONDS)
    try:
        connection.execute(CONNECTION.read_only)
        return path, kind, schema.version(connection, path)
    except sqlite3.Error as error:
        raise faults.explain(error, path) from error
    finally:
        connection.close()


def backup(path: str, target: str) -> None:
    """Write a copy of a store, as it is now, to a file that is not there yet.

    Raises:
        StoreError: The store cannot be read, or the file not be written.
    """
    source = connect(path, READ_WAIT_SECONDS)
    try:
        with closing(_made(target)) as made:
            source.backup(made)
    except sqlite3.Error as error:
        raise faults.explain(error, path) from error
    finally:
        source.close()


def _made(path: str) -> SqliteConnection:
    try:
        return connect(path, READ_WAIT_SECONDS)
    except sqlite3.Error as error:
        raise faults.explain(error, path) from error
