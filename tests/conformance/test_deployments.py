"""Deploying, scheduling and handing out: what every backend does alike."""

from __future__ import annotations

import json
import threading

import pytest

from noria.backend.deployments_port import RunRequest
from noria.core.deployments import (
    Action,
    Change,
    DeploymentSpec,
    OnCrash,
    Overlap,
    ScheduleSpec,
    Step,
)
from noria.core.pools import PoolRow
from noria.core.schedules.rules import Catchup
from noria.core.states import Name, StateType
from tests.conformance.rows import NOON, SECOND, batch, new_id, process

HOUR = 3600 * SECOND
HOURLY = {"kind": "interval", "interval": HOUR, "anchor": NOON, "timezone": "UTC"}
SPEC = DeploymentSpec("etl", "nightly", "etl.py:etl", path="/srv/etl")


def scheduled(**changes):
    return SPEC._replace(schedules=(ScheduleSpec("hourly", HOURLY),), **changes)


def deployed(backend, spec=SPEC, now=NOON):
    backend.apply_deployments([spec], now)
    (row,) = backend.find_deployments(spec.full_name)
    return row


def wish(row, due=NOON, **changes):
    return RunRequest(row.id, due, **changes)


def ended(backend, row, state=StateType.COMPLETED):
    latest = backend.flow_run(row.id)
    backend.append(batch(latest._replace(state=state, state_name=None, end=NOON + SECOND)))


class TestApplying:
    def test_a_plan_is_what_applying_does(self, backend):
        assert backend.plan_deployments([SPEC]) == [Step(Action.ADD, "etl/nightly")]
        assert backend.deployments() == []
        assert backend.apply_deployments([SPEC], NOON) == [Step(Action.ADD, "etl/nightly")]
        assert backend.plan_deployments([SPEC]) == [Step(Action.KEEP, "etl/nightly")]
        other = SPEC._replace(tags=("生产",))
        step = Step(Action.CHANGE, "etl/nightly", (Change("tags", (), ("生产",)),))
        assert backend.plan_deployments([other]) == [step]
        before = deployed(backend)
        assert backend.apply_deployments([other], NOON + 1) == [step]
        after = deployed(backend, other)
        assert (after.id, after.created, after.updated) == (before.id, NOON, NOON + 1)

    def test_pruning_removes_what_came_from_the_same_folder(self, backend):
        old, elsewhere = SPEC._replace(name="old"), SPEC._replace(name="other", path="/srv/b")
        backend.apply_deployments([SPEC, old, elsewhere], NOON)
        assert backend.plan_deployments([SPEC]) == [Step(Action.KEEP, "etl/nightly")]
        steps = backend.apply_deployments([SPEC], NOON, prune=True)
        assert steps == [Step(Action.KEEP, "etl/nightly"), Step(Action.REMOVE, "etl/old")]
        assert [row.name for row in backend.deployments()] == ["nightly", "other"]

    def test_what_is_deployed_is_found_by_name_and_by_id(self, backend):
        row = deployed(backend)
        backend.apply_deployments([SPEC._replace(flow_name="流程")], NOON)
        assert backend.find_deployments("etl/nightly") == [row]
        assert [each.flow_name for each in backend.find_deployments("nightly")] == ["etl", "流程"]
        assert backend.find_deployments(row.id.hex()) == [row]
        assert backend.deployment(row.id) == row
        assert backend.find_deployments("etl/none") == []

    def test_a_schedule_that_stays_the_same_goes_on(self, backend):
        row = deployed(backend, scheduled())
        assert [(each.since, each.due) for each in backend.schedules(row.id)] == [
            (NOON, NOON + HOUR)
        ]
        backend.apply_deployments([scheduled(tags=("new",))], NOON + 30)
        assert backend.schedules(row.id)[0].since == NOON

    def test_a_changed_schedule_leaves_nothing_behind(self, backend):
        row = deployed(backend, scheduled())
        daily = {**HOURLY, "interval": 24 * HOUR}
        backend.apply_deployments(
            [SPEC._replace(schedules=(ScheduleSpec("daily", daily),))], NOON + 2 * HOUR
        )
        (schedule,) = backend.schedules(row.id)
        assert (schedule.slug, schedule.due) == ("daily", NOON + 24 * HOUR)
        assert backend.make_due_runs(NOON + 3 * HOUR) == []

    def test_a_deleted_one_cancels_what_waits(self, backend, worker):
        row = deployed(backend, scheduled())
        run = backend.request_run(wish(row), NOON)
        assert backend.delete_deployment(row.id, NOON + 1)
        assert not backend.delete_deployment(row.id, NOON + 1)
        found = backend.flow_run(run.id)
        assert (found.state, found.message) == (StateType.CANCELLED, "its deployment was deleted")
        assert backend.claim(["default"], worker, 5, NOON + 2) == []
        assert backend.make_due_runs(NOON + 2 * HOUR) == []


class TestRequesting:
    def test_a_run_waits_for_its_time(self, backend, worker):
        row = deployed(backend, SPEC._replace(parameters={"a": 1, "b": 2}, tags=("x",)))
        run = backend.request_run(
            wish(row, NOON + HOUR, parameters={"b": 3}, tags=("手动",), name="一次"), NOON
        )
        assert (run.state, run.name, run.flow_name) == (StateType.SCHEDULED, "一次", "etl")
        assert json.loads(run.parameters) == {"a": 1, "b": 3}
        assert json.loads(run.tags) == ["x", "手动"]
        assert backend.flow_run(run.id) == run
        assert backend.claim(["default"], worker, 5, NOON) == []
        assert backend.next_work_due(["default"]) == NOON + HOUR
        assert [claim.run.id for claim in backend.claim(["default"], worker, 5, NOON + HOUR)] == [
            run.id
        ]

    def test_one_key_makes_one_run_for_ever(self, backend, worker):
        row = deployed(backend)
        run = backend.request_run(wish(row, key="2026-11-22"), NOON)
        assert backend.request_run(wish(row, key="2026-11-22"), NOON + 1).id == run.id
        backend.claim(["default"], worker, 1, NOON)
        ended(backend, run)
        assert backend.request_run(wish(row, key="2026-11-22"), NOON + 2).id == run.id
        assert backend.request_run(wish(row, key="other"), NOON).id != run.id

    def test_of_what_is_not_deployed_there_are_none(self, backend):
        assert backend.request_run(RunRequest(new_id(), NOON), NOON) is None

    def test_deleting_a_run_forgets_its_key(self, backend):
        row = deployed(backend)
        run = backend.request_run(wish(row, key="k"), NOON)
        assert backend.deployment_runs(row.id) == [run]
        backend.delete_flow_run(run.id)
        assert backend.deployment_runs(row.id) == []
        assert backend.request_run(wish(row, key="k"), NOON).id != run.id


class TestScheduling:
    def test_what_is_due_is_made_once(self, backend):
        row = deployed(backend, scheduled())
        assert backend.next_schedule_due() == NOON + HOUR
        assert backend.make_due_runs(NOON + HOUR - 1) == []
        (made,) = backend.make_due_runs(NOON + HOUR)
        assert json.loads(made.settings)["scheduled"] == NOON + HOUR
        assert backend.make_due_runs(NOON + HOUR) == []
        assert backend.next_schedule_due() == NOON + 2 * HOUR
        assert backend.deployment_runs(row.id) == [made]

    def test_a_clock_stepped_back_makes_nothing_twice(self, backend):
        deployed(backend, scheduled(catchup=Catchup.ALL))
        assert len(backend.make_due_runs(NOON + 3 * HOUR)) == 3
        assert backend.make_due_runs(NOON + HOUR) == []
        assert backend.make_due_runs(NOON + 3 * HOUR) == []
        assert len(backend.make_due_runs(NOON + 4 * HOUR)) == 1

    @pytest.mark.parametrize(("catchup", "count"), [("none", 0), ("last", 1), ("all", 5)])
    def test_catching_up(self, backend, catchup, count):
        deployed(backend, scheduled(catchup=Catchup(catchup)))
        assert len(backend.make_due_runs(NOON + 5 * HOUR + 600 * SECOND)) == count

    def test_several_schedulers_make_each_run_once(self, backend):
        deployed(backend, scheduled(catchup=Catchup.ALL))
        made = []

        def tick():
            for hour in range(1, 20):
                made.extend(backend.make_due_runs(NOON + hour * HOUR))

        threads = [threading.Thread(target=tick) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        due = sorted(json.loads(row.settings)["scheduled"] for row in made)
        assert due == [NOON + hour * HOUR for hour in range(1, 20)]

    def test_a_paused_deployment_misses_what_is_due(self, backend):
        row = deployed(backend, scheduled(catchup=Catchup.ALL))
        assert backend.pause_deployment(row.id, True, NOON)
        assert backend.make_due_runs(NOON + 2 * HOUR) == []
        assert backend.next_schedule_due() is None
        assert backend.deployment(row.id).paused
        backend.apply_deployments([scheduled(tags=("x",))], NOON)
        assert backend.deployment(row.id).paused
        backend.pause_deployment(row.id, False, NOON + 2 * HOUR + 1)
        assert len(backend.make_due_runs(NOON + 3 * HOUR)) == 1
        assert not backend.pause_deployment(new_id(), True, NOON)

    def test_so_does_a_schedule_that_is_not_active(self, backend):
        row = deployed(backend, scheduled())
        assert not backend.activate_schedule(row.id, "hourly", False, NOON).active
        assert backend.make_due_runs(NOON + HOUR) == []
        backend.activate_schedule(row.id, "hourly", True, NOON + HOUR)
        assert len(backend.make_due_runs(NOON + 2 * HOUR)) == 1
        assert backend.activate_schedule(row.id, "none", True, NOON) is None

    def test_parameters_of_a_schedule_go_before_those_of_its_deployment(self, backend):
        schedule = ScheduleSpec("hourly", HOURLY, parameters={"b": "甲"})
        deployed(backend, SPEC._replace(schedules=(schedule,), parameters={"a": 1, "b": 2}))
        (made,) = backend.make_due_runs(NOON + HOUR)
        assert json.loads(made.parameters) == {"a": 1, "b": "甲"}

    def test_jitter_delays_by_less_than_it_says(self, backend, worker):
        deployed(backend, scheduled(jitter=60 * SECOND, catchup=Catchup.ALL))
        made = backend.make_due_runs(NOON + 24 * HOUR)
        due = [json.loads(row.settings)["scheduled"] for row in made]
        assert due == [NOON + turn * HOUR for turn in range(1, 25)]
        claims = backend.claim(["default"], worker, 99, NOON + 25 * HOUR)
        begin = {claim.run.id: claim.work.due for claim in claims}
        delays = [begin[row.id] - time for row, time in zip(made, due, strict=True)]
        assert all(0 <= delay <= 60 * SECOND for delay in delays)
        assert len(set(delays)) > 12


class TestClaiming:
    def test_who_has_a_run(self, backend, worker):
        run = backend.request_run(wish(deployed(backend)), NOON)
        assert backend.executor(run.id) is None
        backend.claim(["default"], worker, 1, NOON)
        assert backend.executor(run.id) == worker
        assert backend.executor(new_id()) is None

    def test_in_the_order_of_their_turn(self, backend, worker):
        low, high = SPEC._replace(name="low"), SPEC._replace(name="high", priority=5)
        low, high = deployed(backend, low), deployed(backend, high)
        second = backend.request_run(wish(low, NOON - 5), NOON)
        first = backend.request_run(wish(high, NOON - 1), NOON)
        third = backend.request_run(wish(low, NOON - 3), NOON)
        claims = backend.claim(["default"], worker, 2, NOON)
        assert [claim.run.id for claim in claims] == [first.id, second.id]
        assert [claim.run.state for claim in claims] == [StateType.PENDING] * 2
        assert [claim.run.id for claim in backend.claim(["default"], worker, 2, NOON)] == [third.id]

    def test_of_one_pool(self, backend, worker):
        row = deployed(backend, SPEC._replace(pool="gpu"))
        backend.request_run(wish(row), NOON)
        assert backend.claim(["default"], worker, 5, NOON) == []
        assert len(backend.claim(["gpu"], worker, 5, NOON)) == 1

    def test_two_workers_never_take_one_run(self, backend, worker):
        row = deployed(backend)
        wanted = {backend.request_run(wish(row), NOON).id for _ in range(30)}
        taken = []

        def take():
            while claims := backend.claim(["default"], worker, 3, NOON):
                taken.extend(claim.run.id for claim in claims)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == 30
        assert set(taken) == wanted

    def test_a_cancelled_one_is_passed_over(self, backend, worker):
        row = deployed(backend)
        run = backend.request_run(wish(row), NOON)
        assert backend.request_cancel(run.id, NOON).state is StateType.CANCELLED
        assert backend.claim(["default"], worker, 5, NOON) == []
        assert backend.next_work_due(["default"]) is None

    def test_at_most_so_many_at_once(self, backend, worker):
        row = deployed(backend, SPEC._replace(concurrency_limit=2))
        other = deployed(backend, SPEC._replace(name="other"))
        runs = [backend.request_run(wish(row), NOON) for _ in range(3)]
        behind = backend.request_run(wish(other), NOON)
        claims = backend.claim(["default"], worker, 9, NOON)
        assert [claim.run.id for claim in claims] == [runs[0].id, runs[1].id, behind.id]
        assert backend.claim(["default"], worker, 9, NOON) == []
        ended(backend, runs[0])
        assert [claim.run.id for claim in backend.claim(["default"], worker, 9, NOON)] == [
            runs[2].id
        ]

    def test_one_after_the_other(self, backend, worker):
        row = deployed(backend, SPEC._replace(overlap=Overlap.QUEUE))
        first, second = (backend.request_run(wish(row), NOON) for _ in range(2))
        assert [claim.run.id for claim in backend.claim(["default"], worker, 9, NOON)] == [first.id]
        ended(backend, first)
        assert [claim.run.id for claim in backend.claim(["default"], worker, 9, NOON)] == [
            second.id
        ]

    def test_skipped_while_another_is_under_way(self, backend, worker):
        row = deployed(backend, SPEC._replace(overlap=Overlap.SKIP))
        first, second = (backend.request_run(wish(row), NOON) for _ in range(2))
        assert [claim.run.id for claim in backend.claim(["default"], worker, 9, NOON)] == [first.id]
        skipped = backend.flow_run(second.id)
        assert skipped.state is StateType.CANCELLED
        assert "another run" in skipped.message

    def test_the_one_under_way_makes_room(self, backend, worker):
        row = deployed(backend, SPEC._replace(overlap=Overlap.CANCEL_RUNNING))
        first = backend.request_run(wish(row), NOON)
        backend.claim(["default"], worker, 9, NOON)
        second = backend.request_run(wish(row), NOON)
        assert backend.claim(["default"], worker, 9, NOON) == []
        assert backend.flow_run(first.id).state is StateType.CANCELLING
        assert backend.beat(worker, NOON) == [first.id]
        ended(backend, first, StateType.CANCELLED)
        assert [claim.run.id for claim in backend.claim(["default"], worker, 9, NOON)] == [
            second.id
        ]

    def test_it_begins_in_a_process_of_its_own(self, backend, worker):
        run = backend.request_run(wish(deployed(backend)), NOON)
        child = process()
        backend.register_process(child)
        assert backend.begin_claimed(run.id, worker, child.id, NOON) is None
        backend.claim(["default"], worker, 1, NOON)
        assert backend.begin_claimed(run.id, new_id(), child.id, NOON) is None
        begun = backend.begin_claimed(run.id, worker, child.id, NOON)
        assert (begun.epoch, begun.process, begun.state) == (1, child.id, StateType.PENDING)
        assert backend.begin_claimed(run.id, worker, child.id, NOON) is None

    def test_nobody_takes_it_in_time(self, backend, worker):
        run = backend.request_run(wish(deployed(backend)), NOON)
        assert backend.mark_late(NOON + 15 * SECOND - 1) == []
        (late,) = backend.mark_late(NOON + 15 * SECOND)
        assert (late.id, late.state, late.state_name) == (run.id, StateType.SCHEDULED, Name.LATE)
        assert backend.mark_late(NOON + 16 * SECOND) == []
        assert [claim.run.id for claim in backend.claim(["default"], worker, 1, NOON + HOUR)] == [
            run.id
        ]


class TestCrashing:
    def crashed(self, backend, gone, **changes):
        row = deployed(backend, SPEC._replace(**changes))
        run = backend.request_run(wish(row), NOON)
        backend.claim(["default"], gone, 1, NOON)
        assert [verdict.flow_run for verdict in backend.reap(NOON)] == [run.id]
        return run

    def test_it_goes_on_a_little_later(self, backend, gone, worker):
        run = self.crashed(backend, gone)
        assert [row.id for row in backend.recover(NOON)] == [run.id]
        assert backend.recover(NOON) == []
        waits = backend.flow_run(run.id)
        assert (waits.state, waits.state_name) == (StateType.SCHEDULED, Name.AWAITING_RETRY)
        assert "after crash 1 of at most 3" in waits.message
        assert backend.claim(["default"], worker, 1, NOON) == []
        (claim,) = backend.claim(["default"], worker, 1, NOON + SECOND)
        assert (claim.run.id, claim.work.crashes) == (run.id, 1)

    def test_until_it_has_crashed_too_often(self, backend, gone, worker):
        run = self.crashed(backend, gone, most_crashes=2)
        for _ in range(2):
            assert len(backend.recover(NOON)) == 1
            backend.claim(["default"], gone, 1, NOON + HOUR)
            backend.reap(NOON + HOUR)
        assert backend.recover(NOON) == []
        assert backend.flow_run(run.id).state is StateType.CRASHED

    def test_or_not_at_all(self, backend, gone, worker):
        row = deployed(backend, SPEC._replace(on_crash=OnCrash.FAIL))
        run = backend.request_run(wish(row), NOON)
        backend.claim(["default"], worker, 1, NOON)
        backend.begin_claimed(run.id, worker, gone, NOON)
        backend.reap(NOON)
        assert backend.recover(NOON) == []
        assert backend.flow_run(run.id).state is StateType.CRASHED

    def test_what_had_not_begun_begins_in_any_case(self, backend, gone):
        run = self.crashed(backend, gone, on_crash=OnCrash.FAIL)
        assert [row.id for row in backend.recover(NOON)] == [run.id]

    def test_a_worker_gives_up_what_it_could_not_begin(self, backend, worker):
        row = deployed(backend)
        run = backend.request_run(wish(row), NOON)
        assert backend.abandon(run.id, worker, "no", NOON) is None
        backend.claim(["default"], worker, 1, NOON)
        assert backend.abandon(run.id, new_id(), "no", NOON) is None
        after = backend.abandon(run.id, worker, "no process could be made", NOON + 1)
        assert (after.state, after.message) == (StateType.CRASHED, "no process could be made")
        assert backend.abandon(run.id, worker, "again", NOON + 2) is None

    def test_what_was_to_be_cancelled_by_then_is(self, backend, worker):
        run = backend.request_run(wish(deployed(backend)), NOON)
        backend.claim(["default"], worker, 1, NOON)
        backend.request_cancel(run.id, NOON)
        assert backend.abandon(run.id, worker, "no", NOON).state is StateType.CANCELLED

    def test_one_that_is_cancelled_before_it_is_decided_does_not_go_on(self, backend, gone, worker):
        run = self.crashed(backend, gone)
        after = backend.request_cancel(run.id, NOON)
        assert (after.state, after.end) == (StateType.CANCELLED, NOON)
        assert backend.recover(NOON) == []
        assert backend.claim(["default"], worker, 1, NOON + HOUR) == []

    def test_one_that_stays_crashed_is_not_cancelled(self, backend, gone, worker):
        run = self.crashed(backend, gone, most_crashes=0)
        assert backend.request_cancel(run.id, NOON).state is StateType.CRASHED

    @pytest.mark.parametrize("on_crash", [OnCrash.RESUME, OnCrash.FAIL])
    def test_one_that_a_person_resumes_meanwhile_is_not_taken_as_well(
        self, backend, gone, worker, on_crash
    ):
        run = self.crashed(backend, gone, on_crash=on_crash)
        backend.recover(NOON)
        assert backend.begin_execution(run.id, worker, NOON) is not None
        assert backend.claim(["default"], worker, 5, NOON + HOUR) == []
        assert backend.claim(["default"], worker, 5, NOON + HOUR) == []
        row = backend.flow_run(run.id)
        assert (row.state, row.process) == (StateType.PENDING, worker)
        # It is one of its deployment's still: its limit counts it, and so does its crash.
        assert [use.under_way for use in backend.pools(NOON)] == [1]
        backend.end_process(worker, NOON + HOUR, None)
        backend.reap(NOON + HOUR)
        assert bool(backend.recover(NOON + HOUR)) is (on_crash is OnCrash.RESUME)

    @pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.CANCEL_RUNNING])
    def test_it_is_not_skipped_and_ends_nothing_when_another_is_under_way_by_then(
        self, backend, gone, worker, overlap
    ):
        row = deployed(backend, SPEC._replace(overlap=overlap))
        first = backend.request_run(wish(row), NOON)
        backend.claim(["default"], worker, 1, NOON)
        begun = backend.begin_claimed(first.id, worker, gone, NOON)
        backend.append(batch(begun._replace(state=StateType.RUNNING, start=NOON)))
        backend.reap(NOON)
        backend.recover(NOON)
        second = backend.request_run(wish(row, NOON), NOON)
        (claim,) = backend.claim(["default"], worker, 5, NOON)
        assert claim.run.id == second.id
        assert backend.claim(["default"], worker, 5, NOON + HOUR) == []
        states = [backend.flow_run(each.id).state for each in (first, second)]
        assert states == [StateType.SCHEDULED, StateType.PENDING]
        ended(backend, second)
        (claim,) = backend.claim(["default"], worker, 5, NOON + HOUR)
        assert claim.run.id == first.id

    def test_a_late_writer_of_the_old_execution_is_refused(self, backend, gone, worker):
        run = self.crashed(backend, gone)
        before = backend.flow_run(run.id)
        backend.recover(NOON)
        late = before._replace(state=StateType.COMPLETED, end=NOON + SECOND)
        assert backend.append(batch(late)) == [run.id]
        assert backend.flow_run(run.id).state is StateType.SCHEDULED


class TestMoving:
    def test_what_waits_moves_with_its_deployment(self, backend, worker):
        run = backend.request_run(wish(deployed(backend)), NOON)
        backend.apply_deployments([SPEC._replace(pool="gpu", queue="急")], NOON)
        assert backend.claim(["default"], worker, 5, NOON) == []
        (claim,) = backend.claim(["gpu"], worker, 5, NOON)
        assert (claim.run.id, claim.work.pool, claim.work.queue) == (run.id, "gpu", "急")

    def test_what_waits_gets_the_new_priority(self, backend, worker):
        later = deployed(backend, SPEC._replace(name="later"))
        first = deployed(backend)
        runs = [backend.request_run(wish(row), NOON).id for row in (later, first)]
        backend.apply_deployments([SPEC._replace(priority=1)], NOON)
        claims = backend.claim(["default"], worker, 5, NOON)
        assert [claim.run.id for claim in claims] == runs[::-1]

    def test_pruning_cancels_what_waits(self, backend):
        old = deployed(backend, SPEC._replace(name="old"))
        run = backend.request_run(wish(old), NOON)
        backend.apply_deployments([SPEC], NOON, prune=True)
        found = backend.flow_run(run.id)
        assert (found.state, found.message) == (StateType.CANCELLED, "its deployment was deleted")


class TestGhosts:
    """What a schedule has made and nobody has begun is as good as the schedule is."""

    def waiting(self, backend, worker):
        return [claim.run.id for claim in backend.claim(["default"], worker, 9, NOON + 2 * HOUR)]

    @pytest.mark.parametrize(
        ("schedules", "why"),
        [
            ((), "its schedule 'hourly' was removed"),
            ((ScheduleSpec("daily", HOURLY),), "its schedule 'hourly' was removed"),
            (
                (ScheduleSpec("hourly", {**HOURLY, "interval": 24 * HOUR}),),
                "its schedule 'hourly' was changed",
            ),
            ((ScheduleSpec("hourly", HOURLY, active=False),), "its schedule 'hourly' was paused"),
        ],
    )
    def test_a_schedule_that_is_another_one_leaves_none(self, backend, worker, schedules, why):
        row = deployed(backend, scheduled())
        (made,) = backend.make_due_runs(NOON + HOUR)
        asked = backend.request_run(wish(row), NOON + HOUR)
        backend.apply_deployments([SPEC._replace(schedules=schedules)], NOON + HOUR + 1)
        found = backend.flow_run(made.id)
        assert (found.state, found.message) == (StateType.CANCELLED, why)
        assert self.waiting(backend, worker) == [asked.id]

    def test_one_that_stays_the_same_leaves_what_it_has_made(self, backend, worker):
        deployed(backend, scheduled())
        (made,) = backend.make_due_runs(NOON + HOUR)
        backend.apply_deployments([scheduled(tags=("new",))], NOON + HOUR + 1)
        assert self.waiting(backend, worker) == [made.id]

    def test_nor_does_what_rests(self, backend, worker):
        row = deployed(backend, scheduled())
        (made,) = backend.make_due_runs(NOON + HOUR)
        asked = backend.request_run(wish(row), NOON + HOUR)
        backend.pause_deployment(row.id, True, NOON + HOUR)
        assert backend.flow_run(made.id).message == "its deployment was paused"
        assert self.waiting(backend, worker) == [asked.id]

    def test_nor_does_one_schedule_that_rests(self, backend, worker):
        both = (ScheduleSpec("a", HOURLY), ScheduleSpec("b", HOURLY))
        row = deployed(backend, SPEC._replace(schedules=both))
        first, second = backend.make_due_runs(NOON + HOUR)
        backend.activate_schedule(row.id, "a", False, NOON + HOUR)
        assert backend.flow_run(first.id).message == "its schedule 'a' was paused"
        assert self.waiting(backend, worker) == [second.id]

    def test_what_has_begun_goes_on_all_the_same(self, backend, worker, gone):
        row = deployed(backend, scheduled())
        (made,) = backend.make_due_runs(NOON + HOUR)
        backend.claim(["default"], gone, 1, NOON + HOUR)
        begun = backend.flow_run(made.id)._replace(state=StateType.RUNNING, start=NOON + HOUR)
        backend.append(batch(begun))
        backend.reap(NOON + HOUR)
        backend.recover(NOON + HOUR)
        backend.pause_deployment(row.id, True, NOON + HOUR)
        backend.apply_deployments([SPEC], NOON + HOUR)
        assert self.waiting(backend, worker) == [made.id]

    def test_a_new_name_leaves_the_old_one_until_it_is_pruned(self, backend, worker):
        old = deployed(backend, scheduled())
        (made,) = backend.make_due_runs(NOON + HOUR)
        renamed = scheduled(name="every-night")
        (_, step) = backend.plan_deployments([renamed], prune=True)
        assert step == Step(Action.REMOVE, "etl/nightly")
        backend.apply_deployments([renamed], NOON + HOUR + 1, prune=True)
        assert backend.deployment(old.id) is None
        assert backend.flow_run(made.id).state is StateType.CANCELLED
        (run,) = backend.make_due_runs(NOON + 2 * HOUR)
        (new,) = backend.find_deployments("every-night")
        assert backend.deployment_runs(new.id) == [run]


class TestResting:
    """Whether a schedule rests is for people to say; a specification is heard when it is new."""

    def test_deploying_again_does_not_wake_what_somebody_has_paused(self, backend):
        row = deployed(backend, scheduled())
        backend.activate_schedule(row.id, "hourly", False, NOON)
        backend.apply_deployments([scheduled(tags=("new",))], NOON + 1)
        assert not backend.schedules(row.id)[0].active

    def test_saying_so_in_the_specification_does(self, backend):
        resting = SPEC._replace(schedules=(ScheduleSpec("hourly", HOURLY, active=False),))
        row = deployed(backend, resting)
        backend.apply_deployments([scheduled()], NOON + HOUR)
        (schedule,) = backend.schedules(row.id)
        assert (schedule.active, schedule.since) == (True, NOON + HOUR)

    def test_a_new_rule_of_what_rests_rests_too(self, backend):
        row = deployed(backend, scheduled())
        backend.activate_schedule(row.id, "hourly", False, NOON)
        daily = ScheduleSpec("hourly", {**HOURLY, "interval": 24 * HOUR})
        backend.apply_deployments([SPEC._replace(schedules=(daily,))], NOON + 1)
        (schedule,) = backend.schedules(row.id)
        assert (schedule.active, schedule.due) == (False, NOON + 24 * HOUR)


class TestOverlapWithoutRoom:
    """A run that is due while another is under way is not to begin later."""

    def pair(self, backend, worker, overlap, **changes):
        row = deployed(backend, SPEC._replace(overlap=overlap, **changes))
        first = backend.request_run(wish(row), NOON)
        backend.claim(["default"], worker, 1, NOON)
        return first, backend.request_run(wish(row), NOON)

    def test_skipped_though_its_worker_has_no_room(self, backend, worker):
        _, second = self.pair(backend, worker, Overlap.SKIP)
        assert backend.claim(["default"], worker, 0, NOON) == []
        found = backend.flow_run(second.id)
        assert (found.state, found.message) == (
            StateType.CANCELLED,
            "another run of its deployment was under way",
        )

    def test_skipped_though_its_pool_is_full(self, backend, worker):
        backend.set_pool(PoolRow("default", slots=1), NOON)
        _, second = self.pair(backend, worker, Overlap.SKIP)
        assert backend.claim(["default"], worker, 5, NOON) == []
        assert backend.flow_run(second.id).state is StateType.CANCELLED

    def test_not_before_it_is_due(self, backend, worker):
        row = deployed(backend, SPEC._replace(overlap=Overlap.SKIP))
        first = backend.request_run(wish(row), NOON)
        later = backend.request_run(wish(row, NOON + HOUR), NOON)
        backend.claim(["default"], worker, 1, NOON)
        assert backend.claim(["default"], worker, 0, NOON) == []
        assert backend.flow_run(later.id).state is StateType.SCHEDULED
        ended(backend, first)
        (claim,) = backend.claim(["default"], worker, 1, NOON + HOUR)
        assert claim.run.id == later.id

    def test_not_while_more_may_be_under_way(self, backend, worker):
        _, second = self.pair(backend, worker, Overlap.SKIP, concurrency_limit=2)
        assert backend.claim(["default"], worker, 0, NOON) == []
        assert backend.flow_run(second.id).state is StateType.SCHEDULED

    def test_the_one_under_way_is_told_once_to_make_room(self, backend, worker):
        first, second = self.pair(backend, worker, Overlap.CANCEL_RUNNING)
        for _ in range(3):
            assert backend.claim(["default"], worker, 0, NOON) == []
        found = backend.flow_run(first.id)
        assert [name for name, _, _ in json.loads(found.history)] == [
            "Scheduled",
            "Pending",
            "Cancelling",
        ]
        ended(backend, first, StateType.CANCELLED)
        (claim,) = backend.claim(["default"], worker, 1, NOON)
        assert claim.run.id == second.id
