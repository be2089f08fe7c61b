"""`noria db`: the store itself."""

from __future__ import annotations

import json
import os
from contextlib import closing

import psycopg
import pytest
from click.testing import CliRunner

from noria.backend.local import LocalBackend
from noria.cli.app import App
from noria.cli.main import cli
from noria.core.records import StoredValue
from noria.core.retention import DEFAULT
from noria.core.spans import DAY
from noria.core.states import StateType
from tests.cli.conftest import NOW, Terminal
from tests.cli.rows import batch, flow_run, log


def test_the_path_is_printed_without_making_the_store(tmp_path):
    result = CliRunner().invoke(cli, ["db", "path"], obj=App({"NORIA_HOME": str(tmp_path)}))
    assert result.stdout == f"{tmp_path / 'noria.db'}\n"
    assert list(tmp_path.iterdir()) == []
    result = CliRunner().invoke(cli, ["db", "path", "--json"], obj=App({"NORIA_HOME": "/x"}))
    assert json.loads(result.stdout)["path"] == "/x/noria.db"


def test_info_counts_rows(noria, store):
    store.append(batch(flow_run()))
    document = json.loads(noria("db", "info", "--json").stdout)
    assert document["rows"]["flow_runs"] == 1
    assert document["location"] == ":memory:"
    assert "flow runs" in noria("db", "info", tty=True).stdout


def test_vacuum_removes_results_that_nothing_refers_to(noria, tmp_path):
    old, young = (tmp_path / "results" / name[:2] / name for name in ("a" * 32, "b" * 32))
    for file, age in ((old, 2 * 3600), (young, 60)):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"12345")
        os.utime(file, (NOW / 1e6 - age, NOW / 1e6 - age))
    document = json.loads(noria("db", "vacuum", "--json").stdout)
    assert (document["result_files_removed"], document["result_bytes_removed"]) == (1, 5)
    assert (old.exists(), young.exists()) == (False, True)
    assert "results  0 unused files removed" in noria("db", "vacuum", tty=True).stdout


class TestPrune:
    @pytest.fixture
    def old(self, store):
        """A run that ended forty days ago, with a line."""
        then = NOW - 40 * DAY
        run = flow_run(1)._replace(state=StateType.COMPLETED, created=then, start=then, end=then)
        store.append(batch(run, log(run, "done")))
        return run

    def test_what_would_go_is_told_and_stays(self, noria, store, old):
        told = json.loads(noria("db", "prune", "--dry-run", "--json").stdout)
        assert (told["dry_run"], told["runs"], told["log_lines"]) == (True, 1, 1)
        assert told["retention"]["failed"] == "90d"
        shown = noria("db", "prune", "--dry-run", tty=True).stdout
        assert shown == "1 run, 0 task runs, 1 log line and 0 result files (0 B) would go\n"
        assert store.flow_run(old.id) is not None

    @pytest.mark.parametrize("form", ["json", "jsonl", "csv", "name", "table"])
    def test_what_has_gone_is_told_in_every_form(self, noria, store, old, form):
        assert noria("db", "prune", "--yes", "-o", form).exit_code == 0
        assert store.flow_run(old.id) is None

    def test_nobody_is_sure_without_a_terminal(self, noria, store, old):
        result = noria("db", "prune")
        assert result.stderr.startswith("error[N004]: will not delete 1 run, 0 task runs")
        assert store.flow_run(old.id) is not None

    def test_ages_and_states_that_are_asked_for(self, noria, store, old):
        def told(*args):
            return json.loads(noria("db", "prune", "--dry-run", "--json", *args).stdout)["runs"]

        assert told("--older-than", "41d") == 0
        assert told("--older-than", "39d") == 1
        assert told("--state", "failed,crashed", "--older-than", "1h") == 0
        assert told("--state", "completed") == 1

    @pytest.mark.parametrize(
        ("args", "says"),
        [
            (("--older-than", "soon"), "--older-than soon is no span of time"),
            (("--state", "done"), "--state has the state 'done'; a run ends in one of completed"),
        ],
    )
    def test_what_cannot_be_understood(self, noria, args, says):
        result = noria("db", "prune", *args)
        assert result.exit_code == 2
        assert says in result.stderr

    def test_files_go_with_it_as_vacuum_removes_them(self, noria, store, old, tmp_path):
        name = "a" * 32
        file = tmp_path / "results" / name[:2] / name
        file.parent.mkdir(parents=True)
        file.write_bytes(b"12345")
        os.utime(file, (NOW / 1e6 - 7200, NOW / 1e6 - 7200))
        kept = StoredValue("pickle", None, f"{name[:2]}/{name}", 5)
        store.append(batch(old._replace(result=kept)))
        told = json.loads(noria("db", "prune", "--dry-run", "--json").stdout)
        done = json.loads(noria("db", "prune", "-y", "--json").stdout)
        for document in (told, done):
            assert (document["result_files"], document["result_bytes"]) == (1, 5)
        assert not file.exists()

    def test_info_shows_the_rules_in_force(self, noria):
        document = json.loads(noria("db", "info", "--json").stdout)
        assert document["retention"] == DEFAULT
        assert "completed=30d failed=90d" in noria("db", "info", tty=True).stdout


def test_a_store_that_is_none_is_refused_with_its_path(tmp_path):
    (tmp_path / "noria.db").write_text("this is no database " * 500)
    result = CliRunner().invoke(cli, ["runs", "ls"], obj=App({"NORIA_HOME": str(tmp_path)}))
    assert result.exit_code == 4
    assert result.stderr.startswith("error[N030]: ")
    assert str(tmp_path / "noria.db") in result.stderr


class TestWholeStores:
    """Over files and a server: these commands do not use the backend of other commands."""

    def call(self, tmp_path, *args, url=None):
        settings = {"NORIA_HOME": str(tmp_path), "NO_COLOR": "1"}
        app = Terminal(settings if url is None else {**settings, "NORIA_DATABASE_URL": url}, None)
        return CliRunner().invoke(cli, ["db", *args], obj=app)

    def test_status_makes_nothing(self, tmp_path):
        result = self.call(tmp_path, "status")
        assert result.stdout.splitlines()[0] == f"store    {tmp_path}/noria.db"
        assert "not there yet; the first run makes version" in result.stdout
        assert os.listdir(tmp_path) == []

    def test_upgrade(self, tmp_path):
        assert "made with schema version" in self.call(tmp_path, "upgrade").stdout
        assert "there was nothing to do" in self.call(tmp_path, "upgrade").stdout
        status = json.loads(self.call(tmp_path, "status", "--json").stdout)
        assert status["exists"]
        assert status["schema_version"] == status["needed_version"]

    def test_an_older_store_on_a_server(self, tmp_path, postgres):
        with postgres.bare_database() as url:
            self.call(tmp_path, "upgrade", url=url)
            with psycopg.connect(url, autocommit=True) as raw:
                raw.execute("update noria.schema_version set version = 1")
            assert "is needed: noria db upgrade" in self.call(tmp_path, "status", url=url).stdout
            refused = self.call(tmp_path, "info", url=url)
            assert refused.exit_code == 4
            assert refused.stderr.count("\n") == 3

    def test_backup(self, tmp_path):
        self.call(tmp_path, "upgrade")
        target = str(tmp_path / "a.db")
        assert self.call(tmp_path, "backup", target).stdout.startswith(target)
        assert "is there already" in self.call(tmp_path, "backup", target).stderr

    def test_copy(self, tmp_path, postgres_url):
        with closing(LocalBackend(str(tmp_path / "noria.db"))) as backend:
            backend.append(batch(flow_run(1), flow_run(2)))
        done = self.call(tmp_path, "copy", f"sqlite:///{tmp_path}/noria.db", postgres_url)
        assert "2 rows copied; all arrived as sent" in done.stdout
        again = self.call(tmp_path, "copy", f"sqlite:///{tmp_path}/noria.db", postgres_url)
        assert again.exit_code == 4
        assert "Say --merge" in again.stderr
        merged = self.call(
            tmp_path, "copy", "--merge", f"sqlite:///{tmp_path}/noria.db", postgres_url, "--json"
        )
        counts = {row["table"]: (row["rows"], row["kept"]) for row in json.loads(merged.stdout)}
        assert counts["flow_run"] == (0, 2)

    def test_copy_of_what_is_no_url(self, tmp_path):
        result = self.call(tmp_path, "copy", "mysql://me:s3cret@host/db", "sqlite:///b.db")
        assert "SOURCE is 'mysql://…@host/db'" in result.stderr
        assert "s3cret" not in result.stderr

    def test_the_path_of_a_server_bears_no_password(self, tmp_path):
        url = "postgresql+asyncpg://me:s3cret@host/db"
        assert self.call(tmp_path, "path", url=url).stdout == "postgresql://me:********@host/db\n"

    def test_a_server_that_is_away(self, tmp_path):
        result = self.call(tmp_path, "info", url="postgresql://me:s3cret@127.0.0.1:1/db")
        assert result.exit_code == 4
        assert result.stderr.splitlines() == [
            "error[N030]: The store postgresql://me@127.0.0.1:1/db cannot be reached",
            "  The server says: connection refused.",
            "  Start the server, or check host and port in NORIA_DATABASE_URL.",
        ]
