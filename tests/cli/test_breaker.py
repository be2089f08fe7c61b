"""`noria breaker`."""

from __future__ import annotations

import json

import pytest

from noria.backend import processes
from noria.core.breakers import (
    CircuitState,
    Enter,
    Holder,
    Leave,
    Outcome,
    Rules,
    Trip,
)
from noria.core.ids import new_id

MINUTE = 60_000_000
ONE = Rules(MINUTE, failure_threshold=1)


@pytest.fixture
def fail(store):
    """Let calls through a breaker fail."""

    def once(name, rules=ONE, outcome=Outcome.FAILURE):
        token = new_id()
        now = processes.moment()
        entered = store.change_breaker(name, Enter(token, Holder(b"", 1, 1)), now, rules)
        if entered.admitted:
            event = Leave(token, entered.row.generation, outcome, "ConnectionError: no answer")
            store.change_breaker(name, event, now, rules)

    return once


def test_ls_lists_them_by_name(noria, fail, stopped):
    fail("mail", outcome=Outcome.SUCCESS)
    fail("crm-接口")
    stopped.sleep(15)
    lines = noria("breaker", "ls", tty=True).stdout.splitlines()
    assert lines[0].split() == ["NAME", "STATE", "SINCE", "FAILURES", "NEXT", "TRY", "WHY"]
    why = ["a", "failure", "with", "ConnectionError:", "no", "answer"]
    assert lines[1].split() == ["crm-接口", "OPEN", "15s", "ago", "1", "in", "45s", *why]
    assert lines[2].split() == ["mail", "CLOSED", "15s", "ago", "0"]
    assert noria("breaker", "ls", "--open", "-o", "name").stdout == "crm-接口\n"
    stopped.sleep(45)
    assert "with the next call" in noria("breaker", "ls", tty=True).stdout


def test_states_have_colours(noria, fail):
    fail("crm")
    assert "\x1b[31m\x1b[1mOPEN" in noria("breaker", "ls", "--color", "always", tty=True).stdout


def test_ls_says_when_there_is_nothing(noria, fail):
    assert noria("breaker", "ls", tty=True).stderr == "No circuit breakers.\n"
    fail("mail", outcome=Outcome.SUCCESS)
    result = noria("breaker", "ls", "--open", tty=True)
    assert result.stderr == "No circuit breakers are open.\n"


def test_show_tells_people_all_of_it(noria, fail, stopped):
    rules = Rules(MINUTE, failure_rate=0.25, window=2 * MINUTE, minimum_calls=6)
    for outcome in (0, 0, 1, 0, 0, 1):
        fail("crm", rules, Outcome(outcome))
    stopped.sleep(20)
    assert noria("breaker", "show", "crm", tty=True).stdout.splitlines() == [
        "crm",
        "  state         OPEN, since 20s ago",
        "  reason        2 of 6 calls within 120 s failed, the last with "
        "ConnectionError: no answer",
        "  next try      in 40s",
        "  failures      1 in a row",
        "  window        2 of 6 calls failed within 2 min 00 s",
        "  last failure  20s ago: ConnectionError: no answer",
        "  opens         when 25 % of at least 6 calls within 2 min 00 s have failed",
        "  stays open    1 min 00 s",
    ]


def test_show_tells_programs_all_of_it(noria, fail):
    fail("crm")
    document = json.loads(noria("breaker", "show", "crm", "--json").stdout)
    assert document == {
        "id": "crm",
        "name": "crm",
        "state": "OPEN",
        "since": "2026-11-18T11:07:40.000000Z",
        "reason": "a failure with ConnectionError: no answer",
        "next_try": "2026-11-18T11:08:40.000000Z",
        "failure_count": 1,
        "last_failure": "2026-11-18T11:07:40.000000Z",
        "last_error": "ConnectionError: no answer",
        "window_calls": None,
        "window_failures": None,
        "failure_threshold": 1,
        "timeout": 60.0,
        "failure_rate": None,
        "window": None,
        "minimum_calls": None,
        "created": "2026-11-18T11:07:40.000000Z",
        "updated": "2026-11-18T11:07:40.000000Z",
    }


def test_an_unknown_one_names_the_nearest(noria, fail):
    result = noria("breaker", "show", "crn")
    assert result.exit_code == 3
    assert "there are no circuit breakers at all" in result.stderr
    fail("crm")
    assert noria("breaker", "reset", "crn").stderr.splitlines() == [
        "error[N017]: there is no circuit breaker crn",
        "  did you mean crm?",
        "  list them: noria breaker ls",
    ]


def test_trip_opens_and_reset_closes(noria, store, fail, stopped):
    fail("crm", outcome=Outcome.SUCCESS)
    fail("mail")
    result = noria("breaker", "trip", "crm", "--for", "1h30m", "--reason", "维护", tty=True)
    assert "tripped by hand: 维护" in result.stdout
    row = store.breaker("crm")
    assert (row.state, row.until - row.seen) == (CircuitState.OPEN, 90 * MINUTE)
    assert "after a reset" in noria("breaker", "trip", "crm", tty=True).stdout
    assert noria("breaker", "reset", "crm", "nothing", "mail").exit_code == 3
    assert store.breaker("mail").state is CircuitState.OPEN
    assert noria("breaker", "reset", "crm", "mail", "-o", "name").stdout == "crm\nmail\n"
    assert {row.state for row in store.breakers()} == {CircuitState.CLOSED}


def test_trip_for_something_else(noria, store, fail):
    fail("crm", outcome=Outcome.SUCCESS)
    assert noria("breaker", "trip", "crm", "--for", "soon").stderr.splitlines() == [
        "error[N002]: --for soon is no span of time",
        "  expected such as 30s, 10m, 2h, 1d12h",
    ]
    assert store.breaker("crm").state is CircuitState.CLOSED


def test_a_trial_under_way(noria, store, fail, stopped):
    fail("crm")
    store.change_breaker("crm", Trip(1), processes.moment())
    stopped.sleep(1)
    trial = Enter(new_id(), Holder(b"", 1, 1))
    assert store.change_breaker("crm", trial, processes.moment()).admitted
    lines = noria("breaker", "ls", tty=True).stdout
    assert "HALF_OPEN" in lines
    assert "a trial is under way" in lines
