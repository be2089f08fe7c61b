"""`noria worker`."""

from __future__ import annotations

import json

import pytest

from noria.cli.app import App
from noria.cli.workers import note_unused
from noria.core.deployments import DeploymentSpec
from noria.core.pools import WorkerRow
from tests.cli.conftest import NOW
from tests.conformance.rows import LEASE, SECOND, process


@pytest.fixture
def workers(store):
    """One that has been silent for longer than its lease, one of all pools, and a script."""
    gone = process(beat=NOW - 2 * LEASE, lease=LEASE)
    alive = process(beat=NOW, lease=LEASE)
    for number, (row, name, pools, limit) in enumerate(
        [
            (gone, "一号", ("etl", "gpu"), 4),
            (alive, "two", None, None),
            (alive._replace(id=bytes(16)), "script", ("serve load/夜间",), None),
        ]
    ):
        store.register_process(row)
        store.register_worker(WorkerRow(row.id, name, pools, limit, NOW - (9 - number) * SECOND))


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_none(noria):
    result = noria("worker", "ls", tty=True)
    assert result.stderr == "No workers. Start one: noria worker start --pool default\n"
    assert document(noria("worker", "ls", "--json")) == []


def test_those_that_live_go_first(noria, workers):
    lines = noria("worker", "ls", tty=True).stdout.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "WORKER POOLS STATE LIMIT UNDER WAY HOST PID SINCE LAST BEAT",
        "two all alive none 0 lab 4711 8s ago now",
        "script serve load/夜间 alive none 0 lab 4711 7s ago now",
        "一号 etl, gpu gone 4 0 lab 4711 9s ago 20s ago",
    ]


def test_for_programs(noria, workers):
    *_, gone = document(noria("worker", "ls", "--json"))
    assert {**gone, "id": None} == {
        "id": None,
        "name": "一号",
        "pools": ["etl", "gpu"],
        "alive": False,
        "concurrency_limit": 4,
        "under_way": 0,
        "host": "lab",
        "pid": 4711,
        "since": "2026-11-18T11:07:31.000000Z",
        "last_beat": "2026-11-18T11:07:20.000000Z",
        "ended": None,
    }
    assert len(noria("worker", "ls", "-o", "name").stdout.split()) == 3
    heading, *_, last = noria("worker", "ls", "-o", "csv").stdout.splitlines()
    assert heading == "name,pools,alive,concurrency_limit,under_way,host,pid,since,last_beat"
    assert last.startswith('一号,"[""etl"", ""gpu""]",false,4,0,lab,4711,')
    assert noria("worker", "ls").stdout.startswith("two\t\ttrue\t\t0\tlab\t4711\t")


def test_one_that_has_ended_is_not_called_gone(noria, store):
    row = process(beat=NOW, lease=LEASE)
    store.register_process(row)
    store.register_worker(WorkerRow(row.id, "w", None, None, NOW))
    store.end_process(row.id, NOW, None)
    assert " ended " in noria("worker", "ls", tty=True).stdout
    (found,) = document(noria("worker", "ls", "--json"))
    assert (found["alive"], found["ended"]) == (False, "2026-11-18T11:07:40.000000Z")


def test_of_one_pool(noria, workers):
    def names(pool):
        return [each["name"] for each in document(noria("worker", "ls", "-p", pool, "--json"))]

    assert names("default") == ["two"]
    assert names("serve load/夜间") == ["script"]
    result = noria("worker", "ls", "--pool", "defualt")
    assert result.exit_code == 3
    assert "did you mean default?" in result.stderr


def test_of_a_pool_that_nobody_works_for(noria):
    noria("pool", "set", "夜 间")
    result = noria("worker", "ls", "--pool", "夜 间", tty=True)
    assert result.stderr == "No workers. Start one: noria worker start --pool '夜 间'\n"


def test_times_in_utc(noria, workers):
    assert "2026-11-18 11:07:32 UTC" in noria("worker", "ls", "--utc", tty=True).stdout


class TestPoolsThatNobodyUses:
    """A worker of a misspelt pool would wait in vain, and look well."""

    @pytest.fixture
    def said(self, store, tmp_path, capsys):
        def notes(*pools):
            note_unused(App({"NORIA_HOME": str(tmp_path)}, store), pools)
            return capsys.readouterr().err

        return notes

    @pytest.fixture
    def deployed(self, store):
        spec = DeploymentSpec("etl", "夜间", "etl.py:etl", pool="etl")
        served = spec._replace(name="own", pool="serve etl/own")
        store.apply_deployments([spec, served], NOW)

    def test_a_name_that_is_near_is_offered(self, said, deployed):
        assert said("elt") == ("No deployment leaves runs in pool elt yet; did you mean etl?\n")

    def test_else_those_that_are_used_are_named(self, said, deployed):
        assert said("default") == (
            "No deployment leaves runs in pool default yet; they leave theirs in etl\n"
        )

    def test_before_anything_is_deployed(self, said):
        assert said("etl") == "No deployment leaves runs in pool etl yet\n"

    def test_pools_that_are_used(self, said, deployed):
        assert said("etl", "serve etl/own") == ""
        assert said() == ""


def test_a_name_that_no_pool_can_have(noria):
    result = noria("worker", "start", "--pool", "")
    assert result.exit_code == 2
    assert "no pool can be called ''" in result.stderr
