"""Runs for times that have passed: what every backend does alike."""

from __future__ import annotations

import json

import pytest

from noria.backend.backfills_port import BackfillRequest
from noria.backend.deployments_port import RunRequest
from noria.backend.processes import this_process
from noria.core.backfills import PlannedRun
from noria.core.deployments import DeploymentSpec, Overlap, ScheduleSpec
from noria.core.schedules.rules import Catchup
from noria.core.states import StateType
from tests.conformance.rows import LEASE, NOON, SECOND, batch, new_id

HOUR = 3600 * SECOND
HOURLY = {"kind": "interval", "interval": HOUR, "anchor": NOON, "timezone": "UTC"}
SPEC = DeploymentSpec(
    "etl", "nightly", "etl.py:etl", path="/srv/etl", schedules=(ScheduleSpec("hourly", HOURLY),)
)


@pytest.fixture
def taken(backend, worker):
    """Takes what is due."""

    def take(limit=99, now=NOON):
        return [claim.run.id for claim in backend.claim(["default"], worker, limit, now)]

    return take


def deployed(backend, **changes):
    spec = SPEC._replace(**changes)
    backend.apply_deployments([spec], NOON)
    (row,) = backend.find_deployments(spec.full_name)
    return row.id


def wish(deployment, times=range(1, 4), **changes):
    runs = [PlannedRun("hourly", NOON + hour * HOUR, {}) for hour in times]
    made = BackfillRequest(deployment, "hourly", NOON, NOON + 9 * HOUR, 1, runs)
    return made._replace(**changes)


def times_of(backend, backfill):
    rows = backend.backfill_runs(backfill)
    return [(json.loads(row.settings)["scheduled"] - NOON) // HOUR for row in rows]


def end(backend, flow_run, state=StateType.COMPLETED):
    row = backend.flow_run(flow_run)
    backend.append(batch(row._replace(state=state, state_name=None, end=NOON + SECOND)))


class TestMaking:
    def test_a_run_for_each_time(self, backend):
        deployment = deployed(backend, parameters={"a": 1, "b": 2}, tags=("生产",))
        runs = [PlannedRun("hourly", NOON + HOUR, {"b": "甲"})]
        row = backend.begin_backfill(wish(deployment, runs=runs), NOON + 5 * HOUR)
        assert (row.made, row.slots, row.schedule, row.cancelled) == (1, 1, "hourly", None)
        (run,) = backend.backfill_runs(row.id)
        assert (run.state, run.created) == (StateType.SCHEDULED, NOON + 5 * HOUR)
        assert json.loads(run.parameters) == {"a": 1, "b": "甲"}
        assert json.loads(run.tags) == ["生产"]
        assert json.loads(run.settings)["scheduled"] == NOON + HOUR

    def test_what_a_schedule_has_made_is_not_made_again(self, backend):
        deployment = deployed(backend, catchup=Catchup.ALL)
        assert len(backend.make_due_runs(NOON + 2 * HOUR)) == 2
        row = backend.begin_backfill(wish(deployment, range(1, 5)), NOON + 2 * HOUR)
        assert (row.made, times_of(backend, row.id)) == (2, [3, 4])

    def test_nor_does_a_schedule_make_again_what_a_backfill_has_made(self, backend):
        deployment = deployed(backend, catchup=Catchup.ALL)
        row = backend.begin_backfill(wish(deployment), NOON + 3 * HOUR)
        backend.make_due_runs(NOON + 4 * HOUR)
        assert (row.made, len(backend.deployment_runs(deployment))) == (3, 4)

    def test_nothing_is_kept_when_nothing_is_missed(self, backend):
        deployment = deployed(backend)
        backend.begin_backfill(wish(deployment), NOON)
        assert backend.begin_backfill(wish(deployment), NOON).made == 0
        assert len(backend.backfills()) == 1

    def test_of_what_is_not_deployed_there_are_none(self, backend):
        assert backend.begin_backfill(wish(new_id()), NOON) is None

    def test_all_of_them_again(self, backend):
        deployment = deployed(backend)
        for _ in range(2):
            assert backend.begin_backfill(wish(deployment, rerun=True), NOON).made == 3
        assert backend.begin_backfill(wish(deployment), NOON).made == 3

    def test_at_most_so_many_of_those_that_are_missed(self, backend):
        deployment = deployed(backend)
        backend.begin_backfill(wish(deployment, [1]), NOON)
        row = backend.begin_backfill(wish(deployment, range(1, 9), limit=2), NOON)
        assert times_of(backend, row.id) == [2, 3]

    def test_what_was_cancelled_before_it_began_is_missed(self, backend, taken):
        deployment = deployed(backend)
        first = backend.begin_backfill(wish(deployment), NOON)
        begun = taken()[0]
        end(backend, begun)
        backend.cancel_backfill(first.id, False, NOON)
        row = backend.begin_backfill(wish(deployment), NOON)
        assert times_of(backend, row.id) == [2, 3]
        keyed = backend.keyed_runs(deployment, [each.key for each in wish(deployment).runs])
        assert [each.is_missed for each in keyed.values()] == [False] * 3

    def test_what_has_failed_is_not(self, backend, taken):
        deployment = deployed(backend)
        backend.begin_backfill(wish(deployment, [1]), NOON)
        end(backend, taken()[0], StateType.FAILED)
        assert backend.begin_backfill(wish(deployment, [1]), NOON).made == 0

    def test_ten_thousand(self, backend, taken):
        deployment = deployed(backend)
        row = backend.begin_backfill(wish(deployment, range(10_000), slots=2), NOON)
        assert row.made == 10_000
        (use,) = backend.backfills()
        assert use.counts == {StateType.SCHEDULED: 10_000}
        runs = backend.backfill_runs(row.id, limit=3)
        assert taken() == [run.id for run in runs[:2]]
        assert taken() == []
        assert backend.cancel_backfill(row.id, False, NOON) == 9_998


class TestRunning:
    def test_so_many_at_a_time_in_their_order(self, backend, taken):
        row = backend.begin_backfill(wish(deployed(backend), range(9, 0, -1), slots=2), NOON)
        runs = [run.id for run in backend.backfill_runs(row.id)]
        assert times_of(backend, row.id) == list(range(9, 0, -1))
        for start in range(0, 9, 2):
            assert taken() == runs[start : start + 2]
            assert taken() == []
            for flow_run in runs[start : start + 2]:
                end(backend, flow_run)

    @pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.CANCEL_RUNNING, Overlap.QUEUE])
    def test_no_overlap_loses_a_run_of_it(self, backend, taken, overlap):
        row = backend.begin_backfill(wish(deployed(backend, overlap=overlap), slots=3), NOON)
        runs = [run.id for run in backend.backfill_runs(row.id)]
        for flow_run in runs:
            assert taken() == [flow_run]
            assert taken() == []
            end(backend, flow_run)
        (use,) = backend.backfills()
        assert use.counts == {StateType.COMPLETED: 3}

    @pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.CANCEL_RUNNING])
    def test_what_is_due_meanwhile_neither_ends_it_nor_is_lost(self, backend, taken, overlap):
        deployment = deployed(backend, overlap=overlap)
        backend.begin_backfill(wish(deployment, [0]), NOON)
        (under_way,) = taken()
        due = backend.request_run(RunRequest(deployment, NOON), NOON)
        assert taken() == []
        assert backend.flow_run(under_way).state is StateType.PENDING
        end(backend, under_way)
        assert taken() == [due.id]

    def test_it_waits_while_another_is_under_way_and_does_not_stop_it(self, backend, taken):
        deployment = deployed(backend, overlap=Overlap.CANCEL_RUNNING)
        due = backend.request_run(RunRequest(deployment, NOON), NOON)
        assert taken() == [due.id]
        row = backend.begin_backfill(wish(deployment), NOON)
        assert taken() == []
        assert backend.flow_run(due.id).state is StateType.PENDING
        end(backend, due.id)
        assert taken() == [backend.backfill_runs(row.id)[0].id]

    def test_a_long_one_does_not_keep_others_from_their_turn(self, backend, taken):
        deployment = deployed(backend, overlap=Overlap.QUEUE)
        row = backend.begin_backfill(wish(deployment, range(200)), NOON)
        runs = [run.id for run in backend.backfill_runs(row.id)]
        assert taken() == [runs[0]]
        due = backend.request_run(RunRequest(deployment, NOON + HOUR), NOON + HOUR)
        end(backend, runs[0])
        # One of it has waited for long enough; behind that, it is the other's turn.
        assert taken(now=NOON + HOUR) == [runs[1]]
        end(backend, runs[1])
        assert taken(now=NOON + HOUR) == [due.id]
        end(backend, due.id)
        assert taken(now=NOON + HOUR) == [runs[2]]

    def test_its_runs_are_never_late(self, backend):
        backend.begin_backfill(wish(deployed(backend)), NOON)
        assert backend.mark_late(NOON + HOUR) == []

    def test_pausing_does_not_matter(self, backend, taken):
        deployment = deployed(backend)
        backend.begin_backfill(wish(deployment, slots=3), NOON)
        backend.pause_deployment(deployment, True, NOON)
        backend.activate_schedule(deployment, "hourly", False, NOON)
        assert len(taken()) == 3


class TestLookingAfter:
    def test_counts_by_state(self, backend, taken):
        deployment = deployed(backend)
        row = backend.begin_backfill(wish(deployment, range(6), slots=3), NOON)
        first, second, _ = taken()
        end(backend, first)
        end(backend, second, StateType.FAILED)
        (use,) = backend.find_backfills(row.id.hex()[:20])
        assert (use.backfill, use.deployment) == (row, "etl/nightly")
        assert (use.waiting, use.under_way, use.ended) == (3, 1, 2)
        assert use.counts[StateType.FAILED] == 1
        failed = backend.backfill_runs(row.id, [StateType.FAILED])
        assert [run.id for run in failed] == [second]

    def test_what_was_deleted_has_ended(self, backend, taken):
        row = backend.begin_backfill(wish(deployed(backend)), NOON)
        (first,) = taken()
        end(backend, first)
        backend.delete_flow_run(first)
        (use,) = backend.find_backfills("@last")
        assert (use.backfill.id, use.ended, use.waiting) == (row.id, 1, 2)

    def test_what_goes_on_after_a_crash_has_not_ended(self, backend):
        alive = this_process(NOON, LEASE)
        gone = alive._replace(started=alive.started - 1)
        backend.register_process(gone)
        backend.begin_backfill(wish(deployed(backend), [1]), NOON)
        backend.claim(["default"], gone.id, 1, NOON)
        backend.reap(NOON)
        for _ in range(2):
            (use,) = backend.backfills()
            assert (use.waiting, use.ended) == (1, 0)
            backend.recover(NOON)

    def test_the_newest_first_and_those_of_one_deployment(self, backend):
        first, second = deployed(backend), deployed(backend, name="other")
        wanted = [wish(first), wish(second), wish(first, [5])]
        made = [backend.begin_backfill(each, NOON).id for each in wanted]
        assert [use.backfill.id for use in backend.backfills()] == made[::-1]
        assert [use.backfill.id for use in backend.backfills(first)] == [made[2], made[0]]
        assert [use.backfill.id for use in backend.backfills(limit=1)] == [made[2]]
        assert [use.backfill.id for use in backend.backfills(before=made[1])] == [made[0]]
        assert backend.find_backfills("none") == []

    def test_cancelling_what_waits(self, backend, taken):
        row = backend.begin_backfill(wish(deployed(backend)), NOON)
        (under_way,) = taken()
        assert backend.cancel_backfill(row.id, False, NOON + SECOND) == 2
        (use,) = backend.backfills()
        assert use.backfill.cancelled == NOON + SECOND
        assert use.counts == {StateType.PENDING: 1, StateType.CANCELLED: 2}
        found = backend.backfill_runs(row.id, [StateType.CANCELLED])
        assert {run.message for run in found} == {"its backfill was cancelled"}
        end(backend, under_way)
        assert taken() == []
        assert backend.cancel_backfill(row.id, True, NOON + SECOND) == 0

    def test_and_what_is_under_way(self, backend, taken):
        row = backend.begin_backfill(wish(deployed(backend)), NOON)
        (under_way,) = taken()
        assert backend.cancel_backfill(row.id, True, NOON) == 3
        assert backend.flow_run(under_way).state is StateType.CANCELLING

    def test_its_deployment_is_deleted(self, backend, taken):
        deployment = deployed(backend)
        backend.begin_backfill(wish(deployment), NOON)
        backend.delete_deployment(deployment, NOON)
        (use,) = backend.backfills()
        assert (use.deployment, use.counts) == (None, {StateType.CANCELLED: 3})
        assert taken() == []
