"""Where runs wait for people: begun, ended once, begun again, expired; and what runs are sent."""

from __future__ import annotations

import threading

import pytest

from noria.backend.processes import this_process
from noria.core.records import PauseOutcome, PauseRow, RunInputRow
from noria.core.states import Name, StateType
from tests.conformance.rows import LEASE, NOON, SECOND, batch, below, flow_run, new_id, task_run


def pause(run, key="paused-1", **changes):
    row = PauseRow(run.id, key, "Paused", NOON, None, False, False, None, None, None, None)
    return row._replace(**changes)


def suspension(run, key="suspended-1", **changes):
    return pause(run, key, name=Name.SUSPENDED, **changes)


def sent(run, key, value="1", **changes):
    return RunInputRow(new_id(), run.id, key, value, None, NOON)._replace(**changes)


@pytest.fixture
def run(backend):
    row = flow_run()
    backend.append(batch(row))
    return row


@pytest.fixture
def suspended(backend):
    """A run without a process, and the one that it called, which waits."""
    halted = {"state": StateType.PAUSED, "state_name": Name.SUSPENDED}
    parent = flow_run(**halted)
    child = below(parent, **halted)
    backend.append(batch(parent, child, task_run(parent, state=StateType.PAUSED, end=None)))
    return parent, child


class TestBegin:
    def test_a_pause_comes_back_as_it_was(self, backend, run):
        row = pause(run, "paused-审批", until=NOON + SECOND, wants_input=True)
        assert (
            backend.begin_pause(row, [sent(run, "paused-审批-schema", '{"type": "object"}')]) == row
        )
        assert backend.pause(run.id, "paused-审批") == row
        assert backend.run_input(run.id, "paused-审批-schema").value == '{"type": "object"}'
        assert backend.open_pauses() == [row]
        assert backend.pause(run.id, "paused-2") is None

    def test_one_that_was_resumed_is_passed(self, backend, run):
        backend.begin_pause(pause(run), [])
        answer = sent(run, "paused-1-response", "5")
        ended = backend.end_pause(run.id, "paused-1", PauseOutcome.RESUMED, NOON + 5, None, answer)
        again = backend.begin_pause(pause(run, since=NOON + 9), [])
        assert again == ended
        assert (again.outcome, again.ended) == (PauseOutcome.RESUMED, NOON + 5)
        assert backend.run_input(run.id, "paused-1-response").value == "5"

    def test_an_answer_that_was_no_good_is_asked_for_again(self, backend, run):
        backend.begin_pause(pause(run), [])
        answer = sent(run, "paused-1-response")
        backend.end_pause(run.id, "paused-1", PauseOutcome.RESUMED, NOON + 5, None, answer)
        again = backend.begin_pause(pause(run, fault="too small"), [])
        assert (again.ended, again.fault) == (None, "too small")
        assert backend.run_input(run.id, "paused-1-response") is None

    @pytest.mark.parametrize("outcome", [PauseOutcome.EXPIRED, PauseOutcome.REJECTED])
    def test_one_that_was_not_resumed_waits_anew(self, backend, run, outcome):
        backend.begin_pause(pause(run), [])
        backend.end_pause(run.id, "paused-1", outcome, NOON + 5)
        again = backend.begin_pause(pause(run, since=NOON + 9), [])
        assert (again.since, again.ended, again.outcome) == (NOON + 9, None, None)

    def test_another_process_that_pauses_there_waits_anew_for_what_was_asked(self, backend, run):
        backend.begin_pause(pause(run, until=NOON + 5, fault="no"), [])
        again = backend.begin_pause(pause(run, since=NOON + 9, until=NOON + 14), [])
        assert (again.since, again.until, again.fault) == (NOON, NOON + 14, "no")

    def test_a_suspension_lasts_no_longer_for_being_looked_at(self, backend, run):
        backend.begin_pause(suspension(run, until=NOON + 5), [])
        again = backend.begin_pause(suspension(run, since=NOON + 3, until=NOON + 8), [])
        assert (again.since, again.until) == (NOON, NOON + 5)


class TestEnd:
    def test_of_many_that_end_it_one_succeeds(self, backend, run):
        backend.begin_pause(pause(run), [])
        begin, won = threading.Barrier(4), []

        def end(number):
            begin.wait()
            note = str(number)
            if backend.end_pause(run.id, "paused-1", PauseOutcome.RESUMED, NOON, note):
                won.append(note)

        threads = [threading.Thread(target=end, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [backend.pause(run.id, "paused-1").note] == won
        assert backend.open_pauses() == []

    def test_there_must_be_one(self, backend, run):
        assert backend.end_pause(run.id, "paused-1", PauseOutcome.RESUMED, NOON) is None

    def test_too_late_it_has_expired_and_takes_no_answer(self, backend, run):
        backend.begin_pause(pause(run, until=NOON + 5), [])
        answer = sent(run, "paused-1-response")
        end = backend.end_pause(run.id, "paused-1", PauseOutcome.RESUMED, NOON + 5, None, answer)
        assert end.outcome == PauseOutcome.EXPIRED
        assert backend.run_input(run.id, "paused-1-response") is None
        # Its process lives, and says itself how the run ends.
        assert backend.flow_run(run.id).state is StateType.RUNNING

    def test_a_suspended_run_that_nobody_resumes_fails_with_those_that_called_it(
        self, backend, suspended
    ):
        parent, child = suspended
        backend.begin_pause(suspension(child, until=NOON + 5), [])
        backend.reap(NOON + 4)
        assert backend.flow_run(child.id).state is StateType.PAUSED
        backend.reap(NOON + 5)
        for row in suspended:
            found = backend.flow_run(row.id)
            assert (found.state, found.end) == (StateType.FAILED, NOON + 5)
            assert found.message == "Flow run was suspended and nobody resumed it in time."
        assert [each.state for each in backend.task_runs(parent.id)] == [StateType.FAILED]
        assert backend.pause(child.id, "suspended-1").outcome == PauseOutcome.EXPIRED

    def test_a_suspended_run_is_cancelled_at_once_with_the_reason(self, backend, suspended):
        parent, child = suspended
        assert backend.request_cancel(parent.id, NOON, "rejected: 太贵").message == "rejected: 太贵"
        assert backend.flow_run(child.id).state is StateType.CANCELLED


class TestOpen:
    def test_of_a_run_with_those_below_it_the_oldest_first(self, backend, run):
        child, other = below(run), flow_run()
        backend.append(batch(child, other))
        rows = [
            pause(run, since=NOON + 2),
            pause(child, since=NOON + 1),
            pause(other, since=NOON),
        ]
        for row in rows:
            backend.begin_pause(row, [])
        assert backend.open_pauses(run.id) == [rows[1], rows[0]]
        assert backend.open_pauses(child.id) == [rows[1]]
        assert backend.open_pauses() == [rows[2], rows[1], rows[0]]

    def test_a_run_that_has_ended_waits_no_more(self, backend, run):
        backend.begin_pause(pause(run), [])
        backend.append(batch(run._replace(state=StateType.CRASHED, end=NOON)))
        assert backend.open_pauses() == []

    def test_they_are_forgotten_since_a_time(self, backend, run):
        child = below(run)
        backend.append(batch(child))
        for row in (pause(run, "paused-1"), pause(child, since=NOON + 5)):
            backend.begin_pause(row, [])
        backend.forget_pauses(run.id, NOON + 1)
        assert [row.flow_run for row in backend.open_pauses()] == [run.id]

    def test_they_go_with_their_run(self, backend, run):
        backend.begin_pause(pause(run, wants_input=True), [sent(run, "paused-1-schema")])
        assert backend.info().rows["pauses"] == backend.info().rows["run_inputs"] == 1
        backend.delete_flow_run(run.id)
        assert backend.info().rows["pauses"] == backend.info().rows["run_inputs"] == 0


class TestRequests:
    @pytest.fixture
    def here(self, backend):
        row = this_process(NOON, LEASE)
        backend.register_process(row)
        return row

    def test_a_process_hears_of_those_for_its_runs(self, backend, here, run):
        mine = flow_run(process=here.id)
        backend.append(batch(mine))
        row = suspension(mine, requested=True)
        backend.begin_pause(row, [])
        backend.begin_pause(suspension(run, requested=True), [])
        assert backend.asked_suspensions(here.id) == [row]

    def test_it_is_taken_once(self, backend, here, run):
        backend.begin_pause(suspension(run, requested=True), [])
        assert backend.take_suspension(run.id, "suspended-1")
        assert not backend.take_suspension(run.id, "suspended-1")
        assert [row.requested for row in backend.open_pauses()] == [False]

    def test_one_that_was_withdrawn_is_not_taken(self, backend, run):
        backend.begin_pause(suspension(run, requested=True), [])
        end = backend.end_pause(run.id, "suspended-1", PauseOutcome.RESUMED, NOON)
        assert end.requested
        assert not backend.take_suspension(run.id, "suspended-1")

    def test_a_new_execution_is_not_held_by_what_was_asked_of_the_old(self, backend, here):
        crashed = flow_run(state=StateType.CRASHED, end=NOON)
        backend.append(batch(crashed))
        backend.begin_pause(suspension(crashed, requested=True), [])
        backend.begin_pause(pause(crashed), [])
        taken = backend.begin_execution(crashed.id, here.id, NOON + 5)
        assert taken is not None
        assert backend.asked_suspensions(here.id) == []
        assert [row.key for row in backend.open_pauses()] == ["paused-1"]


class TestInputs:
    def test_they_come_in_the_order_of_sending_by_prefix(self, backend, run):
        rows = [sent(run, key, f'"{key}"') for key in ("数-1", "n-1", "数-2", "数_3")]
        for row in rows:
            assert backend.send_run_input(row)
        assert backend.run_inputs(run.id, "数-") == [rows[0], rows[2]]
        assert backend.run_inputs(run.id, "", limit=3) == rows[:3]
        assert backend.run_inputs(run.id, "", after=rows[2].id) == rows[3:]
        assert backend.run_inputs(flow_run().id, "") == []

    def test_a_key_is_used_once_unless_it_may_be_replaced(self, backend, run):
        first, later = sent(run, "a", "1"), sent(run, "a", "2")
        assert backend.send_run_input(first)
        assert not backend.send_run_input(later)
        assert backend.run_input(run.id, "a") == first
        assert backend.send_run_input(later, True)
        assert backend.run_input(run.id, "a").value == "2"

    def test_one_is_deleted_once(self, backend, run):
        backend.send_run_input(sent(run, "a"))
        assert backend.delete_run_input(run.id, "a")
        assert not backend.delete_run_input(run.id, "a")
