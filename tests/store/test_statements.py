"""The loader of named SQL, and the files it loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from noria.store.flow_runs import FLOW_RUN
from noria.store.postgres.database import PostgresDatabase
from noria.store.sqlite.bulk import chunked
from noria.store.sqlite.connection import connect
from noria.store.sqlite.database import MEMORY, SqliteDatabase
from noria.store.statements import SQL_FOLDER, Dialect, Statement, Statements, parse
from noria.store.task_stats import TASK_STATS

FILES = sorted(str(path.relative_to(SQL_FOLDER)) for path in Path(SQL_FOLDER).glob("*/*.sql"))
NOUNS = sorted({Path(name).stem for name in FILES})


def blocks(file: str) -> list[list[str]]:
    text = Path(SQL_FOLDER, file).read_text(encoding="utf-8")
    return [block.splitlines() for block in text.split("-- name: ")[1:]]


def test_statements_are_found_by_name():
    text = (
        "-- name: one\n-- Is one.\nselect 1\n\n-- name: two\n-- Is two,\n-- at last.\nselect\n  2\n"
    )
    assert parse(text) == {"one": "select 1", "two": "select\n  2"}


@pytest.mark.parametrize(
    "text",
    [
        "-- name: one\nselect 1\n",
        "-- name: one\n-- Is nothing.\n",
        "-- name: one\n-- Is one.\nselect 1\n-- name: one\n-- Is one again.\nselect 1\n",
    ],
)
def test_a_block_needs_a_name_of_its_own_a_sentence_and_sql(text):
    with pytest.raises(ValueError, match="'one' needs"):
        parse(text)


def test_a_file_is_read_when_it_is_asked_for(tmp_path):
    (tmp_path / "sqlite").mkdir()
    file = tmp_path / "sqlite" / "late.sql"
    one = Statements("late", str(tmp_path)).one
    file.write_text("-- name: one\n-- Is one.\nselect 1\n")
    assert one.sql("sqlite") == "select 1"
    file.unlink()
    assert one.sql("sqlite") == "select 1"


def test_a_dialect_has_its_own_words_before_those_that_both_share(tmp_path):
    for folder, number in (("common", 1), ("postgres", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "noun.sql").write_text(
            f"-- name: one\n-- Is one.\nselect {number}\n\n"
        )
    one = Statements("noun", str(tmp_path)).one
    assert (one.sql("sqlite"), one.sql("postgres")) == ("select 1", "select 2")


def test_an_unknown_statement_names_the_file_and_what_is_there():
    with pytest.raises(LookupError, match=r"log\.sql has no statement 'wirte'; it has \['write'"):
        Statements("log").wirte.sql("sqlite")


@pytest.mark.parametrize("file", FILES)
def test_every_statement_is_explained_in_a_sentence(file):
    for name, *lines in blocks(file):
        said = []
        for line in lines:
            if not line.startswith("-- "):
                break
            said.append(line[3:])
        assert " ".join(said).endswith("."), name


def names(noun: str, dialect: str) -> list[str]:
    """The statements of a noun that a dialect has, its own and the common ones."""
    files = [f"{folder}/{noun}.sql" for folder in (dialect, "common")]
    return [block[0] for file in files if file in FILES for block in blocks(file)]


def filled(sql: str, dialect: Dialect) -> str:
    """A statement with something in the places for text."""
    places = {
        "ids": "select id from task_run",
        "calls": TASK_STATS.calls.sql(dialect),
        "columns": "id",
        "table": "log",
        "doomed": Statements("removal").doomed.sql(dialect),
        "order": "id",
    }
    for name, text in places.items():
        sql = sql.replace("{" + name + "}", text)
    return sql


class Anything(dict[str, object]):
    def __missing__(self, key: str) -> None:
        return None


@pytest.mark.parametrize("noun", sorted(set(NOUNS) - {"connection"}))
def test_every_statement_fits_the_schema(noun):
    with SqliteDatabase(MEMORY).read() as connection:
        for name in names(noun, "sqlite"):
            statement = getattr(Statements(noun), name)
            sql = statement.sql("sqlite")
            sql = filled(sql, "sqlite")
            if name == "tags":
                sql = FLOW_RUN.page.sql("sqlite") + f" where '' in ({sql})"
            if "{rows}" in sql:
                width, chunks = chunked(sql)
                connection.execute("explain " + chunks[-1][1], (None,) * width).fetchall()
            else:
                connection.execute("explain " + sql, Anything()).fetchall()


@pytest.mark.parametrize("noun", sorted(set(NOUNS) - {"connection"}))
def test_every_statement_fits_the_schema_of_postgres(postgres_url, noun):
    database = PostgresDatabase(postgres_url)
    with database.write() as connection:
        for name in names(noun, "postgres"):
            sql = filled(getattr(Statements(noun), name).sql("postgres"), "postgres")
            if "{rows}" in sql or name == "snapshot":
                continue  # written by every test of the conformance suite
            found = re.findall(r"(?<!:):([a-z_]+)", sql)
            if name == "tags":
                sql = FLOW_RUN.page.sql("postgres") + f" where '' in ({sql})"
            connection.execute("explain " + sql, dict.fromkeys(found)).fetchall()
    database.close()


class TestManyRows:
    @pytest.fixture
    def connection(self):
        opened = connect(":memory:", 0)
        opened.execute("create table t (a, b)")
        yield opened
        opened.close()

    @pytest.fixture
    def insert(self, tmp_path):
        (tmp_path / "sqlite").mkdir()
        (tmp_path / "sqlite" / "t.sql").write_text(
            "-- name: write\n-- Write rows.\ninsert into t (a, b) values {rows}\n"
        )
        return Statement("t", "write", str(tmp_path))

    @pytest.mark.parametrize("count", [0, 1, 7, 8, 63, 64, 65, 137])
    def test_all_rows_are_written_in_order(self, connection, insert, count):
        rows = [(number, str(number)) for number in range(count)]
        connection.write_rows(insert, [value for row in rows for value in row])
        assert connection.execute("select a, b from t order by rowid").fetchall() == rows

    def test_a_full_chunk_is_one_statement(self, connection, insert):
        seen: list[str] = []
        connection.set_trace_callback(seen.append)
        connection.write_rows(insert, list(range(2 * (64 + 8))))
        assert len([sql for sql in seen if sql.startswith("insert")]) == 2


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("under_way", "flow_run_live"),
        ("next_of_backfill", "work_waiting_of_backfill"),
        ("keyed", "work_by_key"),
        ("unclaimed_of_schedule", "work_by_deployment"),
    ],
)
def test_what_is_asked_for_often_is_found_however_much_has_been_done(name, index):
    with SqliteDatabase(MEMORY).read() as connection:
        sql = getattr(Statements("work"), name).sql("sqlite")
        plan = connection.execute("explain query plan " + sql, Anything()).fetchall()
    steps = [step for *_, step in plan]
    assert any(f"INDEX {index} " in step for step in steps)
    assert not any(step.startswith("SCAN") for step in steps)
