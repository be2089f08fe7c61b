"""Which loops are called when, and by whom."""

from __future__ import annotations

import json

import pytest

from noria.backend.local import LocalBackend
from noria.backend.processes import this_process
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.core.settings import Settings
from noria.services.keeper import Keeper, services
from noria.services.service import Done, Service
from tests.conformance.rows import LEASE, NOON, SECOND

SERVICES = services(Settings())
MINUTE = 60 * SECOND
RULE = {"kind": "interval", "interval": MINUTE, "anchor": NOON, "timezone": "UTC"}
SPEC = DeploymentSpec("etl", "often", "etl.py:etl", schedules=(ScheduleSpec("often", RULE),))


@pytest.fixture
def backend():
    opened = LocalBackend(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def process(backend):
    """Makes processes that live."""

    def make(started=None):
        row = this_process(NOON, LEASE)
        row = row if started is None else row._replace(started=started)
        backend.register_process(row)
        return row.id

    return make


def turn(keeper, seconds, changed=False):
    keeper.turn(NOON + int(seconds * SECOND), float(seconds), changed)


def dues(backend):
    (row,) = backend.find_deployments(SPEC.full_name)
    runs = backend.deployment_runs(row.id)
    return sorted((json.loads(run.settings)["scheduled"] - NOON) // SECOND for run in runs)


def test_who_leads_makes_at_once_what_is_due(backend, process):
    backend.apply_deployments([SPEC], NOON)
    keeper = Keeper(backend, process(), SERVICES)
    turn(keeper, 0)
    assert keeper.leads
    assert keeper.next_due() == NOON + MINUTE
    turn(keeper, 59.9)
    assert dues(backend) == []
    turn(keeper, 60)
    assert dues(backend) == [60]
    assert keeper.next_due() == NOON + 2 * MINUTE


def test_a_new_schedule_is_seen_when_the_store_has_changed(backend, process):
    keeper = Keeper(backend, process(), SERVICES)
    turn(keeper, 0)
    assert keeper.next_due() is None
    backend.apply_deployments([SPEC], NOON)
    turn(keeper, 1, changed=True)
    assert keeper.next_due() == NOON + MINUTE


def test_the_others_look_whether_it_was_done(backend, process):
    backend.apply_deployments([SPEC], NOON)
    leader, other = Keeper(backend, process(), SERVICES), Keeper(backend, process(), SERVICES)
    for keeper in (leader, other):
        turn(keeper, 0)
    assert not other.leads
    assert other.next_due() == NOON + 61 * SECOND
    turn(other, 60.9)
    assert dues(backend) == []
    turn(leader, 60.9)
    turn(other, 61)
    turn(other, 121)
    assert dues(backend) == [60, 120], "who leads has not done it in time"


def test_a_loop_that_fails_does_not_keep_the_others_from_their_work(backend, process):
    said, calls = [], []

    def fails(_backend, _now):
        calls.append(1)
        raise KeyError("what")

    backend.apply_deployments([SPEC], NOON)
    broken = Service("broken", fails, 1.0, "Fails")
    keeper = Keeper(backend, process(), (broken, *SERVICES), said.append)
    for seconds in (0, 1, 60):
        turn(keeper, seconds)
    assert dues(backend) == [60]
    assert len(calls) == 2, "it is tried again only after a while"
    assert said[0] == ("a bug in noria: broken has failed, and is tried again: KeyError: 'what'")


def test_what_a_later_noria_has_written_is_told_of(backend, process):
    said = []
    backend.apply_deployments([SPEC._replace(name="later", overlap="later"), SPEC], NOON)
    keeper = Keeper(backend, process(), SERVICES, said.append)
    for seconds in (0, 60, 61, 62):
        turn(keeper, seconds, changed=True)
    assert dues(backend) == [60]
    assert sum("The schedule 'often' of etl/later makes no runs" in text for text in said) == 1


def test_another_leads_when_the_first_is_gone(backend, process):
    said = []
    first, second = (
        Keeper(backend, process(started=1), SERVICES),
        Keeper(backend, process(), SERVICES, said.append),
    )
    turn(first, 0)
    assert first.leads
    turn(second, 0)
    assert second.leads


def test_another_leads_when_the_first_has_left(backend, process):
    first, second = Keeper(backend, process(), SERVICES), Keeper(backend, process(), SERVICES)
    turn(first, 0)
    turn(second, 0)
    first.close()
    assert not first.leads
    turn(second, 0.5)
    assert not second.leads, "it looks once a second"
    turn(second, 1)
    assert second.leads


def test_loops_are_called_every_so_often_and_tell_what_they_did(backend, process):
    called, said = [], []

    def run_once(given, now):
        assert given is backend
        called.append((now - NOON) // SECOND)
        return Done([f"did {len(called)}"])

    service = Service("mine", run_once, 10.0, "")
    keeper = Keeper(backend, process(), [service], said.append)
    for seconds in range(35):
        turn(keeper, seconds)
    assert called == [0, 10, 20, 30]
    assert said == ["did 1", "did 2", "did 3", "did 4"]
    keeper.hurry()
    turn(keeper, 35)
    assert called[-1] == 35


def test_one_that_has_more_to_do_is_called_again_soon(backend, process):
    called = []

    def run_once(given, now):
        called.append((now - NOON) / SECOND)
        return Done(more=len(called) < 3)

    keeper = Keeper(backend, process(), [Service("mine", run_once, 60.0, "")])
    for tenth in range(100):
        turn(keeper, tenth / 10)
    assert called == [0, 0.2, 0.4]


def test_who_does_not_lead_calls_them_less_often(backend, process):
    called = []
    service = Service("mine", lambda _backend, now: called.append(now) or Done(), 10.0, "")
    leader = Keeper(backend, process(), [])
    other = Keeper(backend, process(), [service])
    turn(leader, 0)
    for seconds in range(100):
        turn(other, seconds)
    assert [(now - NOON) // SECOND for now in called] == [0, 40, 80]


def test_every_loop_has_a_name_and_a_purpose():
    names = [service.name for service in SERVICES]
    assert len(set(names)) == len(names)
    assert all(service.purpose and service.every > 0 for service in SERVICES)


def test_who_has_made_a_run_says_of_which_deployment(backend, process):
    said = []
    backend.apply_deployments([SPEC], NOON)
    keeper = Keeper(backend, process(), SERVICES, said.append)
    turn(keeper, 0)
    turn(keeper, 60)
    (line,) = said
    assert line.endswith("due by a schedule of etl/often")
