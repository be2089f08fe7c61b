"""The schema: every way to it ends at the same place, and no way leads back."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest

from noria.core.errors import StoreError
from noria.core.states import STATE_CODES
from noria.store import migrations
from noria.store.sqlite import schema as sqlite_schema
from noria.store.sqlite.connection import connect
from noria.store.sqlite.database import SqliteDatabase

NAMES = sorted(os.listdir(sqlite_schema.FOLDER))


def schema(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    rows = connection.execute("select type, name, sql from sqlite_schema order by type, name")
    return rows.fetchall()


def test_each_migration_has_a_number_of_its_own():
    numbers = [int(name.split("_")[0]) for name in NAMES]
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (1, migrations.SCHEMA_VERSION)


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_sets_its_own_version(name):
    with open(os.path.join(sqlite_schema.FOLDER, name), encoding="utf-8") as file:
        assert f"pragma user_version = {int(name[:4])};" in file.read()


@pytest.mark.parametrize("present", range(len(NAMES)))
def test_an_older_store_becomes_as_a_fresh_one(tmp_path, present):
    older = tmp_path / "migrations"
    older.mkdir()
    for name in NAMES[:present]:
        shutil.copy(os.path.join(sqlite_schema.FOLDER, name), older)
    path = str(tmp_path / "noria.db")
    connection = connect(path, 0)
    sqlite_schema.apply(connection, path, str(older))
    connection.commit()
    connection.close()

    migrated, fresh = SqliteDatabase(path), SqliteDatabase(str(tmp_path / "fresh.db"))
    with migrated.read() as one, fresh.read() as other:
        assert schema(one) == schema(other)
        assert sqlite_schema.version(one, path) == migrations.SCHEMA_VERSION
    migrated.close()
    fresh.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    folder = tmp_path / "migrations"
    shutil.copytree(sqlite_schema.FOLDER, folder)
    (folder / "0009_broken.sql").write_text("create table extra (a);\ncreate tabel wrong;\n")
    path = str(tmp_path / "noria.db")
    monkeypatch.setattr(sqlite_schema, "FOLDER", str(folder))
    with pytest.raises(StoreError, match="syntax error"):
        SqliteDatabase(path)
    connection = sqlite3.connect(path)
    assert schema(connection) == []
    connection.close()


def test_a_store_that_another_process_has_just_migrated_stays_as_it_is(tmp_path):
    opened = SqliteDatabase(str(tmp_path / "noria.db"))
    with opened.write() as connection:
        before = schema(connection)
        sqlite_schema.apply(connection, opened.path)
        assert schema(connection) == before
    opened.close()


def test_a_script_is_split_at_statements_only():
    script = (
        "-- a; comment\ncreate table a (b text default ';');\n\ninsert into a\nvalues ('x;\n');\n"
    )
    statements = list(sqlite_schema.split(script))
    assert len(statements) == 2
    assert statements[1].strip().startswith("insert")


def test_the_numbers_of_states_never_change():
    # They stand in every store, and as literals in the SQL.
    assert [(code, kind.value) for kind, code in STATE_CODES.items()] == [
        (0, "SCHEDULED"),
        (1, "PENDING"),
        (2, "RUNNING"),
        (3, "COMPLETED"),
        (4, "FAILED"),
        (5, "CANCELLED"),
        (6, "CRASHED"),
        (7, "PAUSED"),
        (8, "CANCELLING"),
    ]
