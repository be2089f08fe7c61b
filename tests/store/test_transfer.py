"""A store is copied into another of whatever dialect, whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import closing

import pytest

from noria.backend import stores
from noria.backend.local import LocalBackend
from noria.backend.processes import this_process
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.core.errors import StoreError
from noria.core.pools import WorkerRow
from noria.core.records import BlockRow, SealedField
from noria.store import transfer
from noria.store.opening import open_database
from tests.conformance.rows import (
    NOON,
    artifact,
    batch,
    cached,
    flow_run,
    group,
    log,
    new_id,
    process,
    task_run,
    variable,
)

TEXT = 'a\0b "quoted" \\back 流程 ☃'


@pytest.fixture
def locations(postgres, tmp_path):
    """Two empty places of each pair of dialects."""

    with postgres.database() as one, postgres.database() as other:
        yield {
            "sqlite": [str(tmp_path / "one.db"), str(tmp_path / "other.db")],
            "postgres": [one, other],
        }


def history(backend, name="mine"):
    """Some of everything; returns the flow run."""
    run = flow_run(name=name, message=TEXT)
    tasks = [task_run(run) for _ in range(700)]
    backend.register_process(process())
    backend.append(
        batch(
            run,
            *tasks,
            group(run),
            log(run, TEXT, extra='{"x": 1}'),
            log(run, "二"),
            cached(name),
            artifact(data=TEXT, flow_run=run.id),
            artifact(flow_run=run.id),
            artifact(key=None),
        )
    )
    backend.set_variable(variable(f"{name}-variable", '"v"'), overwrite=False)
    block = new_id()
    sealed = (SealedField(block, 1, "password", "k1", b"\0\xff"),)
    backend.save_block(BlockRow(block, "secret", name, 1, NOON, NOON, "{}", sealed))
    return run


def contents(location):
    """All rows of a store, by table; the positions of log lines are a store's own."""
    with closing(open_database(location)) as database, database.snapshot() as connection:
        return {
            table.name: sorted(
                map(repr, connection.stream(table.sql(connection, transfer.TRANSFER.rows)))
            )
            for table in transfer.tables_of(connection)
        }


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_all_arrives_as_it_was(locations, source, target):
    here, there = locations[source][0], locations[target][1]
    with closing(LocalBackend(here)) as backend:
        run = history(backend)
        before = backend.logs(run.id)
    done = stores.copy(here, there)
    assert contents(there) == contents(here)
    assert {row.table: row.rows for row in done}["task_run"] == 700
    assert all(row.kept == 0 for row in done)
    with closing(LocalBackend(there)) as backend:
        assert backend.flow_run(run.id) == run
        assert [line for _, line in backend.logs(run.id)] == [line for _, line in before]
        assert backend.append(batch(log(run, "goes on"))) == []
        assert len(backend.logs(run.id)) == 3
        assert [block.sealed[0].box for block in backend.blocks()] == [b"\0\xff"]


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_store_with_rows_is_left_alone_unless_asked(locations, target):
    here, there = locations["sqlite"][0], locations[target][1]
    with closing(LocalBackend(here)) as mine, closing(LocalBackend(there)) as theirs:
        history(mine)
        theirs.set_variable(variable("a", "1"), overwrite=False)
    before = contents(there)
    with pytest.raises(StoreError, match=r"is not empty: table variable has rows.*Say --merge"):
        stores.copy(here, there)
    assert contents(there) == before


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_a_history_joins_another(locations, target):
    here, there = locations["sqlite"][0], locations[target][1]
    with closing(LocalBackend(here)) as mine, closing(LocalBackend(there)) as theirs:
        run = history(mine)
        theirs_before = history(theirs, "theirs")
        mine.set_variable(variable("both", '"mine"'), overwrite=False)
        theirs.set_variable(variable("both", '"theirs"'), overwrite=False)
        block = new_id()
        for backend in (mine, theirs):
            id = block if backend is mine else new_id()
            field = SealedField(id, 1, "password", "k1", b"x")
            backend.save_block(BlockRow(id, "secret", "both", 1, NOON, NOON, "{}", (field,)))
    done = {row.table: row for row in stores.copy(here, there, merge=True)}
    assert (done["task_run"].rows, done["task_run"].kept) == (700, 0)
    assert (done["variable"].rows, done["variable"].kept) == (1, 1)
    assert (done["block"].rows, done["block_version"].rows, done["block_secret"].kept) == (1, 1, 1)
    with closing(LocalBackend(there)) as theirs:
        assert theirs.flow_run(run.id) == run
        assert theirs.flow_run(theirs_before.id) == theirs_before
        assert len(theirs.logs(run.id)) == 2
        assert theirs.variable("both").value == '"theirs"'
        assert theirs.block_by_id(block) is None
        assert theirs.find_artifacts("report")[0].version == 4
    again = stores.copy(here, there, merge=True)
    assert [(row.table, row.rows) for row in again if row.rows] == []


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_what_does_not_arrive_as_it_was_is_not_kept(locations, target, monkeypatch):
    here, there = locations["sqlite"][0], locations[target][1]
    with closing(LocalBackend(here)) as mine:
        history(mine)
    take = transfer.Sum.take
    taken = []

    def misread(total, row):
        taken.append(row)
        take(total, row if len(taken) != 5 else (*row[:-1], "changed"))

    monkeypatch.setattr(transfer.Sum, "take", misread)
    with pytest.raises(StoreError, match=r"arrived in .* with .* checksum .*Nothing was copied"):
        stores.copy(here, there)
    assert not any(contents(there).values())


def test_what_is_written_meanwhile_is_not_copied(locations):
    here, there = locations["postgres"][0], locations["sqlite"][1]
    with closing(LocalBackend(here)) as mine:
        run = history(mine)
        later = flow_run()
        told = []

        def tell(table, rows):
            if not told:
                mine.append(batch(later))
            told.append(table)

        stores.copy(here, there, told=tell)
    with closing(LocalBackend(there)) as copied:
        assert copied.flow_run(run.id) == run
        assert copied.flow_run(later.id) is None


def test_a_store_is_not_copied_into_itself(locations):
    with pytest.raises(StoreError, match="same store"):
        stores.copy(locations["sqlite"][0], locations["sqlite"][0])


def test_a_store_that_is_not_there_is_not_made(locations):
    nothing, there = locations["sqlite"]
    with pytest.raises(StoreError, match=f"There is no store at {nothing}"):
        stores.copy(nothing, there)
    assert not os.path.exists(nothing)
    assert not os.path.exists(there)


class TestBackup:
    def test_of_a_file(self, locations, tmp_path):
        here, target = locations["sqlite"][0], str(tmp_path / "backup.db")
        with closing(LocalBackend(here)) as mine:
            run = history(mine)
            assert stores.backup(here, target) == os.path.getsize(target)
        with closing(LocalBackend(target)) as copied:
            assert copied.flow_run(run.id) == run
        with pytest.raises(StoreError, match="is there already"):
            stores.backup(here, target)

    def test_into_a_folder_that_is_not_there(self, locations, tmp_path):
        here = locations["sqlite"][0]
        LocalBackend(here).close()
        with pytest.raises(StoreError, match="missing"):
            stores.backup(here, str(tmp_path / "missing" / "backup.db"))

    def test_of_a_server(self, locations, postgres, tmp_path, monkeypatch):
        here, target = locations["postgres"][0], str(tmp_path / "backup.dump")
        monkeypatch.setenv("PATH", str(postgres.handle.bin_path), prepend=os.pathsep)
        LocalBackend(here).close()
        assert stores.backup(here, target) > 1000
        with open(target, "rb") as file:
            assert file.read(5) == b"PGDMP"

    def test_of_a_server_without_its_programs(self, locations, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "which", lambda name: None)
        with pytest.raises(StoreError, match=r"pg_dump, which is not installed.*noria db copy"):
            stores.backup(locations["postgres"][0], str(tmp_path / "b.dump"))
        assert os.listdir(tmp_path) == []

    def test_that_fails_leaves_nothing(self, locations, postgres, tmp_path, monkeypatch):
        program = tmp_path / "bin" / "pg_dump"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\necho server version mismatch >&2\nexit 1")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        with pytest.raises(StoreError, match="pg_dump says: server version"):
            stores.backup(locations["postgres"][0], str(tmp_path / "b.dump"))
        assert sorted(os.listdir(tmp_path)) == ["bin"]


class TestStatus:
    def test_of_what_is_not_there(self, tmp_path):
        path = str(tmp_path / "noria.db")
        found = stores.status(path)
        assert (found.found, os.path.exists(path)) == (0, False)
        before, after = stores.upgrade(path)
        assert (before.found, after.found) == (0, after.known)

    def test_of_a_server(self, postgres):
        with postgres.bare_database() as url:
            assert stores.status(url).found == 0
            assert stores.status(url).kind == "PostgreSQL 18"
            before, after = stores.upgrade(url)
            assert (before.found, after.found) == (0, after.known)

    def test_of_what_cannot_be_reached(self):
        with pytest.raises(StoreError, match="cannot be reached"):
            stores.status("postgresql://me:s3cret@127.0.0.1:1/db")


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_who_works_for_a_store_makes_it_not_full(locations, target):
    here, there = locations["sqlite"][0], locations[target][1]
    with closing(LocalBackend(here)) as mine, closing(LocalBackend(there)) as theirs:
        history(mine)
        row = this_process(NOON, 10)
        theirs.register_process(row)
        theirs.register_worker(WorkerRow(row.id, "一号", None, None, NOON))
        theirs.lead("services", row.id, NOON)
    assert {row.table for row in stores.copy(here, there)} >= {"worker", "leader"}


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_runs_of_a_deployment_that_both_have_join_those_of_the_target(locations, target):
    here, there = locations["sqlite"][0], locations[target][1]
    rule = {"kind": "interval", "interval": 3_600_000_000, "anchor": NOON, "timezone": "UTC"}
    spec = DeploymentSpec("etl", "夜间", "etl.py:etl", schedules=(ScheduleSpec("hourly", rule),))
    made = {}
    for location in (here, there):
        with closing(LocalBackend(location)) as backend:
            own = spec._replace(description=location)
            backend.apply_deployments([own], NOON)
            (made[location],) = backend.make_due_runs(NOON + 3_600_000_000)
            (row,) = backend.find_deployments(spec.full_name)
    done = {row.table: row for row in stores.copy(here, there, merge=True)}
    assert (done["deployment"].rows, done["deployment"].kept) == (0, 1)
    assert (done["schedule"].rows, done["schedule"].kept) == (0, 1)
    with closing(LocalBackend(there)) as backend:
        assert backend.deployments() == [row]
        found = {run.id for run in backend.deployment_runs(row.id)}
        assert found == {run.id for run in made.values()}
        assert len(backend.schedules(row.id)) == 1
    assert stores.copy(here, there, merge=True) is not None
