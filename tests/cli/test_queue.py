"""`noria queue`."""

from __future__ import annotations

import json

import pytest

from noria.backend.deployments_port import RunRequest
from noria.cli.queue import rm
from noria.core.deployments import DeploymentSpec
from noria.core.pools import PoolRow, QueueRow
from tests.cli.conftest import NOW

SPEC = DeploymentSpec("load", "夜间", "etl.py:load", path="/srv/etl", pool="etl", queue="急")


@pytest.fixture
def deployed(store):
    """A deployment of the pool `etl` and its queue `急`."""
    store.apply_deployments([SPEC], NOW)
    (row,) = store.find_deployments(SPEC.full_name)
    return row.id


def document(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_ls_says_that_there_are_none(noria):
    result = noria("queue", "ls", tty=True)
    assert result.stderr == "No queues yet. Make one: noria queue set POOL NAME --rank 2\n"


def test_ls_in_the_order_of_their_rank(noria, store, deployed):
    store.request_run(RunRequest(deployed, NOW), NOW)
    store.request_run(RunRequest(deployed, NOW, queue="other"), NOW)
    store.set_queue(QueueRow("etl", "b", "备用", 2, 3, True), NOW)
    lines = noria("queue", "ls", "etl", tty=True).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["POOL", "QUEUE", "RANK", "STATUS", "LIMIT", "UNDER", "WAY", "WAITING", "ABOUT"],
        ["etl", "other", "1", "READY", "none", "0", "1"],
        ["etl", "急", "1", "READY", "none", "0", "1"],
        ["etl", "b", "2", "PAUSED", "3", "0", "0", "备用"],
    ]
    assert noria("queue", "ls", "etl", "-o", "csv").stdout.splitlines()[::3] == [
        "pool,name,rank,status,concurrency_limit,under_way,waiting,description",
        "etl,b,2,PAUSED,3,0,0,备用",
    ]


def test_ls_of_all_pools_for_programs(noria, store, deployed):
    store.set_queue(QueueRow("gpu", "b", slots=0), NOW)
    first, second = document(noria("queue", "ls", "--json"))
    assert (first["id"], first["created"], first["waiting"]) == ("etl/急", None, 0)
    assert second == {
        "id": "gpu/b",
        "pool": "gpu",
        "name": "b",
        "description": None,
        "rank": 1,
        "status": "FULL",
        "paused": False,
        "concurrency_limit": 0,
        "under_way": 0,
        "waiting": 0,
        "created": "2026-11-18T11:07:40.000000Z",
        "updated": "2026-11-18T11:07:40.000000Z",
    }
    assert noria("queue", "ls", "-o", "name").stdout == "etl/急\ngpu/b\n"
    assert noria("queue", "ls").stdout.splitlines()[1] == "gpu\tb\t1\tFULL\t0\t0\t0\t"
    assert len(noria("queue", "ls", "-o", "jsonl").stdout.splitlines()) == 2


def test_set_makes_and_changes(noria, store, deployed):
    def known():
        return {use.queue.name: use.queue[2:6] for use in store.queues("etl", NOW)}

    noria("queue", "set", "etl", "急", "--rank", "2", "--limit", "3")
    assert known() == {"急": (None, 2, 3, False)}
    noria("queue", "set", "etl", "急", "--no-limit", "--description", "先来")
    assert known() == {"急": ("先来", 2, None, False)}
    assert noria("queue", "set", "etl", "急", "--description", "", tty=True).exit_code == 0
    assert known() == {"急": (None, 2, None, False)}


@pytest.mark.parametrize(
    "options",
    [
        ("--rank", "0"),
        ("--rank", "-1"),
        ("--rank", "9999999"),
        ("--limit", "-1"),
        ("--limit", "1", "--no-limit"),
        ("--description", "a\udcff"),
    ],
)
def test_options_that_cannot_be(noria, store, deployed, options):
    result = noria("queue", "set", "etl", "b", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith("error[N002]: ")
    assert store.queues("etl", NOW) == []


@pytest.mark.parametrize("name", ["", "a/b", "a\nb"])
def test_names_that_cannot_be(noria, store, deployed, name):
    result = noria("queue", "set", "etl", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error[N002]: a queue cannot have the name {name!r}\n")
    assert store.queues("etl", NOW) == []


def test_of_an_unknown_pool(noria, deployed):
    for command in (("ls", "elt"), ("set", "elt", "b"), ("pause", "elt", "b")):
        result = noria("queue", *command)
        assert result.exit_code == 3
        assert result.stderr.startswith("error[N017]: there is no pool elt\n  did you mean etl?\n")


def test_pause_and_resume(noria, store, deployed):
    (found,) = document(noria("queue", "pause", "etl", "急", "--json"))
    assert (found["status"], found["paused"]) == ("PAUSED", True)
    assert "READY" in noria("queue", "resume", "etl", "急", tty=True).stdout
    assert not store.queues("etl", NOW)[0].queue.paused
    assert document(noria("queue", "pause", "etl", "default", "--json"))[0]["paused"]


def test_an_unknown_one_names_the_nearest(noria, store):
    store.set_pool(PoolRow("夜 间"), NOW)
    store.set_queue(QueueRow("夜 间", "urgent"), NOW)
    assert noria("queue", "pause", "夜 间", "urgnet").stderr.splitlines() == [
        "error[N017]: pool 夜 间 has no queue urgnet",
        "  did you mean urgent?",
        "  list them: noria queue ls '夜 间'",
        "  make it: noria queue set '夜 间' urgnet",
    ]


def test_rm_asks_first(noria, store, deployed, monkeypatch):
    store.set_queue(QueueRow("etl", "急", rank=2), NOW)
    store.request_run(RunRequest(deployed, NOW), NOW)
    assert noria("queue", "rm", "etl", "急").exit_code == 2
    monkeypatch.setattr(rm, "can_ask", lambda: True)
    assert noria("queue", "rm", "etl", "急", tty=True, input="n\n").exit_code == 130
    result = noria("queue", "rm", "etl", "急", tty=True, input="y\n")
    assert "  急  0 under way, 1 waiting" in result.stderr
    (use,) = store.queues("etl", NOW)
    assert (use.queue, use.waiting) == (QueueRow("etl", "急"), 1)
    result = noria("queue", "rm", "etl", "急", "-y")
    assert result.exit_code == 6
    assert "nothing was set of queue 急 of pool etl" in result.stderr
