"""The connections and transactions of one PostgreSQL database.

Any number of processes on any number of hosts work on it. A transaction that writes takes a lock of
the whole store: alone, for those that decide by what they have read, or together with others like
it, for the batches of journals, which hold whole rows. A connection that was lost is replaced; what
was read is read again, and what was written is in doubt only until the server can be asked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from noria.core import clock, ids
from noria.core.errors import StoreError
from noria.store import forks
from noria.store.database import Connection
from noria.store.postgres import faults, schema
from noria.store.postgres.connection import (
    CONNECTION,
    NumberLoader,
    PostgresConnection,
    Raw,
    TextLoader,
    Types,
    text_of,
)
from noria.store.postgres.location import for_libpq, has_loose_signs, shown
from noria.store.statements import Statements

TRANSFER = Statements("transfer")
CONNECTIONS = 8
"""How many a process uses at most; its threads wait for one another beyond."""
CONNECT_SECONDS = 10
PATIENCE_SECONDS = 60.0
"""How long a server that was there may be away before it is an error."""
PAUSES = (0.05, 0.5)
"""Between attempts to reach it, in the first second and later."""
NOTICE_SECONDS = 0.25
"""How often who waits looks by itself: batches of journals wake nobody."""

# A forked child may neither use nor close the connections it inherits: they stay referenced.
_inherited: list[object] = []


class PostgresDatabase:
    """An open store on a server; see `noria.store.database` for what each method does.

    Parameters:
        url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`.
        upgrade: Whether the schema of an older store may be changed; a new one is made anyway.

    Raises:
        StoreError: The database cannot be the store; the message says why and what to do.
    """

    def __init__(self, url: str, upgrade: bool = False) -> None:
        self.location = shown(url)
        self._url = url
        self._types: Types = {}
        self._closed = False
        self._start()
        forks.watch(self)
        try:
            with self._taken(patient=False) as (raw,), self._explained():
                schema.check(raw, self.location)
                schema.migrate(raw, self.location, upgrade=upgrade)
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        self._id = ids.new_id()
        self._marked = False
        self._lock = threading.Lock()
        self._idle: list[Raw] = []
        self._listening: list[Raw] = []
        self._room = threading.BoundedSemaphore(CONNECTIONS)

    @contextmanager
    def write(
        self, alone: bool = True, patient: bool = True, news: bool = True
    ) -> Iterator[Connection]:
        """A transaction that writes; an exception undoes it."""
        with self._taken(patient) as holder, self._explained():
            number = self._begin(holder, alone, patient)
            connection = PostgresConnection(holder[0], self._types)
            try:
                yield connection
                if news:
                    connection.execute(CONNECTION.mark, {"id": self._id, "mark": number})
                    self._marked = True
                if news and alone:
                    connection.execute(CONNECTION.notify)
            except BaseException:
                self._roll_back(holder[0])
                raise
            self._commit(holder, number)

    @contextmanager
    def read(self, patient: bool = True) -> Iterator[Connection]:
        """A connection for reading; fetch what a statement returns before leaving the block."""
        with self._taken(patient) as holder, self._explained():
            yield PostgresConnection(
                holder[0], self._types, lambda raw: self._revive(holder, patient)
            )

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees the store as it is now."""
        with self._taken(patient=True) as holder, self._explained():
            connection = PostgresConnection(holder[0], self._types)
            connection.execute(TRANSFER.snapshot)
            try:
                yield connection
            finally:
                self._roll_back(holder[0])

    def compact(self) -> None:
        """Let the server reuse what deleted rows took."""
        with self.write() as connection:
            connection.execute(CONNECTION.unmark_all)
        with self.read() as connection:
            for (name,) in connection.execute(CONNECTION.table_names).fetchall():
                text = CONNECTION.vacuum.sql("postgres").replace("{table}", name)
                connection.execute(text)

    def shrink(self) -> bool:
        """Nothing to do: the server looks after its space by itself."""
        return False

    def change_counter(self) -> int:
        """A number that changes when another process has written."""
        with self.read(patient=False) as connection:
            found: int = connection.execute(CONNECTION.marks, {"id": self._id}).fetchone()[0]
            return found

    def wait_for_change(self, counter: int, seconds: float) -> int:
        """Wait until the change counter is no longer `counter`, so many seconds at most."""
        deadline = clock.monotonic() + seconds
        with self._explained(), self._listener() as raw:
            while (found := self.change_counter()) == counter:
                left = deadline - clock.monotonic()
                if left <= 0:
                    break
                for _ in raw.notifies(timeout=min(left, NOTICE_SECONDS), stop_after=1):
                    pass
        return found

    def size(self) -> int:
        """Bytes on the server's disk."""
        with self.read() as connection:
            found: int = connection.execute(CONNECTION.size).fetchone()[0]
            return found

    def close(self) -> None:
        """Close all connections; closing twice is harmless."""
        if self._marked and not self._closed:
            self._marked = False
            with suppress(StoreError), self.read(patient=False) as connection:
                connection.execute(CONNECTION.unmark, {"id": self._id})
        with self._lock:
            self._closed = True
            idle = [*self._idle, *self._listening]
            self._idle, self._listening = [], []
        for raw in idle:
            raw.close()

    @contextmanager
    def _taken(self, patient: bool) -> Iterator[list[Raw]]:
        """A connection for one use, in a list: whoever replaces a lost one puts it there."""
        with self._room:
            holder = [self._take(patient)]
            try:
                yield holder
            finally:
                self._give_back(holder[0])

    def _take(self, patient: bool) -> Raw:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        with self._explained():
            return self._reach(patient)

    def _give_back(self, raw: Raw) -> None:
        if raw.info.transaction_status is psycopg.pq.TransactionStatus.IDLE:
            with self._lock:
                if not self._closed:
                    self._idle.append(raw)
                    return
        raw.close()

    def _connect(self) -> Raw:
        if self._closed:
            raise StoreError(f"The store {self.location} was closed; open it again to use it.")
        return connect(self._url)

    def _begin(self, holder: list[Raw], alone: bool, patient: bool) -> int:
        text = text_of(CONNECTION.begin_alone if alone else CONNECTION.begin_together).encode()
        while True:
            try:
                cursor = holder[0].execute(text, prepare=False)
            except psycopg.OperationalError:
                if not holder[0].closed:
                    self._roll_back(holder[0])
                    raise
                self._revive(holder, patient)
            else:
                cursor.nextset()
                found = cursor.fetchone()
                return 0 if found is None else int(found[0])

    def _roll_back(self, raw: Raw) -> None:
        try:
            raw.execute(text_of(CONNECTION.rollback).encode())
        except psycopg.Error:
            # The server undoes by itself what a lost connection had begun.
            raw.close()

    def _commit(self, holder: list[Raw], number: int) -> None:
        try:
            holder[0].execute(text_of(CONNECTION.commit).encode())
        except psycopg.OperationalError:
            # Nobody has told whether it was still committed; the server knows.
            if not self._was_committed(holder, number):
                raise

    def _was_committed(self, holder: list[Raw], number: int) -> bool:
        while True:
            self._revive(holder)
            connection = PostgresConnection(holder[0], self._types)
            with suppress(psycopg.OperationalError):
                ((fate,),) = connection.execute(CONNECTION.fate, {"number": number}).fetchall()
                if fate != "in progress":
                    return bool(fate == "committed")
                clock.pause(PAUSES[0])

    def _revive(self, holder: list[Raw], patient: bool = True) -> Raw:
        """Put another connection in the place of a lost one."""
        holder[0].close()
        with self._lock:
            # Those that idle were lost with it.
            idle, self._idle = self._idle, []
        for raw in idle:
            raw.close()
        holder[0] = self._reach(patient)
        return holder[0]

    def _reach(self, patient: bool) -> Raw:
        """A new connection to a server that may be away for a while."""
        waited = 0.0
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError as error:
                if not patient or waited > PATIENCE_SECONDS or not faults.is_transient(error):
                    raise
            pause = PAUSES[0] if waited < 1 else PAUSES[1]
            waited += pause
            clock.pause(pause)

    @contextmanager
    def _listener(self) -> Iterator[Raw]:
        with self._lock:
            raw = self._listening.pop() if self._listening else None
        if raw is None or raw.closed:
            raw = self._connect()
            raw.execute(text_of(CONNECTION.listen).encode())
        try:
            yield raw
        except psycopg.OperationalError:
            raw.close()
            raise
        finally:
            with self._lock:
                if not self._closed and not raw.closed:
                    self._listening.append(raw)
                    raw = None
            if raw is not None:
                raw.close()

    def prepare_fork(self) -> None:
        """Let no thread change what the child is about to inherit."""
        self._lock.acquire()

    def go_on_after_fork(self) -> None:
        """In the parent: go on."""
        self._lock.release()

    def begin_after_fork(self) -> None:
        """In the child: locks that nobody holds, and connections of its own."""
        _inherited.append((self._idle, self._listening))
        self._start()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise faults.explain(error, self.location) from error


def connect(url: str) -> Raw:
    """A new connection.

    Raises:
        StoreError: The URL cannot be understood.
        psycopg.OperationalError: The server cannot be reached.
    """
    if has_loose_signs(url):
        raise faults.bad_location(shown(url))
    try:
        options = psycopg.conninfo.conninfo_to_dict(for_libpq(url))
    except psycopg.ProgrammingError:
        raise faults.bad_location(shown(url)) from None
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "fallback_application_name": "noria",
        # A host that went away without a word is noticed within half a minute.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 30_000,
    }
    raw: Raw = psycopg.connect(
        **{**defaults, **options, "client_encoding": "utf8"}, autocommit=True
    )
    raw.adapters.register_loader("numeric", NumberLoader)
    raw.adapters.register_loader("text", TextLoader)
    raw.execute(text_of(CONNECTION.session).encode(), prepare=False)
    return raw


def status(url: str) -> tuple[str, str, int]:
    """Where a store is, on what, and the version of its schema; nothing is changed.

    Raises:
        StoreError: It cannot be reached, is no store, or is newer than this program.
    """
    location = shown(url)
    try:
        with connect(url) as raw:
            schema.check(raw, location)
            number = raw.info.server_version // 10_000
            return location, f"PostgreSQL {number}", schema.version(raw, location)
    except psycopg.Error as error:
        raise faults.explain(error, location) from error
