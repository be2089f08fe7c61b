"""Circuit breakers: one step after another, whoever makes them."""

from __future__ import annotations

import os
import threading

from noria.backend import processes
from noria.core.breakers import (
    CircuitState,
    Enter,
    Holder,
    Leave,
    Moment,
    Outcome,
    Reset,
    Rules,
    Trip,
)
from noria.core.ids import new_id
from tests.conformance.rows import LEASE, NOON, process

MINUTE = 60_000_000
RULES = Rules(timeout=MINUTE, failure_threshold=1)
NOBODY = Holder(b"nobody", 1, 1)


def at(span):
    return Moment(NOON + span, span, "boot")


def failed(backend, name="crm", span=0):
    """A breaker that one failure has opened."""
    token = new_id()
    entered = backend.change_breaker(name, Enter(token, NOBODY), at(span), RULES)
    event = Leave(token, entered.row.generation, Outcome.FAILURE, "E: 连接失败")
    return backend.change_breaker(name, event, at(span), RULES)


def test_a_breaker_is_there_from_the_first_call_on(backend):
    assert backend.breaker("航班 crm") is None
    answer = backend.change_breaker("航班 crm", Enter(new_id(), NOBODY), at(0), RULES)
    assert answer.admitted
    assert backend.breaker("航班 crm") == answer.row
    assert answer.row.state is CircuitState.CLOSED
    assert backend.info().rows["breakers"] == 1


def test_who_has_no_rules_makes_none(backend):
    assert backend.change_breaker("crm", Reset(), at(0)) is None
    assert backend.breakers() == []


def test_it_comes_back_as_it_was_left(backend):
    answer = failed(backend)
    assert (answer.before, answer.row.state) == (CircuitState.CLOSED, CircuitState.OPEN)
    assert backend.breaker("crm") == answer.row
    refused = backend.change_breaker("crm", Enter(new_id(), NOBODY), at(1), RULES)
    assert not refused.admitted
    assert refused.row == answer.row
    tripped = backend.change_breaker("crm", Trip(5, "维护"), at(2))
    assert tripped.row.reason == "tripped by hand: 维护"
    assert tripped.row.rules == answer.row.rules
    assert backend.breaker("crm") == tripped.row


def test_they_are_listed_by_name(backend):
    for name in ("b", "c", "a"):
        failed(backend, name)
    assert [row.name for row in backend.breakers()] == ["a", "b", "c"]
    assert [row.name for row in backend.breakers(after="a", limit=1)] == ["b"]


def test_of_many_that_would_make_the_trial_one_does(backend):
    failed(backend)
    backend.register_process(process(id=b"p" * 16, beat=NOON + MINUTE))
    holder = Holder(b"p" * 16, 1, 1)
    begin = threading.Barrier(6)
    admitted = []

    def ask():
        begin.wait()
        answer = backend.change_breaker("crm", Enter(new_id(), holder), at(MINUTE), RULES)
        admitted.append(answer.admitted)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(admitted) == [False] * 5 + [True]


def test_no_failure_is_lost_among_many(backend):
    rules = RULES._replace(failure_threshold=1000)
    begin = threading.Barrier(4)

    def fail():
        begin.wait()
        for _ in range(25):
            token = new_id()
            entered = backend.change_breaker("crm", Enter(token, NOBODY), at(0), rules)
            event = Leave(token, entered.row.generation, Outcome.FAILURE)
            backend.change_breaker("crm", event, at(0), rules)

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert backend.breaker("crm").failures == 100


def trial_by(backend, holder, span):
    return backend.change_breaker("crm", Enter(new_id(), holder), at(span), RULES).admitted


def test_the_trial_of_a_process_of_another_host_is_over_with_its_lease(backend):
    row = process(beat=NOON + MINUTE)
    backend.register_process(row)
    failed(backend)
    assert trial_by(backend, Holder(row.id, row.pid, 1), MINUTE)
    assert not trial_by(backend, NOBODY, MINUTE + LEASE)
    assert trial_by(backend, NOBODY, MINUTE + LEASE + 1)


def test_the_trial_of_a_process_that_has_ended_is_over(backend):
    row = processes.this_process(NOON, 10**12)
    backend.register_process(row)
    failed(backend)
    assert trial_by(backend, processes.holder(row.id), MINUTE)
    assert not trial_by(backend, NOBODY, MINUTE + 1)
    backend.end_process(row.id, NOON + MINUTE, None)
    assert trial_by(backend, NOBODY, MINUTE + 2)


def test_the_trial_of_a_child_is_over_when_the_child_is_gone(backend):
    row = processes.this_process(NOON, 10**12)
    backend.register_process(row)
    failed(backend)
    gone = Holder(row.id, os.getpid(), processes.holder(row.id).started - 1)
    assert trial_by(backend, gone._replace(pid=2**22 + 1), MINUTE)
    assert trial_by(backend, processes.holder(row.id), MINUTE + 1)
    assert not trial_by(backend, NOBODY, MINUTE + 2)
