"""`noria pool`."""

from __future__ import annotations

import json

import pytest

from noria.backend.deployments_port import RunRequest
from noria.cli.pool import rm
from noria.core.deployments import DeploymentSpec
from noria.core.pools import PoolRow, QueueRow, WorkerRow
from noria.core.slots import LimitRow
from tests.cli.conftest import NOW
from tests.conformance.rows import LEASE, SECOND, process

SPEC = DeploymentSpec("load", "夜间", "etl.py:load", path="/srv/etl", pool="etl")
HEADINGS = ["POOL", "STATUS", "LIMIT", "UNDER", "WAY", "WAITING", "WORKERS", "DEPLOYMENTS", "ABOUT"]


@pytest.fixture
def asked(store):
    """Asks for runs of deployments."""

    def ask(spec=SPEC, **changes):
        store.apply_deployments([spec], NOW)
        (row,) = store.find_deployments(spec.full_name)
        return store.request_run(RunRequest(row.id, NOW, **changes), NOW).id

    return ask


@pytest.fixture
def worker(store):
    """A worker of the pool `etl`, lab."""
    row = process(beat=NOW, lease=LEASE)
    store.register_process(row)
    store.register_worker(WorkerRow(row.id, "一号", ("etl",), 2, NOW - 5 * SECOND))
    return row.id


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def cells(line):
    return line.split()


class TestLs:
    def test_it_says_that_there_are_none(self, noria):
        result = noria("pool", "ls", tty=True)
        assert result.stderr.startswith("No pools yet. Name one: ")
        assert document(noria("pool", "ls", "--json")) == []

    def test_whether_runs_are_taken(self, noria, store, asked, worker):
        asked()
        asked()
        store.claim(["etl"], worker, 1, NOW)
        store.set_pool(PoolRow("gpu", slots=0, description="显卡"), NOW)
        store.set_pool(PoolRow("rest", paused=True), NOW)
        store.set_pool(PoolRow("said"), NOW)
        lines = noria("pool", "ls", tty=True).stdout.splitlines()
        assert cells(lines[0]) == HEADINGS
        assert [cells(line) for line in lines[1:]] == [
            ["etl", "READY", "none", "1", "1", "1", "1"],
            ["gpu", "FULL", "0", "0", "0", "0", "0", "显卡"],
            ["rest", "PAUSED", "none", "0", "0", "0", "0"],
            ["said", "NOT_READY", "none", "0", "0", "0", "0"],
        ]

    def test_those_of_scripts_are_left_out(self, noria, asked):
        asked(SPEC._replace(pool="serve load/夜间"))
        assert noria("pool", "ls", "-o", "name").stdout == ""
        (found,) = document(noria("pool", "ls", "--all", "--json"))
        assert found["reason"] == "the script that serves the deployment does not run"

    def test_for_programs(self, noria, store, asked):
        asked()
        store.set_pool(PoolRow("gpu", slots=3, description="显卡"), NOW)
        etl, gpu = document(noria("pool", "ls", "--json"))
        assert gpu == {
            "id": "gpu",
            "name": "gpu",
            "type": "process",
            "description": "显卡",
            "status": "NOT_READY",
            "reason": "no worker takes runs of it; noria worker start --pool gpu is one",
            "paused": False,
            "concurrency_limit": 3,
            "under_way": 0,
            "waiting": 0,
            "worker_count": 0,
            "deployment_count": 0,
            "created": "2026-11-18T11:07:40.000000Z",
            "updated": "2026-11-18T11:07:40.000000Z",
        }
        assert (etl["created"], etl["waiting"], etl["deployment_count"]) == (None, 1, 1)
        assert noria("pool", "ls", "-o", "csv").stdout.splitlines() == [
            "name,status,concurrency_limit,under_way,waiting,worker_count,deployment_count,description",
            "etl,NOT_READY,,0,1,0,1,",
            "gpu,NOT_READY,3,0,0,0,0,显卡",
        ]
        assert noria("pool", "ls").stdout.splitlines()[1] == "gpu\tNOT_READY\t3\t0\t0\t0\t0\t显卡"
        assert len(noria("pool", "ls", "-o", "jsonl").stdout.splitlines()) == 2

    def test_states_have_colours(self, noria, store):
        store.set_pool(PoolRow("rest", paused=True), NOW)
        lines = noria("pool", "ls", "--color", "always", tty=True).stdout
        assert "\x1b[33mPAUSED" in lines


class TestSet:
    def test_it_makes_and_changes(self, noria, store):
        def known():
            (use,) = store.pools(NOW)
            return use.pool[:5]

        assert noria("pool", "set", "显卡", "-o", "name").stdout == "显卡\n"
        assert known() == ("显卡", "process", None, None, False)
        noria("pool", "set", "显卡", "--limit", "2", "--description", "夜间", "--type", "process")
        assert known() == ("显卡", "process", "夜间", 2, False)
        noria("pool", "pause", "显卡")
        noria("pool", "set", "显卡", "--no-limit")
        assert known() == ("显卡", "process", "夜间", None, True)
        noria("pool", "set", "显卡", "--description", "", "--limit", "0")
        assert known() == ("显卡", "process", None, 0, True)

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("", "it is empty"),
            ("  ", "it is empty"),
            ("a/b", "it holds a '/'"),
            ("a\tb", "it holds a control character"),
            ("a\x7f", "it holds a control character"),
            ("a\udcff", "it holds a control character, or bytes that are no text"),
            ("池" * 256, "it is longer than 255 signs"),
            ("serve x", "pools that begin with 'serve ' are those of scripts"),
        ],
    )
    def test_names_that_cannot_be(self, noria, store, name, why):
        result = noria("pool", "set", name)
        assert result.exit_code == 2
        head, reason, expected = result.stderr.splitlines()
        assert head.startswith("error[N002]: a pool cannot have the name ")
        assert reason.strip().startswith(why)
        assert expected == "  expected 1 to 255 printable signs without '/'"
        assert store.pools(NOW) == []

    @pytest.mark.parametrize(
        "options",
        [
            ("--limit", "-1"),
            ("--limit", "many"),
            ("--limit", "99999999999"),
            ("--limit", "1", "--no-limit"),
            ("--type", "docker"),
            ("--description", "a\udcff"),
        ],
    )
    def test_options_that_cannot_be(self, noria, store, options):
        result = noria("pool", "set", "etl", *options)
        assert result.exit_code == 2
        assert result.stderr.startswith("error[N002]: ")
        assert store.pools(NOW) == []


class TestPause:
    def test_nothing_is_taken_until_it_goes_on(self, noria, store, asked, worker):
        run = asked()
        (found,) = document(noria("pool", "pause", "etl", "--json"))
        assert found["status"] == "PAUSED"
        assert found["reason"] == "it is paused; noria pool resume etl lets it go on"
        assert store.claim(["etl"], worker, 1, NOW) == []
        assert cells(noria("pool", "resume", "etl", tty=True).stdout.splitlines()[1])[1] == "READY"
        assert [claim.run.id for claim in store.claim(["etl"], worker, 1, NOW)] == [run]

    def test_all_or_none(self, noria, store):
        store.set_pool(PoolRow("etl"), NOW)
        result = noria("pool", "pause", "etl", "elt")
        assert result.exit_code == 3
        assert result.stderr.splitlines() == [
            "error[N017]: there is no pool elt",
            "  did you mean etl?",
            "  list them: noria pool ls",
            "  make it: noria pool set elt",
        ]
        assert not store.pools(NOW)[0].pool.paused

    def test_the_default_pool_is_always_there(self, noria, store):
        row = process(beat=NOW, lease=LEASE)
        store.register_process(row)
        store.register_worker(WorkerRow(row.id, "w", None, None, NOW))
        assert document(noria("pool", "show", "default", "--json"))["worker_count"] == 1
        (found,) = document(noria("pool", "pause", "default", "default", "--json"))
        assert (found["name"], found["paused"]) == ("default", True)


class TestRm:
    def test_it_asks_first(self, noria, store, asked, monkeypatch):
        asked()
        store.set_pool(PoolRow("etl", slots=1), NOW)
        store.set_queue(QueueRow("etl", "a"), NOW)
        result = noria("pool", "rm", "etl")
        assert result.exit_code == 2
        assert "will not remove 1 pool without being sure" in result.stderr
        monkeypatch.setattr(rm, "can_ask", lambda: True)
        assert noria("pool", "rm", "etl", tty=True, input="n\n").exit_code == 130
        result = noria("pool", "rm", "etl", tty=True, input="y\n")
        assert "  etl  0 under way, 1 waiting; 1 deployment that names etl stays\n" in result.stderr
        assert result.stderr.endswith(
            "1 deployment that names etl stays, and so does what waits in it.\n"
        )
        (use,) = store.pools(NOW)
        assert (use.pool, use.waiting) == (PoolRow("etl"), 1)
        assert [each.queue.name for each in store.queues("etl", NOW)] == ["default"]

    def test_nothing_was_set(self, noria, asked):
        asked()
        asked(SPEC._replace(name="two"))
        result = noria("pool", "rm", "etl", "-y")
        assert result.exit_code == 6
        assert result.stderr.splitlines() == [
            "error[N020]: nothing was set of pool etl, so that there is nothing to remove",
            "  2 deployments that name etl stay",
            "  see noria deployment ls",
        ]

    def test_queues_of_a_pool_of_which_nothing_was_set(self, noria, store):
        store.set_queue(QueueRow("etl", "a", rank=2), NOW)
        assert noria("pool", "rm", "etl", "--yes", "-o", "name").stdout == "etl\n"
        assert noria("pool", "rm", "etl", "--yes").exit_code == 3


class TestShow:
    def test_all_of_it(self, noria, store, asked, worker):
        asked()
        asked(queue="急")
        store.claim(["etl"], worker, 1, NOW)
        store.set_pool(PoolRow("etl", slots=2, description="夜间的"), NOW)
        store.set_queue(QueueRow("etl", "slow", rank=3, slots=1, paused=True), NOW)
        lines = noria("pool", "show", "etl", tty=True).stdout.splitlines()
        assert lines[:8] == [
            "etl",
            "  about        夜间的",
            "  type         process",
            "  status       READY",
            "  reason       limits of deployments or of tags hold back what waits, unless it is "
            "just being taken",
            "  limit        2",
            "  under way    1",
            "  waiting      1",
        ]
        assert lines[8] == "  deployments  load/夜间"
        assert [cells(line) for line in lines[9:]] == [
            [],
            ["QUEUE", "RANK", "STATUS", "LIMIT", "UNDER", "WAY", "WAITING", "ABOUT"],
            ["default", "1", "READY", "none", "1", "0"],
            ["急", "1", "READY", "none", "0", "1"],
            ["slow", "3", "PAUSED", "1", "0", "0"],
            [],
            cells("WORKER POOLS STATE LIMIT UNDER WAY HOST PID SINCE LAST BEAT"),
            cells("一号 etl alive 2 1 lab 4711 5s ago now"),
        ]

    def test_for_programs(self, noria, asked, worker):
        asked()
        found = document(noria("pool", "show", "etl", "--json"))
        assert found["deployments"] == ["load/夜间"]
        assert [each["id"] for each in found["queues"]] == ["etl/default"]
        assert [each["name"] for each in found["workers"]] == ["一号"]
        assert noria("pool", "show", "etl", "-o", "name").stdout == "etl\n"
        assert noria("pool", "show", "etl", "-o", "csv").exit_code == 0
        assert "waiting\t1\n" in noria("pool", "show", "etl").stdout

    def test_many_deployments_are_not_all_named(self, noria, asked):
        for number in range(7):
            asked(SPEC._replace(name=f"d{number}"))
        shown = noria("pool", "show", "etl", tty=True).stdout
        assert "load/d4, and 2 more\n" in shown
        assert len(document(noria("pool", "show", "etl", "--json"))["deployments"]) == 7

    def test_an_unknown_one(self, noria):
        result = noria("pool", "show", "夜 间")
        assert result.exit_code == 3
        assert "  make it: noria pool set '夜 间'" in result.stderr


class TestReason:
    """Why nothing is taken."""

    @pytest.fixture
    def reason(self, noria):
        return lambda: document(noria("pool", "show", "etl", "--json"))["reason"]

    def test_nothing_waits(self, reason, store, worker):
        assert reason() is None

    def test_no_worker(self, reason, asked):
        asked()
        assert reason() == "no worker takes runs of it; noria worker start --pool etl is one"

    def test_a_worker_that_is_gone(self, reason, store, stopped, worker):
        store.set_pool(PoolRow("etl"), NOW)
        stopped.time += 2 * LEASE
        assert reason() == "no worker takes runs of it; noria worker start --pool etl is one"

    def test_the_pool_is_full(self, reason, store, asked, worker):
        store.set_pool(PoolRow("etl", slots=1), NOW)
        asked()
        store.claim(["etl"], worker, 1, NOW)
        assert reason() == "as many runs are under way as its limit of 1 lets be"

    def test_a_limit_of_none(self, reason, store, worker):
        store.set_pool(PoolRow("etl", slots=0), NOW)
        assert reason() == "its limit is 0"

    def test_workers_are_full(self, reason, store, asked, worker):
        for _ in range(3):
            asked()
        store.claim(["etl"], worker, 2, NOW)
        assert reason() == "all its workers have as many runs under way as their limits let be"

    def test_queues_are_closed(self, reason, store, asked, worker):
        asked(queue="a")
        asked(queue="b")
        store.set_queue(QueueRow("etl", "a", paused=True), NOW)
        store.set_queue(QueueRow("etl", "b", slots=0), NOW)
        assert reason() == "what waits is in queues that are paused or full: a, b"

    def test_a_tag_is_full(self, reason, store, asked, worker):
        store.set_limit(LimitRow("run-tag:db", 0, True, 0.0, NOW, NOW), NOW)
        asked(SPEC._replace(tags=("db",)))
        assert store.claim(["etl"], worker, 1, NOW) == []
        assert reason().startswith("limits of deployments or of tags hold back what waits")
