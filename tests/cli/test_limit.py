"""`noria limit`."""

from __future__ import annotations

import json

import pytest

from noria.cli.limit import rm
from noria.core.slots import Pool
from tests.cli.conftest import NOW
from tests.conformance.rows import LEASE, SECOND, limit, process, ticket


@pytest.fixture
def held(store):
    """A limit of one slot that one ticket holds and another waits for."""
    owner = process(beat=NOW, lease=LEASE)
    store.register_process(owner)
    store.set_limit(limit("db"), NOW)
    holder = json.dumps({"type": "task_run", "id": "1", "name": "加载-0"})
    for row in (ticket(owner.id, holder=holder), ticket(owner.id, arrived=NOW)):
        store.acquire_slots(row, NOW - 90 * SECOND)
    return owner


def test_set_makes_and_changes(noria, store):
    assert noria("limit", "set", "db", "3", "-o", "name").stdout == "db\n"
    assert store.limits("db")[0].limit[1:4] == (3, True, 0.0)
    noria("limit", "set", "db", "4", "--decay", "0.5", "--inactive")
    assert store.limits("db")[0].limit[1:4] == (4, False, 0.5)
    noria("limit", "set", "db", "5")
    assert store.limits("db")[0].limit[1:4] == (5, False, 0.5)
    noria("limit", "set", "db", "5", "--active", "--decay", "0")
    assert store.limits("db")[0].limit[1:4] == (5, True, 0.0)


def test_a_tag_has_a_limit_of_its_own_name(noria, store):
    noria("limit", "set", "--tag", "数据库", "2")
    assert store.limited_tags() == {"数据库"}
    result = noria("limit", "rm", "数据库", "-y")
    assert result.exit_code == 3
    assert "there is one of the tag 数据库: add --tag" in result.stderr
    assert noria("limit", "rm", "--tag", "数据库", "-y").exit_code == 0
    assert store.limits() == []


def test_set_refuses_what_cannot_be(noria, store):
    assert noria("limit", "set", "db", "many").exit_code == 2
    result = noria("limit", "set", "db", "1", "--decay", "nan")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error[N002]: limit 'db' cannot have a decay of nan",
        "  expected slots per second, 0 or more",
        "  see noria limit set --help",
    ]
    assert store.limits() == []


def test_ls_shows_how_full_they_are(noria, store, held):
    store.set_limit(limit("api", 9, decay=2.5, active=False), NOW)
    store.acquire_slots(ticket(held.id, pools=(Pool("api", "a"),)), NOW)
    lines = noria("limit", "ls", tty=True).stdout.splitlines()
    assert lines[0].split() == ["LIMIT", "SLOTS", "HELD", "WAITING", "REMARKS", "SET"]
    assert lines[1].split()[:4] == ["api", "9", "1", "0"]
    assert "inactive, 2.5 slots/s come free, 1 key" in lines[1]
    assert lines[2].split()[:4] == ["db", "1", "1", "1"]
    rows = json.loads(noria("limit", "ls", "--json").stdout)
    assert [(row["name"], row["held"], row["waiting"], row["keys"]) for row in rows] == [
        ("api", 1, 0, 1),
        ("db", 1, 1, 0),
    ]
    assert noria("limit", "ls", "-o", "csv").exit_code == 0


def test_ls_says_that_there_are_none(noria):
    assert (
        noria("limit", "ls", tty=True).stderr == "No limits. Make one: noria limit set NAME SLOTS\n"
    )


def test_holders_shows_who_holds_and_who_waits(noria, held):
    lines = noria("limit", "holders", "db", tty=True).stdout.splitlines()
    assert lines[0].split() == ["LIMIT", "KEY", "SLOTS", "SINCE", "WHO", "PID"]
    assert lines[1].split() == ["db", "1", "holds", "1m", "ago", "task", "run", "加载-0", "4711"]
    assert lines[2].split()[:3] == ["db", "1", "waits"]
    rows = json.loads(noria("limit", "holders", "--json").stdout)
    assert rows[0]["holder"]["name"] == "加载-0"
    assert (rows[0]["granted"] is None, rows[1]["granted"]) == (False, None)
    assert noria("limit", "holders", "-o", "csv").exit_code == 0


def test_holders_of_an_unknown_limit_names_the_nearest(noria, held):
    result = noria("limit", "holders", "dbb")
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "error[N017]: there is no limit dbb",
        "  did you mean db?",
        "  list them: noria limit ls",
    ]


def test_holders_forgets_the_dead(noria, held, stopped):
    stopped.time += 2 * LEASE
    result = noria("limit", "holders", tty=True)
    assert result.stderr == "Nobody holds slots, and nobody waits.\n"


def test_rm_asks_first(noria, store, held, monkeypatch):
    assert noria("limit", "rm", "db").exit_code == 2
    monkeypatch.setattr(rm, "can_ask", lambda: True)
    assert noria("limit", "rm", "db", tty=True, input="n\n").exit_code == 130
    result = noria("limit", "rm", "db", tty=True, input="y\n")
    assert "  db  1 held, 1 waiting" in result.stderr
    assert store.limits() == []
    assert [row.granted is not None for row in store.slot_tickets()] == [True, True]
