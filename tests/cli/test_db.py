"""`noria db`: the store itself."""

from __future__ import annotations

import json
import os

from click.testing import CliRunner

from noria.cli.app import App
from noria.cli.main import cli
from tests.cli.conftest import NOW
from tests.cli.rows import batch, flow_run


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


def test_a_store_that_is_none_is_refused_with_its_path(tmp_path):
    (tmp_path / "noria.db").write_text("this is no database " * 500)
    result = CliRunner().invoke(cli, ["runs", "ls"], obj=App({"NORIA_HOME": str(tmp_path)}))
    assert result.exit_code == 4
    assert result.stderr.startswith("error[N030]: ")
    assert str(tmp_path / "noria.db") in result.stderr
