"""Opening a store, and what becomes of it when the world is not as it should be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest

from noria.backend.local import LocalBackend
from noria.core.errors import StoreError
from noria.store.migrations import SCHEMA_VERSION
from noria.store.sqlite import database, faults
from noria.store.sqlite.database import SqliteDatabase
from tests.conformance.rows import batch, flow_run, task_run


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "home" / "noria.db")


@pytest.fixture
def store(path):
    opened = LocalBackend(path)
    yield opened
    opened.close()


class TestOpening:
    def test_the_home_is_created_for_its_owner_alone(self, store, path):
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700

    def test_the_write_ahead_log_is_on(self, store, path):
        connection = sqlite3.connect(path)
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        connection.close()

    def test_a_store_opens_again(self, store, path):
        run = flow_run()
        store.append(batch(run))
        store.close()
        again = LocalBackend(path)
        assert again.flow_run(run.id) == run
        again.close()

    def test_an_empty_file_becomes_a_store(self, tmp_path):
        (tmp_path / "noria.db").touch()
        LocalBackend(str(tmp_path / "noria.db")).close()

    def test_a_store_of_odd_name_is_a_file_of_that_name(self, tmp_path):
        path = tmp_path / "库 ?mode=memory#.db"
        LocalBackend(str(path)).close()
        assert path.exists()

    def test_a_closed_store_says_so(self, store, path):
        store.close()
        with pytest.raises(StoreError, match=r"noria\.db was closed; open it again"):
            store.append(batch(flow_run()))
        with pytest.raises(StoreError, match="was closed"):
            store.find_flow_runs("@last")


class TestWrongFiles:
    def test_a_newer_store_is_refused(self, store, path):
        store.close()
        connection = sqlite3.connect(path)
        connection.execute("pragma user_version = 99")
        connection.close()
        with pytest.raises(StoreError) as caught:
            LocalBackend(path)
        assert str(caught.value) == (
            f"The store {path} has schema version 99; this Noria knows versions up to "
            f"{SCHEMA_VERSION}. Upgrade Noria, or set NORIA_HOME to another folder."
        )

    def test_a_file_that_is_no_database_is_left_as_it_is(self, tmp_path):
        path = tmp_path / "noria.db"
        path.write_text("a shopping list, long enough to hold a header\n" * 50)
        before = path.read_bytes()
        with pytest.raises(StoreError, match=rf"^{path} is not a SQLite database.*Move it away"):
            LocalBackend(str(path))
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["noria.db"]

    @pytest.mark.parametrize("version", [0, 1])
    def test_the_database_of_another_program_is_left_as_it_is(self, tmp_path, version):
        path = tmp_path / "noria.db"
        connection = sqlite3.connect(path)
        connection.execute("create table recipes (name)")
        connection.execute(f"pragma user_version = {version}")
        connection.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match=r"another program.*NORIA_DATABASE_URL"):
            LocalBackend(str(path))
        assert path.read_bytes() == before

    def test_a_damaged_store_is_named_and_kept(self, store, path):
        run = flow_run()
        store.append(batch(run, *[task_run(run) for _ in range(2000)]))
        store.close()
        size = os.path.getsize(path)
        with open(path, "r+b") as file:
            # Behind the schema, which opening reads.
            file.seek(size * 2 // 3)
            file.write(b"\xff" * (size // 3))
        damaged = LocalBackend(path)
        with pytest.raises(StoreError, match=rf"The store {path} is damaged .*Keep a copy"):
            damaged.task_runs(run.id)
        with pytest.raises(StoreError, match="is damaged"):
            damaged.append(batch(task_run(run)))
        damaged.close()
        assert os.path.getsize(path) == size


class TestNoPermission:
    def test_a_file_where_the_home_should_be(self, tmp_path):
        (tmp_path / "home").touch()
        with pytest.raises(StoreError) as caught:
            LocalBackend(str(tmp_path / "home" / "noria.db"))
        assert str(caught.value) == (
            f"The folder {tmp_path}/home cannot hold the store noria.db: File exists. Give "
            "yourself permission to write there, or set NORIA_HOME to another folder."
        )

    def test_a_folder_where_the_file_should_be(self, tmp_path):
        (tmp_path / "noria.db").mkdir()
        with pytest.raises(StoreError, match=rf"The folder {tmp_path} cannot .*set NORIA_HOME"):
            LocalBackend(str(tmp_path / "noria.db"))

    def test_a_home_that_may_not_be_made(self, tmp_path):
        tmp_path.chmod(0o500)
        with somebody_else(), pytest.raises(StoreError, match=r"Permission denied.*set NORIA_HOME"):
            LocalBackend(str(tmp_path / "home" / "noria.db"))

    def test_a_home_that_may_only_be_read(self):
        with TemporaryDirectory() as home:
            path = os.path.join(home, "noria.db")
            LocalBackend(path).close()
            os.chmod(path, 0o444)
            os.chmod(home, 0o555)
            with somebody_else(), pytest.raises(StoreError) as caught:
                LocalBackend(path)
            os.chmod(home, 0o755)
        assert str(caught.value) == (
            f"The folder {home} cannot hold the store noria.db: "
            "attempt to write a readonly database. Give yourself permission to write there, "
            "or set NORIA_HOME to another folder."
        )

    def test_a_store_that_may_only_be_read(self):
        with TemporaryDirectory() as home:
            os.chmod(home, 0o777)
            path = os.path.join(home, "noria.db")
            LocalBackend(path).close()
            os.chmod(path, 0o444)
            with somebody_else():
                backend = LocalBackend(path)
                with pytest.raises(StoreError, match=f"The folder {home} cannot.*set NORIA_HOME"):
                    backend.append(batch(flow_run()))
                backend.close()


@contextmanager
def somebody_else() -> Iterator[None]:
    """Permissions mean nothing to root, so as root we become `nobody` for the time."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestTrouble:
    def test_a_full_disk(self, store, path):
        run = flow_run()
        store.append(batch(run))
        limit_pages(store, 50)
        rows = [task_run(run) for _ in range(3000)]
        with pytest.raises(StoreError, match=f"The store {path} cannot grow: .* is full"):
            store.append(batch(*rows))
        assert store.task_runs(run.id) == []
        limit_pages(store, 2**30)
        store.append(batch(*rows))
        assert store.info().rows["task_runs"] == 3000

    def test_a_lock_that_is_never_given_back(self, store, path, monkeypatch):
        monkeypatch.setattr(database, "WRITE_WAIT_SECONDS", 0)
        monkeypatch.setattr(database, "WRITE_ATTEMPTS", 2)
        monkeypatch.setattr(database, "PAUSE_SECONDS", 0)
        impatient = LocalBackend(path)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("begin immediate")
        with pytest.raises(StoreError, match=f"The store {path} has been locked by another"):
            impatient.append(batch(flow_run()))
        assert impatient.find_flow_runs("@last") == []
        holder.close()
        assert impatient.append(batch(flow_run())) == []
        impatient.close()

    def test_a_lock_is_waited_for(self, monkeypatch):
        monkeypatch.setattr(database, "PAUSE_SECONDS", 0)
        refusals = [busy(), busy()]

        def action() -> str:
            if refusals:
                raise refusals.pop()
            return "done"

        assert database.persist(action) == "done"

    def test_other_trouble_is_not_waited_for(self):
        attempts = []

        def action() -> None:
            attempts.append(1)
            raise sqlite3.OperationalError("no such table: nothing")

        with pytest.raises(sqlite3.OperationalError):
            database.persist(action)
        assert len(attempts) == 1

    def test_whatever_else_goes_wrong_names_the_file(self):
        error = faults.explain(sqlite3.OperationalError("disk I/O error"), "/home/me/noria.db")
        assert "/home/me/noria.db cannot be used: disk I/O error" in str(error)

    def test_an_exception_inside_a_transaction_undoes_it(self, path):
        opened = SqliteDatabase(path)

        def fail() -> None:
            with opened.write() as connection:
                connection.execute(
                    "insert into log (time, level, logger, message) values (1, 2, 3, 4)"
                )
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        with opened.read() as connection:
            assert connection.execute("select count(*) from log").fetchone() == (0,)
        opened.close()

    def test_a_reading_connection_cannot_write(self, path):
        opened = SqliteDatabase(path)
        with pytest.raises(StoreError), opened.read() as connection:
            connection.execute("delete from log")
        opened.close()


def busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
    return error


def limit_pages(store: LocalBackend, pages: int) -> None:
    with store._database.write() as connection:
        connection.execute(f"pragma max_page_count = {pages}")


def test_vacuum_gives_space_back(store, path):
    run = flow_run()
    store.append(batch(run, *[task_run(run) for _ in range(3000)]))
    store.vacuum()
    full = store.info().size
    store.delete_flow_run(run.id)
    store.vacuum()
    assert store.info().size < full / 2


def test_the_writing_of_others_is_noticed(store, path):
    before = store.change_counter()
    assert store.change_counter() == before
    other = LocalBackend(path)
    other.append(batch(flow_run()))
    other.close()
    assert store.change_counter() != before


FORK = """
import os, sys
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run
backend = LocalBackend(sys.argv[1])
backend.append(batch(flow_run(name="parent")))
backend.find_flow_runs("parent")
if (child := os.fork()) == 0:
    assert backend._database._writer is None
    backend.append(batch(flow_run(name="child")))
    found = len(backend.find_flow_runs("parent"))
    backend.close()
    os._exit(found)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
backend.append(batch(flow_run(name="parent")))
print(len(backend.find_flow_runs("parent")), len(backend.find_flow_runs("child")))
memory = LocalBackend(":memory:")
if (child := os.fork()) == 0:
    try:
        memory.info()
    except Exception as error:
        os._exit(0 if "forked" in str(error) else 1)
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


FORK_IN_THE_MIDST = """
import os, sys, threading
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run
backend = LocalBackend(sys.argv[1])
inside, forks = threading.Event(), threading.Event()
os.register_at_fork(before=forks.set)

def hold():
    with backend._database.write() as connection, backend._database.read() as reader:
        reader.execute("select count(*) from flow_run").fetchall()
        inside.set()
        forks.wait()

threading.Thread(target=hold).start()
inside.wait()
if (child := os.fork()) == 0:
    backend.append(batch(flow_run(name="child")))
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
backend.close()
"""


def test_a_fork_waits_for_the_transactions_of_other_threads(path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK_IN_THE_MIDST, path],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


OUTLIVES = """
import os, sys
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run
backend = LocalBackend(sys.argv[1])
backend.append(batch(flow_run(name="parent")))
go, closed = os.pipe()
if os.fork() == 0:
    backend.append(batch(flow_run(name="child")))
    os.write(closed, b"1")
    os.read(0, 1)
    backend.append(batch(flow_run(name="orphan")))
    os._exit(0)
os.read(go, 1)
backend.close()
"""


def test_a_child_writes_on_after_its_parent_has_closed_the_store(path):
    parent = subprocess.Popen(
        [sys.executable, "-c", OUTLIVES, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.wait() == 0
    # The child holds stdout open until it ends.
    parent.communicate(b"1")
    store = LocalBackend(path)
    assert len(store.find_flow_runs("orphan")) == 1
    store.close()


def test_a_forked_process_opens_the_store_anew(path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK, path], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("2 1\n0\n", "")
