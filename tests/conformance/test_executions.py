"""Taking over, cancelling and reaping runs."""

from __future__ import annotations

import json
import threading

import pytest

from noria.backend.processes import this_process
from noria.core.clock import Clock, use
from noria.core.records import GroupCount
from noria.core.states import Name, StateType
from tests.conformance.rows import (
    LEASE,
    NOON,
    SECOND,
    batch,
    below,
    flow_run,
    group,
    new_id,
    process,
    task_run,
)


def registered(backend, row):
    backend.register_process(row)
    return row


@pytest.fixture
def here(backend):
    """This very process, which lives."""
    return registered(backend, this_process(NOON, LEASE))


@pytest.fixture
def gone(backend):
    """A process of this host that is no more: its pid belongs to a younger one."""
    alive = this_process(NOON, LEASE)
    return registered(backend, alive._replace(started=alive.started - 1))


@pytest.fixture
def away(backend):
    """A process of another host."""
    return registered(backend, process())


def states(row):
    return [entry[0] for entry in json.loads(row.history)]


class TestBegin:
    def test_a_run_is_taken_by_another_process(self, backend, here):
        crashed = flow_run(state=StateType.CRASHED, message="gone", end=NOON + 50, error="{}")
        backend.append(batch(crashed))
        taken = backend.begin_execution(crashed.id, here.id, NOON + 90)
        assert taken == backend.flow_run(crashed.id)
        assert (taken.epoch, taken.process, taken.state) == (2, here.id, StateType.PENDING)
        assert (taken.end, taken.error, taken.arguments) == (None, None, crashed.arguments)
        assert json.loads(taken.history) == [
            ["Pending", NOON, None],
            ["Running", NOON + 5, None],
            ["Crashed", NOON + 50, "gone"],
            ["Pending", NOON + 90, taken.message],
        ]

    def test_the_new_owner_may_write(self, backend, here):
        run = flow_run(state=StateType.COMPLETED, end=NOON + 50)
        backend.append(batch(run))
        taken = backend.begin_execution(run.id, here.id, NOON + 90)
        running = taken._replace(state=StateType.RUNNING)
        assert backend.append(batch(running)) == []
        assert backend.flow_run(run.id) == running

    def test_an_unknown_run_is_none(self, backend, here):
        assert backend.begin_execution(new_id(), here.id, NOON) is None

    @pytest.mark.parametrize(
        ("state", "name"),
        [
            (StateType.RUNNING, None),
            (StateType.PENDING, None),
            (StateType.CANCELLING, None),
            (StateType.SCHEDULED, Name.AWAITING_RETRY),
            (StateType.PAUSED, None),
        ],
    )
    def test_a_run_that_a_living_process_executes_is_not_taken(self, backend, here, state, name):
        run = flow_run(state=state, state_name=name, process=here.id)
        backend.append(batch(run))
        assert backend.begin_execution(run.id, new_id(), NOON + 20 * SECOND) is None
        assert backend.flow_run(run.id) == run

    def test_a_run_whose_process_is_gone_is_taken_before_anybody_reaped_it(self, backend, gone):
        run = flow_run(process=gone.id)
        backend.append(batch(run))
        assert backend.begin_execution(run.id, new_id(), NOON + 1).epoch == 2

    def test_elsewhere_the_lease_decides(self, backend, away):
        run = flow_run(process=away.id)
        backend.append(batch(run))
        assert backend.begin_execution(run.id, new_id(), NOON + LEASE) is None
        assert backend.begin_execution(run.id, new_id(), NOON + LEASE + 1).epoch == 2

    def test_a_suspended_run_has_left_its_process(self, backend, here):
        run = flow_run(state=StateType.PAUSED, state_name=Name.SUSPENDED, process=here.id)
        backend.append(batch(run))
        assert backend.begin_execution(run.id, new_id(), NOON).epoch == 2

    def test_of_several_at_once_one_takes_the_run(self, backend, here):
        run = flow_run(state=StateType.CRASHED)
        backend.append(batch(run))
        taken = []

        def take():
            taken.append(backend.begin_execution(run.id, here.id, NOON))

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(row is None for row in taken) == [False, True, True, True]
        assert backend.flow_run(run.id).epoch == 2


class TestCancel:
    def test_a_running_run_is_asked(self, backend, here):
        run = flow_run(process=here.id)
        backend.append(batch(run))
        row = backend.request_cancel(run.id, NOON + 30)
        assert (row.state, row.end) == (StateType.CANCELLING, None)
        assert states(row) == ["Pending", "Running", "Cancelling"]
        assert backend.beat(here.id, NOON + 40) == [run.id]

    def test_the_wish_survives_what_the_owner_writes_meanwhile(self, backend, here):
        run = flow_run(process=here.id)
        backend.append(batch(run))
        wish = backend.request_cancel(run.id, NOON + 30)
        backend.append(batch(run._replace(run_count=7, message="second try")))
        assert backend.flow_run(run.id) == wish._replace(run_count=7)
        assert backend.beat(here.id, NOON + 40) == [run.id]

    def test_the_wish_ends_with_the_run(self, backend, here):
        run = flow_run(process=here.id)
        backend.append(batch(run))
        backend.request_cancel(run.id, NOON + 30)
        ended = run._replace(state=StateType.CANCELLED, end=NOON + 60, history="[]")
        backend.append(batch(ended))
        assert backend.flow_run(run.id) == ended
        assert backend.beat(here.id, NOON + 70) == []

    def test_the_wish_does_not_outlive_its_execution(self, backend, gone, here):
        run = flow_run(process=gone.id, state=StateType.CANCELLING)
        backend.append(batch(run))
        assert backend.begin_execution(run.id, here.id, NOON).state is StateType.PENDING
        assert backend.beat(here.id, NOON) == []

    def test_asking_twice_is_asking_once(self, backend, here):
        run = flow_run(process=here.id)
        backend.append(batch(run))
        first = backend.request_cancel(run.id, NOON + 30)
        assert backend.request_cancel(run.id, NOON + 40) == first

    @pytest.mark.parametrize("state", [StateType.SCHEDULED, StateType.PENDING, StateType.PAUSED])
    def test_what_nobody_executes_is_cancelled_at_once(self, backend, state):
        run = flow_run(state=state, start=None)
        task = task_run(run, state=StateType.PENDING, start=None, end=None)
        calls = group(run, counts=(1, 2, 3, 4, 0, 0, 0, 0, 0))
        backend.append(batch(run, task, calls))
        row = backend.request_cancel(run.id, NOON + 30)
        assert (row.state, row.end) == (StateType.CANCELLED, NOON + 30)
        assert backend.task_run(task.id).state is StateType.CANCELLED
        assert backend.groups(run.id)[0].counts == (0, 0, 0, 4, 0, 0, 0, 6, 0)

    def test_the_runs_below_are_asked_too(self, backend, here):
        top = flow_run(process=here.id)
        middle = below(top, process=here.id)
        bottom = below(middle, process=here.id)
        waiting = below(top, state=StateType.SCHEDULED)
        ended = below(top, state=StateType.FAILED, end=NOON + 9)
        backend.append(batch(top, middle, bottom, waiting, ended))
        backend.request_cancel(top.id, NOON + 30)
        assert sorted(backend.beat(here.id, NOON)) == sorted([top.id, middle.id, bottom.id])
        assert backend.flow_run(waiting.id).state is StateType.CANCELLED
        assert backend.flow_run(ended.id) == ended

    def test_a_finished_run_stays_as_it_is(self, backend):
        run = flow_run(state=StateType.COMPLETED, end=NOON + 9)
        backend.append(batch(run))
        assert backend.request_cancel(run.id, NOON + 30) == run

    def test_an_unknown_run_is_none(self, backend):
        assert backend.request_cancel(new_id(), NOON) is None


class Stepped(Clock):
    """Monotonic time that is set by hand."""

    seconds = 0.0

    def monotonic(self):
        return self.seconds


class TestReap:
    def test_nothing_to_reap(self, backend, here, away):
        ended = flow_run(process=new_id(), state=StateType.FAILED)
        rows = (flow_run(process=here.id), flow_run(process=away.id), ended, flow_run())
        backend.append(batch(*rows))
        assert backend.reap(NOON + LEASE) == []
        assert [backend.flow_run(row.id) for row in rows] == list(rows)

    def test_a_process_that_is_gone_crashes_its_runs_at_once(self, backend, gone):
        run = flow_run(process=gone.id)
        backend.append(batch(run))
        (verdict,) = backend.reap(NOON + 1)
        assert (verdict.flow_run, verdict.name) == (run.id, run.name)
        assert verdict.message == (
            f"process {gone.pid} on host {gone.host} is gone; "
            "last beat 2026-11-22 12:01:03 UTC; killed or crashed without a word"
        )
        row = backend.flow_run(run.id)
        assert (row.state, row.message, row.end) == (StateType.CRASHED, verdict.message, NOON + 1)
        assert states(row) == ["Pending", "Running", "Crashed"]
        assert backend.reap(NOON + 2) == []

    def test_a_run_that_was_to_stop_is_cancelled(self, backend, gone):
        run = flow_run(state=StateType.CANCELLING, process=gone.id)
        unfinished = task_run(run, state=StateType.RUNNING, end=None)
        backend.append(batch(run, unfinished))
        (verdict,) = backend.reap(NOON + 1)
        row = backend.flow_run(run.id)
        assert (row.state, row.message, row.end) == (StateType.CANCELLED, verdict.message, NOON + 1)
        assert backend.task_run(unfinished.id).state is StateType.CANCELLED

    def test_elsewhere_a_run_crashes_when_the_lease_has_ended(self, backend, away):
        backend.append(batch(flow_run(process=away.id)))
        backend.beat(away.id, NOON + SECOND)
        (verdict,) = backend.reap(NOON + SECOND + LEASE + 1)
        assert verdict.message == (
            "process 4711 on host lab has been silent for longer than its lease of 10 s; "
            "last beat 2026-11-22 12:01:04 UTC"
        )

    def test_who_listens_goes_by_what_it_has_heard_and_not_by_clocks(self, backend, away):
        backend.append(batch(flow_run(process=away.id)))
        with use(Stepped()) as stepped:
            assert backend.reap(NOON) == []
            # Another host's clock is an hour behind, or nobody could reach the store for so long.
            later = NOON + 3600 * SECOND
            assert backend.reap(later) == []
            for _ in range(5):
                stepped.seconds += 2
                assert backend.reap(later) == []
            backend.beat(away.id, NOON + SECOND)
            for _ in range(6):
                stepped.seconds += 2
                assert backend.reap(later) == []
            stepped.seconds += 2
            assert len(backend.reap(later)) == 1

    def test_who_has_not_looked_for_long_has_heard_nothing(self, backend, away):
        backend.append(batch(flow_run(process=away.id)))
        with use(Stepped()) as stepped:
            backend.reap(NOON)
            stepped.seconds += 3600
            assert backend.reap(NOON + 3600 * SECOND) == []

    def test_a_known_verdict_is_told(self, backend, away):
        backend.append(batch(flow_run(process=away.id)))
        backend.end_process(away.id, NOON + SECOND, "killed by SIGKILL")
        (verdict,) = backend.reap(NOON + 2 * SECOND)
        assert verdict.message == (
            "process 4711 on host lab ended: killed by SIGKILL; last beat 2026-11-22 12:01:03 UTC"
        )

    def test_a_process_that_ended_without_finishing_its_run(self, backend, here):
        backend.append(batch(flow_run(process=here.id)))
        backend.end_process(here.id, NOON, None)
        assert "ended without finishing the run" in backend.reap(NOON + 1)[0].message

    def test_an_unknown_process_does_not_live(self, backend):
        backend.append(batch(flow_run(process=new_id())))
        assert backend.reap(NOON)[0].message == "its process is not known to the store"

    def test_unfinished_tasks_crash_with_their_run(self, backend, gone):
        run = flow_run(process=gone.id)
        done = task_run(run)
        failed = task_run(run, state=StateType.FAILED)
        running = task_run(run, state=StateType.RUNNING, end=None, result=None)
        waiting = task_run(run, state=StateType.PENDING, start=None, end=None, result=None)
        calls = group(run, counts=(1, 2, 3, 4, 5, 6, 7, 8, 9))
        backend.append(batch(run, done, failed, running, waiting, calls))
        (verdict,) = backend.reap(NOON + 70)
        assert backend.task_run(done.id) == done
        assert backend.task_run(failed.id) == failed
        crash = {"state": StateType.CRASHED, "message": verdict.message, "end": NOON + 70}
        assert backend.task_run(running.id) == running._replace(**crash)
        assert backend.task_run(waiting.id) == waiting._replace(**crash)
        counts = backend.groups(run.id)[0].counts
        assert counts == (0, 0, 0, 4, 5, 6, 7, 8, 9 + 1 + 2 + 3)
        assert counts[GroupCount.CRASHED] == 15

    def test_sub_flows_crash_with_their_process(self, backend, gone):
        top = flow_run(process=gone.id)
        sub = below(top, process=gone.id)
        backend.append(batch(top, sub))
        assert [verdict.flow_run for verdict in backend.reap(NOON)] == [top.id, sub.id]

    def test_a_suspended_run_needs_no_process(self, backend, gone):
        run = flow_run(process=gone.id, state=StateType.PAUSED, state_name=Name.SUSPENDED)
        backend.append(batch(run))
        assert backend.reap(NOON) == []
        assert backend.flow_run(run.id) == run

    def test_a_clock_that_stepped_back_gives_no_negative_durations(self, backend, gone):
        run = flow_run(process=gone.id)
        task = task_run(run, state=StateType.RUNNING, end=None)
        backend.append(batch(run, task))
        backend.reap(NOON - SECOND)
        assert backend.task_run(task.id).end == task.start


class TestProcess:
    def test_a_late_beat_does_not_shorten_the_lease(self, backend, away):
        backend.append(batch(flow_run(process=away.id)))
        backend.beat(away.id, NOON + 5 * SECOND)
        backend.beat(away.id, NOON + SECOND)
        assert backend.reap(NOON + 5 * SECOND + LEASE) == []

    def test_the_first_verdict_stays(self, backend, away):
        backend.append(batch(flow_run(process=away.id)))
        backend.end_process(away.id, NOON, "exit code 3")
        backend.end_process(away.id, NOON, "killed by SIGKILL")
        assert "exit code 3" in backend.reap(NOON)[0].message
