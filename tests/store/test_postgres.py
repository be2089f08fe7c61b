"""PostgreSQL as a store: opening it, losing it, sharing it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from noria.backend.local import LocalBackend
from noria.core.errors import StoreError
from noria.store import migrations, opening
from noria.store.database import Conflict
from noria.store.postgres import database, faults, schema
from noria.store.postgres.connection import NUL, target, words
from noria.store.postgres.database import PostgresDatabase
from noria.store.postgres.location import for_libpq, has_loose_signs, shown
from tests.conformance.rows import artifact, batch, flow_run, log, process, task_run, variable
from tests.postgres import own_server

NAMES = sorted(os.listdir(schema.FOLDER))


@pytest.fixture
def bare_url(postgres):
    with postgres.bare_database() as url:
        yield url


@pytest.fixture
def store(postgres_url):
    opened = LocalBackend(postgres_url)
    yield opened
    opened.close()


def connect(url):
    return psycopg.connect(url, autocommit=True)


def the_schema(url):
    """Everything that defines a schema, in words of the server."""
    queries = (
        """select relname, relkind, relpersistence from pg_class
        where relnamespace = to_regnamespace('noria') order by 1""",
        """select relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
            collname, pg_get_expr(adbin, adrelid)
        from pg_class
        inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        left join pg_collation on pg_collation.oid = attcollation
        left join pg_attrdef on adrelid = pg_class.oid and adnum = attnum
        where relnamespace = to_regnamespace('noria') order by relname, attnum""",
        """select indexdef from pg_indexes where schemaname = 'noria' order by 1""",
        """select viewname, definition from pg_views where schemaname = 'noria' order by 1""",
        """select proname, pg_get_functiondef(oid) from pg_proc
        where pronamespace = to_regnamespace('noria') order by 1""",
        """select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = to_regnamespace('noria') order by 1, 2""",
    )
    with connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


class TestSchema:
    def test_both_dialects_have_the_same_migrations(self):
        assert sorted(os.listdir(migrations.folder("sqlite"))) == NAMES

    @pytest.mark.parametrize("name", NAMES)
    def test_a_migration_sets_its_own_version(self, name):
        number = int(name[:4])
        text = Path(schema.FOLDER, name).read_text(encoding="utf-8")
        words = (
            "set version = %s;"
            if number > 1
            else "insert into schema_version (version) values (%s);"
        )
        assert words % number in text

    def test_tables_and_columns_are_those_of_sqlite(self, postgres_url):
        with closing(LocalBackend(":memory:")) as other, other._database.read() as connection:
            columns = connection.execute(
                "select m.name, c.name, c.'notnull' from sqlite_schema as m, "
                "pragma_table_info(m.name) as c where m.type in ('table', 'view') "
                "and m.name not like 'sqlite%' order by m.name, c.cid"
            ).fetchall()
        tables = [
            (table, column, int(not_null))
            for table, column, _, not_null, *_ in the_schema(postgres_url)[1]
            if table not in ("schema_version", "writer") and "_by_" not in table
        ]
        named = {table for table, _, _ in columns}
        assert [row for row in tables if row[0] in named and row[1] != "id"] == [
            row for row in columns if row[1] != "id"
        ]
        assert named <= {table for table, _, _ in tables}

    @pytest.mark.parametrize("present", range(1, len(NAMES)))
    def test_an_older_store_becomes_as_a_fresh_one(
        self, postgres_url, bare_url, tmp_path, present, monkeypatch
    ):
        for name in NAMES[:present]:
            shutil.copy(os.path.join(schema.FOLDER, name), tmp_path)
        with connect(bare_url) as raw:
            raw.execute("set search_path to noria, pg_catalog")
            schema.migrate(raw, bare_url, str(tmp_path))
            assert schema.version(raw, bare_url) == int(NAMES[present - 1][:4])
        with pytest.raises(StoreError, match=r"Upgrade those first, then run `noria db upgrade`"):
            PostgresDatabase(bare_url)
        PostgresDatabase(bare_url, upgrade=True).close()
        assert the_schema(bare_url) == the_schema(postgres_url)
        with connect(bare_url) as raw:
            assert schema.version(raw, bare_url) == migrations.SCHEMA_VERSION

    def test_a_migration_that_fails_leaves_nothing_behind(self, bare_url, tmp_path, monkeypatch):
        folder = tmp_path / "migrations"
        shutil.copytree(schema.FOLDER, folder)
        (folder / "0099_broken.sql").write_text("create table extra (a text);\ncreate tabel b;\n")
        monkeypatch.setattr(schema, "FOLDER", str(folder))
        with pytest.raises(StoreError, match="syntax error"):
            PostgresDatabase(bare_url)
        with connect(bare_url) as raw:
            assert raw.execute("select to_regnamespace('noria')").fetchone() == (None,)

    def test_processes_that_make_one_store_at_the_same_moment(self, bare_url):
        command = [sys.executable, "-W", "error", "-c", OPEN, bare_url]
        makers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        assert [maker.communicate() for maker in makers] == [("0\n", "")] * 3

    def test_the_tables_of_another_program_are_left_alone(self, bare_url):
        with connect(bare_url) as raw:
            raw.execute("create table public.flow_run (id integer)")
        with closing(LocalBackend(bare_url)) as store:
            assert store.append(batch(flow_run())) == []
        with connect(bare_url) as raw:
            assert raw.execute("select * from public.flow_run").fetchall() == []

    def test_a_schema_of_another_program_is_refused(self, bare_url):
        with connect(bare_url) as raw:
            raw.execute("create schema noria; create table noria.wheels (spokes integer)")
        with pytest.raises(StoreError, match=r"schema `noria` in .* belongs to another program"):
            LocalBackend(bare_url)

    def test_an_empty_schema_that_somebody_has_made_for_us_will_do(self, bare_url):
        with connect(bare_url) as raw:
            raw.execute("create schema noria")
        LocalBackend(bare_url).close()

    def test_a_newer_store_is_refused(self, store, postgres_url):
        with connect(postgres_url) as raw:
            raw.execute("update noria.schema_version set version = 99")
            with pytest.raises(StoreError) as caught:
                LocalBackend(postgres_url)
            known = migrations.SCHEMA_VERSION
            raw.execute("update noria.schema_version set version = %s", (known,))
        assert str(caught.value) == (
            f"The store {shown(postgres_url)} has schema version 99; this Noria knows versions up "
            f"to {migrations.SCHEMA_VERSION}. Upgrade Noria, or point NORIA_DATABASE_URL at "
            "another database."
        )


OPEN = """
import sys
from noria.backend.local import LocalBackend
backend = LocalBackend(sys.argv[1])
print(backend.info().rows["flow_runs"])
backend.close()
"""


class TestOldServers:
    def test_a_server_that_knows_less_keeps_the_same_store(self, postgres_url):
        # Its functions are others, and its parser wants more names.
        with own_server(16) as server, server.database() as url:
            run = flow_run(name="Ärger 流")
            with closing(LocalBackend(url)) as store:
                store.append(batch(run, log(run, "a", extra='{"x": 1}'), log(run, "b", extra="{")))
                assert store.find_flow_runs("Ärger 流") == [run]
                assert store.task_stats("nothing") is None
            assert the_schema(url)[:3] == the_schema(postgres_url)[:3]

    def test_one_that_knows_too_little_is_refused(self):
        assert str(faults.too_old("postgresql://h/d", 13, 14)) == (
            "The store postgresql://h/d is on PostgreSQL 13; Noria needs 14 or later. Upgrade the "
            "server, or point NORIA_DATABASE_URL at another one."
        )

    def test_a_database_that_cannot_keep_all_text_is_refused(self, postgres):
        postgres.command(
            "create database {n} template template0 encoding 'LATIN1' locale 'C'", n="latin"
        )
        with pytest.raises(StoreError, match=r"keeps text as LATIN1; expected UTF8\. Create a"):
            LocalBackend(postgres.url("latin"))
        postgres.command("drop database {n}", n="latin")


class TestUnreachable:
    @pytest.mark.parametrize(
        ("rest", "sentence", "todo"),
        [
            ("me:s3cret@127.0.0.1:1/db", "connection refused", "Start the server"),
            ("me:s3cret@/db?host=/nowhere", "no such file or directory", "Start the server"),
            ("me:s3cret@no.such.host.invalid/db", "host", "Check"),
            ("me:s3@cret%zz@host/db", "Expected postgresql://USER", "Write %40 for @"),
            ("me@host/db?password=s3cret&colour=red", "Expected postgresql://USER", "Write %40"),
        ],
    )
    def test_it_is_said_in_three_sentences_without_the_password(self, rest, sentence, todo):
        with pytest.raises(StoreError) as caught:
            LocalBackend("postgresql://" + rest)
        text = str(caught.value)
        assert text.startswith("The store postgresql://me@")
        assert sentence in text
        assert todo in text
        assert "s3" not in text

    def test_a_database_that_is_not_there(self, postgres):
        with pytest.raises(StoreError) as caught:
            LocalBackend(postgres.url("nowhere"))
        assert str(caught.value) == (
            f"The store {postgres.url('nowhere')} cannot be reached. The server says: database "
            '"nowhere" does not exist. Create it (`createdb NAME`, `createuser NAME`), or correct '
            "NORIA_DATABASE_URL."
        )

    def test_a_wrong_password(self):
        with own_server() as server:
            server.command("create user guest password 'right'")
            hba = server.folder / "pg_hba.conf"
            hba.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
            server.command("select pg_reload_conf()")
            url = server.url().replace("postgres@", "guest:wrong@")
            with pytest.raises(StoreError) as caught:
                LocalBackend(url)
            assert "password authentication failed" in str(caught.value)
            assert "Check the user and the password in NORIA_DATABASE_URL." in str(caught.value)
            assert "wrong" not in str(caught.value)
            with pytest.raises(StoreError, match="does not let this user do that") as caught:
                LocalBackend(url.replace("wrong", "right"))
            assert "grant create on database" in str(caught.value)

    def test_without_the_driver(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(StoreError) as caught:
            opening.open_database("postgresql://me:s3cret@host/db")
        assert str(caught.value) == (
            "The store postgresql://me@host/db needs psycopg, the driver for PostgreSQL. It is not "
            "installed here. Install it with Noria: pip install 'noria[postgres]'."
        )

    def test_a_closed_store_says_so(self, store):
        store.close()
        with pytest.raises(StoreError, match="was closed; open it again"):
            store.append(batch(flow_run()))
        with pytest.raises(StoreError, match="was closed"):
            store.find_flow_runs("@last")

    @pytest.mark.parametrize(
        "password", ["p@s3cret", "p/s3cret", "p@x/s3cret", "p?s3cret", "@s3cret"]
    )
    def test_a_password_whose_signs_end_it_is_not_quoted(self, password):
        url = f"postgresql://me:{password}@127.0.0.1:1/db"
        with pytest.raises(StoreError) as caught:
            LocalBackend(url)
        assert "postgresql://me@127.0.0.1:1/db cannot be understood." in str(caught.value)
        assert "Write %40 for @, %3A for :, %2F for / and %25 for %" in str(caught.value)
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql:///noria?host=/run/postgresql&user=a@b",
            "postgresql://me@/noria?host=/run/postgresql",
            "postgresql://me:p%40%2F%3F@[::1]:5432/noria?connect_timeout=3",
        ],
    )
    def test_signs_where_they_may_be(self, url):
        assert not has_loose_signs(url)

    def test_urls_of_other_drivers(self):
        assert for_libpq("postgresql://h/d?ssl=require") == "postgresql://h/d?sslmode=require"
        assert shown("postgresql://a:b@h/d?x=1&sslpassword=c") == (
            "postgresql://a@h/d?x=1&sslpassword=***"
        )


class TestTexts:
    @pytest.mark.parametrize(
        "text", ["a\0b", "\udcff half a pair", "{\"'\\\\},null NULL", "%s :x ☃"]
    )
    def test_nothing_is_lost_for_its_text(self, store, text):
        run = flow_run(name=text, message=text)
        store.append(batch(run, log(run, text), artifact(key=text, data=text)))
        expected = text.encode("utf-8", "backslashreplace").decode()
        assert store.flow_run(run.id).name == expected
        assert store.find_flow_runs(text)[0].id == run.id
        assert [line.message for _, line in store.logs(run.id, text=expected)] == [expected]
        assert store.find_artifacts(text)[0].key == expected
        store.set_variable(variable(text, '"x"'), overwrite=False)
        assert store.variable(text).name == expected

    def test_the_stand_in_is_no_character_of_text(self):
        assert NUL == "\ufdd0"  # a noncharacter, which Unicode promises never to give a meaning

    def test_case_is_folded_as_python_does(self, store):
        run = flow_run(name="Straße ÄRGER 流程")
        store.append(batch(run, log(run, "Straße ÄRGER 流程")))
        for text in ("STRASSE", "ärger", "流程"):
            assert len(store.logs(run.id, text=text)) == 1

    def test_words_of_a_statement(self):
        sql = "select ':no', a::text, '%' || :yes, '100%' from t where b = :yes and c % 2 = 0"
        assert words(sql) == (
            b"select ':no', a::text, '%%' || %(yes)s, '100%%' from t "
            b"where b = %(yes)s and c %% 2 = 0"
        )

    def test_a_statement_for_many_rows_names_its_table_and_columns(self):
        assert target("insert into log (a, b) values {rows}") == ("log", ("a", "b"))
        with pytest.raises(ValueError, match="No table"):
            target("update log set a = 1")


class TestTransactions:
    def test_an_exception_undoes_it(self, postgres_url):
        opened = PostgresDatabase(postgres_url)

        def fail():
            with opened.write() as connection:
                connection.execute("insert into retired_key (id) values ('a')")
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        with opened.read() as connection:
            assert connection.execute("select count(*) from retired_key").fetchone() == (0,)
        opened.close()

    def test_one_that_is_alone_waits_for_those_that_are_not(self, postgres_url):
        one, other = PostgresDatabase(postgres_url), PostgresDatabase(postgres_url)
        order = []
        inside, wants, leave = threading.Event(), threading.Event(), threading.Event()

        def alone():
            wants.wait()
            with one.write():
                order.append("alone")

        def together():
            with other.write(alone=False) as connection:
                inside.set()
                leave.wait()
                waiting_for_lock(connection)
                order.append("together")

        threads = [threading.Thread(target=each) for each in (alone, together)]
        for thread in threads:
            thread.start()
        inside.wait()
        with other.write(alone=False):
            order.append("beside")
        wants.set()
        leave.set()
        for thread in threads:
            thread.join()
        assert order == ["beside", "together", "alone"]
        one.close()
        other.close()

    def test_a_deadlock_can_be_tried_again(self, postgres_url):
        opened = PostgresDatabase(postgres_url)
        with opened.write() as connection:
            connection.execute("insert into retired_key (id) values ('a'), ('b')")
        barrier = threading.Barrier(2)
        ended = []

        def update(first, second):
            try:
                with opened.write(alone=False) as connection:
                    for id in (first, second):
                        connection.execute(
                            "update retired_key set id = id where id = :id", {"id": id}
                        )
                        if id == first:
                            barrier.wait()
                ended.append("written")
            except Conflict as error:
                ended.append(str(error).rpartition(". ")[2])

        threads = [threading.Thread(target=update, args=pair) for pair in ("ab", "ba")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["Nothing was written; try again.", "written"]
        opened.close()

    def test_batches_of_many_processes_at_once(self, postgres_url):
        runs = [flow_run() for _ in range(4)]
        backends = [LocalBackend(postgres_url) for _ in runs]
        failures = []

        def work(backend, run):
            try:
                for number in range(10):
                    rows = [task_run(run) for _ in range(20)]
                    shared = artifact(key="shared", flow_run=run.id)
                    backend.append(batch(run, *rows, log(run, str(number)), shared))
            except BaseException as error:  # noqa: BLE001 - told by the test
                failures.append(error)

        threads = [
            threading.Thread(target=work, args=pair) for pair in zip(backends, runs, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        info = backends[0].info()
        assert (info.rows["task_runs"], info.rows["artifacts"]) == (800, 40)
        assert backends[0].find_artifacts("shared")[0].version == 40
        for backend in backends:
            backend.close()

    def test_a_process_that_was_stopped_in_a_transaction_holds_up_nobody(self, postgres_url):
        opened = PostgresDatabase(postgres_url)
        with opened.read() as connection:
            found = connection.execute("show idle_in_transaction_session_timeout").fetchone()
            assert found == ("15s",)
        opened.close()


class TestLosingTheServer:
    def test_a_lost_connection_is_replaced(self, store, postgres, postgres_url):
        run = flow_run()
        store.append(batch(run))
        hang_up(postgres_url)
        assert store.flow_run(run.id) == run
        hang_up(postgres_url)
        store.append(batch(flow_run()))
        hang_up(postgres_url)
        store.set_variable(variable("a", "1"), overwrite=False)
        assert store.info().rows["flow_runs"] == 2

    def test_a_transaction_that_was_cut_off_has_written_nothing(self, postgres_url):
        opened = PostgresDatabase(postgres_url)

        def cut_off():
            with opened.write() as connection:
                connection.execute("insert into retired_key (id) values ('a')")
                hang_up(postgres_url)
                connection.execute("insert into retired_key (id) values ('b')")

        with pytest.raises(StoreError, match="cannot be reached"):
            cut_off()
        with opened.read() as connection:
            assert connection.execute("select count(*) from retired_key").fetchone() == (0,)
        opened.close()

    @pytest.mark.parametrize("committed", [True, False])
    def test_a_commit_without_an_answer_is_asked_for(self, postgres_url, monkeypatch, committed):
        opened = PostgresDatabase(postgres_url)
        commit = opened._commit

        def unanswered(holder, number):
            # The server hears of it, or does not; either way no answer comes back.
            if committed:
                holder[0].execute("commit")
            hang_up(postgres_url)
            commit(holder, number)

        monkeypatch.setattr(opened, "_commit", unanswered)

        def write():
            with opened.write() as connection:
                connection.execute("insert into retired_key (id) values ('a')")

        if committed:
            write()
        else:
            with pytest.raises(StoreError):
                write()
        with opened.read() as connection:
            found = connection.execute("select count(*) from retired_key").fetchone()
        assert found == (int(committed),)
        opened.close()

    def test_a_server_that_is_away_is_waited_for(self, monkeypatch):
        with own_server() as server, server.database() as url:
            run = flow_run()
            with closing(LocalBackend(url)) as store:
                store.append(batch(run))
                server.stop()
                with pytest.raises(StoreError, match="cannot be reached"):
                    store.append(batch(flow_run()))
                tried, back = threading.Event(), threading.Event()
                pause = lambda seconds: tried.set() or back.wait()  # noqa: E731 - a stand-in
                monkeypatch.setattr(database.clock, "pause", pause)
                found = []
                reader = threading.Thread(target=lambda: found.append(store.flow_run(run.id)))
                reader.start()
                tried.wait()
                server.start()
                back.set()
                reader.join()
                assert found == [run]
                assert store.append(batch(flow_run())) == []

    def test_patience_ends(self, monkeypatch):
        monkeypatch.setattr(database, "PATIENCE_SECONDS", 0.1)
        with own_server() as server, server.database() as url:
            store = LocalBackend(url)
            server.stop()
            with pytest.raises(StoreError, match="cannot be reached"):
                store.find_flow_runs("@last")
            store.close()
            server.start()

    def test_what_waiting_would_not_mend(self):
        wrong = psycopg.OperationalError('FATAL:  password authentication failed for user "me"')
        assert not faults.is_transient(wrong)
        assert faults.is_transient(psycopg.OperationalError("Connection refused"))
        assert faults.is_transient(psycopg.errors.AdminShutdown("terminating connection"))
        assert not faults.is_transient(psycopg.errors.UndefinedTable("no such table"))


def waiting_for_lock(connection):
    """Return once somebody waits for a lock of the store."""
    query = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    while connection.execute(query).fetchone() == (0,):
        pass


def hang_up(url):
    """Let the server break off all connections to a database."""
    with connect(url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


class TestChanges:
    def test_the_writing_of_others_is_noticed_and_ones_own_is_not(self, store, postgres_url):
        before = store.change_counter()
        store.append(batch(flow_run()))
        assert store.change_counter() == before
        with closing(LocalBackend(postgres_url)) as other:
            other.append(batch(flow_run()))
            assert store.change_counter() != before

    def test_beats_are_no_news(self, store, postgres_url):
        with closing(LocalBackend(postgres_url)) as other:
            row = process()
            other.register_process(row)
            before = store.change_counter()
            other.beat(row.id, row.beat + 1)
            assert store.change_counter() == before

    def test_who_waits_is_woken(self, store, postgres_url):
        before = store.change_counter()
        seen = []
        waiter = threading.Thread(target=lambda: seen.append(store.wait_for_change(before, 60)))
        waiter.start()
        with closing(LocalBackend(postgres_url)) as other:
            other.set_variable(variable("a", "1"), overwrite=True)
            waiter.join()
        assert seen != [before]

    def test_who_waits_for_nothing_gives_up(self, store):
        before = store.change_counter()
        assert store.wait_for_change(before, 0.01) == before


FORK = """
import os, sys
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run
backend = LocalBackend(sys.argv[1])
backend.append(batch(flow_run(name="parent")))
backend.find_flow_runs("parent")
if (child := os.fork()) == 0:
    backend.append(batch(flow_run(name="child")))
    found = len(backend.find_flow_runs("parent"))
    backend.close()
    os._exit(found)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
backend.append(batch(flow_run(name="parent")))
print(len(backend.find_flow_runs("parent")), len(backend.find_flow_runs("child")))
backend.close()
"""


def test_a_forked_process_opens_the_store_anew(postgres_url):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK, postgres_url], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("2 1\n", "")


def test_sqlite_alone_loads_no_driver(tmp_path):
    code = OPEN + "print([name for name in sys.modules if name.partition('.')[0] == 'psycopg'])\n"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.db")], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("0\n[]\n", "")


def test_vacuum_and_size(store):
    run = flow_run()
    store.append(batch(run, *[task_run(run) for _ in range(100)]))
    assert store.info().size > 100 * 100
    store.vacuum()
    assert store.info().rows["task_runs"] == 100


WRITER = """
import sys
from noria.backend.local import LocalBackend
from tests.conformance.rows import batch, flow_run, log, task_run
backend = LocalBackend(sys.argv[1])
run = flow_run(id=bytes.fromhex(sys.argv[2]))
number = 0
while True:
    tasks = [task_run(run, group=number) for _ in range(25)]
    backend.append(batch(run, *tasks, log(run, str(number))))
    print(number, flush=True)
    number += 1
"""


def test_a_killed_writer_leaves_whole_batches(postgres_url):
    run = flow_run()
    command = [sys.executable, "-c", WRITER, postgres_url, run.id.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(20):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        told = max([told, *map(int, writer.stdout.read().split())])
    with closing(LocalBackend(postgres_url)) as backend:
        # Alone: the server may still be at the last batch of the dead.
        backend.set_variable(variable("a", "1"), overwrite=True)
        lines = [int(line.message) for _, line in backend.logs(run.id, limit=10**6)]
        rows = backend.task_runs(run.id, limit=10**6)
        assert lines == list(range(len(lines)))
        assert len(lines) > told
        assert len(rows) == 25 * len(lines)
