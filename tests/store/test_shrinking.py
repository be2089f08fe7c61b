"""Deleting makes a file smaller, and keeps nobody from writing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from noria.backend.local import LocalBackend
from noria.core.retention import parse
from noria.core.spans import DAY
from noria.core.states import StateType
from noria.store.sqlite import database
from noria.store.sqlite.database import SqliteDatabase
from noria.store.statements import Statements
from tests.conformance.rows import NOON, batch, flow_run, log, task_run

RULES = parse("30d")
PLANS = {
    "removal": ["due", "next", "count", "files"],
    "stale_result": ["page", "is_used"],
    "upkeep": ["get"],
    "cache": ["expire_some", "delete_some", "has_expired"],
    "task_run": ["delete_some"],
    "log": ["delete_some"],
    "process": ["page"],
}
SMALL = {"removal", "deployment", "due", "doomed", "file"}
"""May be read as a whole."""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "noria.db")


@pytest.fixture
def store(path):
    with closing(LocalBackend(path)) as opened:
        yield opened


def fill(store, runs=40, tasks=300):
    for _ in range(runs):
        old = NOON - 100 * DAY
        run = flow_run(state=StateType.COMPLETED, created=old, end=old)
        text = "a line of some length " * 10
        store.append(batch(run, *(task_run(run) for _ in range(tasks)), log(run, text)))


def retain_all(store):
    while store.retain(RULES, NOON).more:
        pass


def shrink_all(store):
    steps = 1
    while store.shrink():
        steps += 1
    return steps


def value_of(path, pragma):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"pragma {pragma}").fetchone()[0]


class TestSize:
    def test_a_file_shrinks_in_small_steps(self, store, path):
        empty = value_of(path, "page_count")
        fill(store)
        full = value_of(path, "page_count")
        retain_all(store)
        assert value_of(path, "page_count") == full
        steps = shrink_all(store)
        left = value_of(path, "page_count")
        assert left < empty + database.SPARE_PAGES + 20 < full
        assert steps == -(-(full - left) // database.SHRINK_PAGES) > 1
        assert value_of(path, "freelist_count") <= database.SPARE_PAGES
        assert value_of(path, "integrity_check") == "ok"

    def test_nothing_to_give_back_takes_no_lock(self, store, path):
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        assert store.shrink() is False
        other.close()

    def test_the_disk_has_its_space_back_at_the_end(self, store, path):
        fill(store)
        retain_all(store)
        before = store.info().size
        shrink_all(store)
        assert os.path.getsize(path + "-wal") == 0
        assert store.info().size == os.path.getsize(path) < before / 2

    def test_the_log_is_cut_when_it_is_long(self, store, path, monkeypatch):
        monkeypatch.setattr(database, "LONG_LOG", 1)
        fill(store)
        retain_all(store)
        assert os.path.getsize(path + "-wal") > 0
        assert store.shrink()
        assert os.path.getsize(path + "-wal") == 0

    def test_a_log_that_somebody_reads_stays_as_it_is(self, store, path, monkeypatch):
        monkeypatch.setattr(database, "LONG_LOG", 1)
        fill(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("begin")
            count = reader.execute("select count(*) from task_run").fetchone()
            retain_all(store)
            shrink_all(store)
            assert reader.execute("select count(*) from task_run").fetchone() == count
        store.append(batch(flow_run()))

    def test_a_file_of_an_earlier_noria_is_converted_by_vacuum(self, path, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(database.CONNECTION, "auto_vacuum", database.CONNECTION.synchronous)
            with closing(LocalBackend(path)) as store:
                fill(store)
        with closing(LocalBackend(path)) as store:
            assert value_of(path, "auto_vacuum") == 0
            retain_all(store)
            assert store.shrink() is False
            store.vacuum()
            assert value_of(path, "auto_vacuum") == database.INCREMENTAL
            fill(store)
            full = value_of(path, "page_count")
            retain_all(store)
            assert shrink_all(store) > 1
            assert value_of(path, "page_count") < full

    def test_processes_that_make_one_file_at_the_same_moment(self, tmp_path):
        code = "import sys; from noria.backend.local import LocalBackend as B; B(sys.argv[1])"
        path = str(tmp_path / "shared.db")
        makers = [subprocess.Popen([sys.executable, "-c", code, path]) for _ in range(3)]
        assert [maker.wait(60) for maker in makers] == [0, 0, 0]
        assert value_of(path, "auto_vacuum") == database.INCREMENTAL

    def test_a_store_in_memory_has_nothing_to_give_back(self):
        with closing(SqliteDatabase(":memory:")) as opened:
            assert opened.shrink() is False


class Anything(dict[str, object]):
    def __missing__(self, key: str) -> None:
        return None


@pytest.mark.parametrize(
    ("noun", "name"), [(noun, name) for noun, names in PLANS.items() for name in names]
)
def test_nothing_that_may_be_large_is_read_as_a_whole(store, noun, name):
    doomed = Statements("removal").doomed.sql("sqlite")
    text = getattr(Statements(noun), name).sql("sqlite").replace("{doomed}", doomed)
    with store._database.read() as connection:
        plan = [row[3] for row in connection.execute("explain query plan " + text, Anything())]
    scanned = {line.split()[1] for line in plan if line.startswith("SCAN")}
    assert scanned - SMALL <= {"CONSTANT"}, plan


WRITER = """
import sys
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run, task_run
store = LocalBackend(sys.argv[1])
run = flow_run()
for line in sys.stdin:
    store.append(batch(run, task_run(run)))
    print("written", flush=True)
"""


class TestOthers:
    """The deleter goes on only when others have written since its last portion: it would never come
    to its end if it held the store between two of them."""

    def portions(self, store, others_write):
        steps = 0
        while store.retain(RULES, NOON, limit=50).more:
            others_write()
            steps += 1
        return steps

    def test_another_process_writes_between_two_portions(self, store, path):
        fill(store, runs=2, tasks=300)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as writer:  # fmt: skip

            def others_write():
                writer.stdin.write("\n")
                writer.stdin.flush()
                assert writer.stdout.readline() == "written\n"

            steps = self.portions(store, others_write)
            writer.stdin.close()
        assert steps >= 12
        assert store.info().rows["task_runs"] == steps

    def test_another_thread_writes_while_all_is_deleted(self, store):
        fill(store, runs=2, tasks=300)
        run, written, ended = flow_run(), threading.Semaphore(0), threading.Event()

        def write():
            while not ended.is_set():
                store.append(batch(run, task_run(run)))
                written.release()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            steps = self.portions(store, lambda: written.acquire(timeout=60))
        finally:
            ended.set()
            writer.join()
        assert steps >= 12
        assert store.info().rows["task_runs"] >= steps

    def test_a_portion_writes_no_more_rows_than_it_may(self, store):
        fill(store, runs=3, tasks=200)
        writer = store._database._the_writer()
        before = writer.total_changes
        while store.retain(RULES, NOON, limit=20).more:
            # What is written down of the runs that go is not more than what goes.
            assert writer.total_changes - before <= 2 * 20
            before = writer.total_changes
