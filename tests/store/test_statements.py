"""The loader of named SQL, and the files it loads."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from noria.store.bulk import BulkWrite
from noria.store.database import MEMORY, Database
from noria.store.flow_runs import FLOW_RUN
from noria.store.statements import SQL_FOLDER, Statements, parse
from noria.store.task_stats import TASK_STATS

NOUNS = sorted(name[:-4] for name in os.listdir(SQL_FOLDER) if name.endswith(".sql"))


def blocks(noun: str) -> list[list[str]]:
    text = Path(SQL_FOLDER, noun + ".sql").read_text(encoding="utf-8")
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
    statements = Statements("late", str(tmp_path))
    (tmp_path / "late.sql").write_text("-- name: one\n-- Is one.\nselect 1\n")
    assert statements.one == "select 1"
    (tmp_path / "late.sql").unlink()
    assert statements.one == "select 1"


def test_an_unknown_statement_names_the_file_and_what_is_there():
    with pytest.raises(
        AttributeError, match=r"log\.sql has no statement 'wirte'; it has \['write'"
    ):
        _ = Statements("log").wirte


@pytest.mark.parametrize("noun", NOUNS)
def test_every_statement_is_explained_in_a_sentence(noun):
    for name, *lines in blocks(noun):
        said = []
        for line in lines:
            if not line.startswith("-- "):
                break
            said.append(line[3:])
        assert " ".join(said).endswith("."), name


class Anything(dict[str, object]):
    def __missing__(self, key: str) -> None:
        return None


@pytest.mark.parametrize("noun", sorted(set(NOUNS) - {"connection"}))
def test_every_statement_fits_the_schema(noun):
    with Database(MEMORY).read() as connection:
        for name in (block[0] for block in blocks(noun)):
            sql = getattr(Statements(noun), name)
            sql = sql.replace("{ids}", "select id from task_run")
            sql = sql.replace("{calls}", TASK_STATS.calls)
            if name == "tags":
                sql = FLOW_RUN.page + f" where '' in ({sql})"
            if "{rows}" in sql:
                width = BulkWrite(sql).width
                sql = sql.replace("{rows}", "(" + ", ".join("?" * width) + ")")
            positional = (None,) * sql.count("?")
            connection.execute("explain " + sql, positional or Anything()).fetchall()


class TestBulkWrite:
    @pytest.mark.parametrize("count", [0, 1, 7, 8, 63, 64, 65, 137])
    def test_all_rows_are_written_in_order(self, count):
        connection = sqlite3.connect(":memory:")
        connection.execute("create table t (a, b)")
        rows = [(number, str(number)) for number in range(count)]
        BulkWrite("insert into t (a, b) values {rows}").run(
            connection, [value for row in rows for value in row]
        )
        assert connection.execute("select a, b from t order by rowid").fetchall() == rows
        connection.close()

    def test_a_full_chunk_is_one_statement(self):
        connection = sqlite3.connect(":memory:")
        connection.execute("create table t (a)")
        seen: list[str] = []
        connection.set_trace_callback(seen.append)
        BulkWrite("insert into t (a) values {rows}").run(connection, list(range(64 + 8)))
        assert len([sql for sql in seen if sql.startswith("insert")]) == 2
        connection.close()
