"""What goes when its time is over, what stays, and in which portions: on every backend alike."""

from __future__ import annotations

import os

import pytest

from noria.backend.deployments_port import RunRequest
from noria.backend.processes import this_process
from noria.backend.retention import GRACE, Housekeeper, remove_files, run_once
from noria.core.deployments import DeploymentSpec
from noria.core.pools import WorkerRow
from noria.core.records import LockRow, PauseRow, RunInputRow, StoredValue, TransactionRow
from noria.core.retention import Removed, parse
from noria.core.settings import Settings
from noria.core.spans import DAY, HOUR, MINUTE
from noria.core.states import TERMINAL_STATES, Name, StateType
from noria.values.results import ResultKeeper
from tests.conformance.rows import (
    LEASE,
    NOON,
    artifact,
    batch,
    below,
    cached,
    flow_run,
    group,
    limit,
    log,
    new_id,
    process,
    task_run,
    ticket,
)

RULES = parse("completed=10d,failed=20d,crashed=20d,cancelled=10d")
OLD = NOON - 100 * DAY


def finished(end=OLD, state=StateType.COMPLETED, **changes):
    return flow_run(state=state, created=end - HOUR, start=end - HOUR, end=end, **changes)


def child(parent, end=OLD, state=StateType.COMPLETED, **changes):
    return below(parent, state=state, created=end - HOUR, end=end, **changes)


def retain_all(backend, rules=RULES, now=NOON, limit=500):
    total = backend.retain(rules, now, limit)
    while total.more:
        total = total.plus(backend.retain(rules, now, limit))
    return total


def left(backend, *rows):
    return [row for row in rows if backend.flow_run(row.id) is not None]


def kept_in(reference):
    return StoredValue("json", None, reference, 3)


class TestWhatGoes:
    @pytest.mark.parametrize("state", sorted(TERMINAL_STATES))
    def test_a_run_that_ended_longer_ago_than_its_state_is_kept(self, backend, state):
        age = RULES[state]
        old, young = finished(NOON - age, state), finished(NOON - age + 1, state)
        backend.append(batch(old, young))
        assert backend.retain(RULES, NOON).runs == 1
        assert left(backend, old, young) == [young]

    def test_all_that_it_recorded_goes_with_it(self, backend):
        gone, stays = finished(), finished(NOON)
        for run in (gone, stays):
            task = task_run(run)
            backend.append(batch(run, task, group(run), log(run), log(run, task_run=task.id)))
            backend.append(batch(artifact(None, flow_run=run.id)))
            mark = TransactionRow(task.id, run.id, 1, 1, False, None)
            backend.append(batch()._replace(transactions=[mark]))
            asked = RunInputRow(new_id(), run.id, "k", "1", None, NOON)
            pause = PauseRow(
                run.id, "p", "Paused", NOON, None, False, False, None, None, None, None
            )
            backend.begin_pause(pause, [asked])
        before = backend.info().rows
        removed = retain_all(backend)
        assert removed == Removed(runs=1, task_runs=1, log_lines=2)
        after = backend.info().rows
        halved = ("flow_runs", "task_runs", "groups", "logs", "artifacts", "pauses", "run_inputs")
        assert {noun: after[noun] * 2 for noun in halved} == {noun: before[noun] for noun in halved}
        assert backend.flow_run(stays.id) == stays

    def test_the_oldest_goes_first(self, backend):
        runs = [
            finished(OLD + place * HOUR, state)
            for place, state in enumerate(
                [StateType.FAILED, StateType.COMPLETED, StateType.CRASHED, StateType.CANCELLED]
            )
        ]
        backend.append(batch(*reversed(runs)))
        seen = []
        while left(backend, *runs):
            backend.retain(RULES, NOON, limit=1)
            seen.append(len(left(backend, *runs)))
            assert left(backend, *runs) == runs[4 - seen[-1] :]
        assert seen == [3, 2, 1, 0]

    def test_runs_kept_for_ever(self, backend):
        runs = [finished(state=state) for state in TERMINAL_STATES]
        backend.append(batch(*runs))
        assert retain_all(backend, parse("never")) == Removed()
        retain_all(backend, parse("failed=never"))
        assert [row.state for row in left(backend, *runs)] == [StateType.FAILED]

    def test_what_is_told_beforehand_is_what_goes(self, backend):
        for state in TERMINAL_STATES:
            top = finished(NOON - 15 * DAY, state)
            sub = child(top, NOON - 15 * DAY)
            backend.append(batch(top, sub, task_run(top), task_run(sub), log(sub), log(top)))
        told = backend.retainable(RULES, NOON)
        assert told == Removed(runs=4, task_runs=4, log_lines=4)
        assert retain_all(backend) == told
        assert backend.retainable(RULES, NOON) == Removed()

    def test_cached_results_that_only_this_run_could_use_go_with_it(self, backend):
        gone, stays = finished(), finished(NOON)
        backend.append(batch(gone, stays))
        backend.append(
            batch(
                cached("a", flow_run=gone.id, of_run=True),
                cached("b", flow_run=stays.id, of_run=True),
                cached("c", flow_run=gone.id),
            )
        )
        retain_all(backend)
        found = {key: backend.cached(key, NOON) for key in "abc"}
        assert [key for key, row in found.items() if row is not None] == ["b", "c"]
        assert (found["b"].of_run, found["c"].of_run) == (True, False)

    def test_expired_cached_results_go_with_it(self, backend):
        backend.append(batch(cached("a", expires=NOON), cached("b", expires=NOON + 1), cached("c")))
        assert backend.retain(parse("never"), NOON).cache_keys == 1
        assert backend.info().rows["cache"] == 2


class TestWhatStays:
    @pytest.mark.parametrize("state", sorted(set(StateType) - TERMINAL_STATES))
    def test_what_has_not_ended(self, backend, state):
        run = flow_run(state=state, created=OLD, start=OLD)
        backend.append(batch(run))
        assert retain_all(backend, dict.fromkeys(StateType, 0)) == Removed()

    @pytest.mark.parametrize("state", sorted(set(StateType) - TERMINAL_STATES))
    def test_a_tree_of_which_something_has_not_ended(self, backend, state):
        top = finished()
        middle = child(top)
        unfinished = below(middle, state=state, created=OLD)
        backend.append(batch(top, middle, unfinished))
        assert retain_all(backend) == Removed()

    def test_a_finished_run_below_one_that_has_not_ended(self, backend):
        top = flow_run(created=OLD)
        backend.append(batch(top, child(top)))
        assert retain_all(backend) == Removed()

    def test_a_run_stays_as_long_as_what_it_called_would(self, backend):
        top = finished()
        late = child(top, NOON - 5 * DAY, StateType.FAILED)
        backend.append(batch(top, late))
        assert retain_all(backend) == Removed()
        # The state of the run that was started decides for all below it.
        assert retain_all(backend, now=NOON + 5 * DAY).runs == 2

    def test_what_was_suspended_until_it_has_ended(self, backend):
        run = flow_run(state=StateType.PAUSED, state_name=Name.SUSPENDED, created=OLD)
        backend.append(batch(run))
        assert retain_all(backend) == Removed()

    def test_a_run_that_was_resumed_meanwhile(self, backend):
        run = finished(state=StateType.FAILED)
        backend.append(batch(run))
        me = this_process(NOON, LEASE)
        backend.register_process(me)
        assert backend.begin_execution(run.id, me.id, NOON) is not None
        assert retain_all(backend) == Removed()

    def test_what_has_crashed_and_is_to_go_on(self, backend):
        spec = DeploymentSpec("etl", "nightly", "etl.py:etl", path="/srv/etl", on_crash="resume")
        backend.apply_deployments([spec], OLD)
        (deployment,) = backend.find_deployments("etl/nightly")
        run = backend.request_run(RunRequest(deployment.id, OLD), OLD)
        me = this_process(OLD, LEASE)
        backend.register_process(me)
        backend.claim(["default"], me.id, 1, OLD)
        claimed = backend.flow_run(run.id)
        crashed = claimed._replace(state=StateType.CRASHED, end=OLD)
        top = finished()
        also = below(top, state=StateType.CRASHED, end=OLD)
        backend.append(batch(crashed, top, also))
        assert retain_all(backend).runs == 2  # whatever does not belong to a deployment
        assert left(backend, run) == [run]
        backend.delete_deployment(deployment.id, OLD)
        assert retain_all(backend).runs == 1

    def test_artifacts_and_results_outside_of_runs(self, backend):
        backend.append(batch(artifact(created=OLD, updated=OLD), cached("c", created=OLD)))
        assert retain_all(backend) == Removed()
        assert backend.info().rows["artifacts"] == 1


class TestPortions:
    def test_a_large_run_goes_in_portions_and_is_not_seen_meanwhile(self, backend):
        run, other = finished(), finished(NOON)
        lines = [log(run) for _ in range(40)]
        backend.append(batch(run, other, *(task_run(run) for _ in range(60)), *lines))
        backend.append(batch(task_run(other), log(other)))
        removed, steps = Removed(more=True), 0
        while removed.more:
            portion = backend.retain(RULES, NOON, limit=7)
            rows = portion.runs + portion.task_runs + portion.log_lines
            assert rows <= 7
            assert backend.flow_run(run.id) is None
            removed, steps = removed.plus(portion), steps + 1
        assert removed == Removed(runs=1, task_runs=60, log_lines=40)
        assert steps >= 101 / 7
        rows = backend.info().rows
        assert (rows["flow_runs"], rows["task_runs"], rows["logs"]) == (1, 1, 1)

    def test_many_runs_below_one(self, backend):
        top = finished()
        subs = [child(top) for _ in range(30)]
        leaves = [child(sub) for sub in subs]
        backend.append(batch(top, *subs, *leaves, *(task_run(leaf) for leaf in leaves)))
        total = Removed(more=True)
        while total.more:
            portion = backend.retain(RULES, NOON, limit=5)
            assert portion.runs + portion.task_runs <= 5
            total = total.plus(portion)
        assert total == Removed(runs=61, task_runs=30)
        assert backend.info().rows["flow_runs"] == 0

    def test_who_comes_next_goes_on_where_the_last_one_was_killed(self, backend):
        run = finished()
        backend.append(batch(run, *(task_run(run) for _ in range(20))))
        assert backend.retain(RULES, NOON, limit=5).more
        # Also when nothing is to be deleted any more by its age.
        assert retain_all(backend, parse("never")).task_runs == 16
        assert backend.info().rows["task_runs"] == 0

    def test_deleting_one_run_by_hand_takes_portions_too(self, backend):
        run = flow_run()
        backend.append(batch(run, *(task_run(run) for _ in range(1200))))
        assert backend.delete_flow_run(run.id)
        rows = backend.info().rows
        assert (rows["flow_runs"], rows["task_runs"]) == (0, 0)

    def test_in_one_transaction_each(self, backend, monkeypatch):
        run = finished()
        backend.append(batch(run, *(task_run(run) for _ in range(20))))
        database, begun = backend._database, []
        write = database.write
        monkeypatch.setattr(
            database, "write", lambda *args, **kwargs: (begun.append(1), write(*args, **kwargs))[1]
        )
        calls = 1
        while backend.retain(RULES, NOON, limit=5).more:
            calls += 1
        assert len(begun) == calls
        backend.retain(RULES, NOON)
        assert len(begun) == calls, "looking takes no lock"


@pytest.fixture
def results(tmp_path):
    return ResultKeeper(Settings(home=str(tmp_path), results_inline_limit=0))


class TestFiles:
    def step(self, backend, results, now, **how):
        return run_once(backend, RULES, results, now, **how)

    def kept(self, results, value, age=DAY):
        """A result in a file that was written some time before NOON."""
        stored = results.keep(value)
        path = results._place(results._base).address(stored.reference)
        then = (NOON - age) / 1_000_000
        os.utime(path, (then, then))
        return stored, lambda: os.path.exists(path)

    def test_a_file_goes_an_hour_after_its_last_run(self, backend, results):
        stored, exists = self.kept(results, "report")
        run = finished()
        backend.append(batch(run, task_run(run, result=stored)))
        assert self.step(backend, results, NOON).task_runs == 1
        assert self.step(backend, results, NOON + GRACE - 1).result_files == 0
        assert exists()
        removed = self.step(backend, results, NOON + GRACE)
        assert (removed.result_files, removed.result_bytes) == (1, stored.size)
        assert not exists()
        assert self.step(backend, results, NOON + 9 * GRACE) == Removed()

    @pytest.mark.parametrize("user", ["run", "task", "cache", "transaction"])
    def test_a_file_that_others_use_stays(self, backend, results, user):
        stored, exists = self.kept(results, "report")
        run, other = finished(), finished(NOON)
        task = task_run(other)
        users = {
            "run": batch(other._replace(result=stored)),
            "task": batch(task._replace(result=stored)),
            "cache": batch(cached("k", value=stored)),
            "transaction": batch()._replace(
                transactions=[TransactionRow(task.id, other.id, 1, 1, False, stored)]
            ),
        }
        backend.append(batch(run, other, task, task_run(run, result=stored)))
        backend.append(users[user])
        self.step(backend, results, NOON)
        self.step(backend, results, NOON + GRACE)
        assert exists()
        assert backend.stale_results(NOON + DAY) == []

    def test_a_file_that_the_cache_lets_go_follows(self, backend, results):
        stored, exists = self.kept(results, "report")
        run = finished()
        backend.append(batch(run, task_run(run, result=stored)))
        backend.append(batch(cached("k", value=stored, expires=NOON + DAY)))
        self.step(backend, results, NOON)
        self.step(backend, results, NOON + GRACE)
        assert exists()
        self.step(backend, results, NOON + DAY)
        self.step(backend, results, NOON + DAY + GRACE)
        assert not exists()

    def test_a_file_that_somebody_refers_to_again_in_the_hour_stays(self, backend, results):
        stored, exists = self.kept(results, "report")
        run, other = finished(), finished(NOON)
        backend.append(batch(run, task_run(run, result=stored)))
        self.step(backend, results, NOON)
        backend.append(batch(other, task_run(other, result=stored)))
        self.step(backend, results, NOON + GRACE)
        assert exists()
        assert results.load(stored) == "report"

    def test_a_file_that_was_just_written_again_stays(self, backend, results):
        """Who wrote it is about to refer to it."""
        stored, exists = self.kept(results, "report", age=1)
        run = finished()
        backend.append(batch(run, task_run(run, result=stored)))
        self.step(backend, results, NOON - GRACE)
        assert self.step(backend, results, NOON).result_files == 0
        assert exists()
        assert self.step(backend, results, NOON + GRACE - 1).result_files == 0
        self.step(backend, results, NOON + 2 * GRACE)
        assert not exists()

    def test_files_that_people_have_named_stay(self, backend, results, tmp_path):
        named = results.keep("mine", key="mine.json")
        elsewhere = results.keep("there", storage=str(tmp_path / "elsewhere"))
        run = finished()
        backend.append(batch(run, *(task_run(run, result=kept) for kept in (named, elsewhere))))
        self.step(backend, results, NOON)
        later = NOON + 10**6 * DAY
        assert remove_files(backend, results, later) == Removed()
        assert (results.load(named), results.load(elsewhere)) == ("mine", "there")
        assert backend.stale_results(later) == []

    def test_the_files_of_a_run_that_was_deleted_by_hand_follow(self, backend, results):
        stored = results.keep("report")
        run = finished(result=stored)
        backend.append(batch(run))
        backend.delete_flow_run(run.id)
        assert backend.stale_results(2**62) == [stored.reference]

    def test_more_files_than_one_step_takes(self, backend, results, monkeypatch):
        monkeypatch.setattr("noria.backend.retention.FILES", 2)
        run = finished()
        stored = [self.kept(results, number)[0] for number in range(5)]
        backend.append(batch(run, *(task_run(run, result=each) for each in stored)))
        self.step(backend, results, NOON)
        steps = [self.step(backend, results, NOON + GRACE) for _ in range(3)]
        assert [each.result_files for each in steps] == [2, 2, 1]
        assert [each.more for each in steps] == [True, True, False]


class TestProcesses:
    def forgotten(self, backend, *rows, now=NOON + 2 * DAY, limit=500):
        backend.forget_processes(now, limit)
        return [row for row in rows if backend.process(row.id) is None]

    def test_the_dead_of_whom_nothing_speaks_are_forgotten(self, backend):
        dead, ended = process(), process(ended=NOON)
        young = process(beat=NOON + 2 * DAY - HOUR)
        me = this_process(NOON, LEASE)
        for row in (dead, ended, young, me):
            backend.register_process(row)
        assert self.forgotten(backend, dead, ended, young, me) == [dead, ended]

    def test_whom_something_speaks_of_stays(self, backend):
        runs, holds, locks, leads = rows = [process(pid=number) for number in range(1, 5)]
        for row in rows:
            backend.register_process(row)
        backend.append(batch(finished(NOON, process=runs.id)))
        backend.set_limit(limit(), NOON)
        backend.acquire_slots(ticket(holds.id), NOON)
        backend.acquire_lock(LockRow("k", "me", locks.id, NOON, None))
        backend.lead("scheduler", leads.id, NOON)
        assert self.forgotten(backend, *rows) == []
        backend.delete_flow_run(backend.find_flow_runs("@last")[0].id)
        assert self.forgotten(backend, *rows, now=NOON + 3 * DAY) == [runs]

    def test_dead_workers_are_forgotten(self, backend):
        dead, alive = process(), this_process(NOON, LEASE)
        for row in (dead, alive):
            backend.register_process(row)
            backend.register_worker(WorkerRow(row.id, f"w{row.pid}", None, None, NOON))
        assert self.forgotten(backend, dead, alive) == [dead]
        assert [each.process.id for each in backend.workers(NOON)] == [alive.id]

    def test_page_by_page_and_then_not_for_an_hour(self, backend):
        rows = [process() for _ in range(5)]
        for row in rows:
            backend.register_process(row)
        now = NOON + 2 * DAY
        assert [backend.forget_processes(now, limit=2) for _ in range(3)] == [2, 2, 1]
        late = process()
        backend.register_process(late)
        assert self.forgotten(backend, late, now=now + HOUR - 1) == []
        assert self.forgotten(backend, late, now=now + HOUR) == [late]


class TestTurns:
    def test_only_one_gets_a_turn(self, backend):
        assert backend.claim_upkeep("tidy", NOON, HOUR)
        assert not backend.claim_upkeep("tidy", NOON + HOUR - 1, HOUR)
        assert backend.claim_upkeep("other", NOON, HOUR)
        assert backend.claim_upkeep("tidy", NOON + HOUR, HOUR)

    def test_a_clock_that_was_wrong_stops_nobody(self, backend):
        assert backend.claim_upkeep("tidy", NOON + 1000 * DAY, HOUR)
        assert backend.claim_upkeep("tidy", NOON, HOUR)

    def test_a_process_that_is_there_anyway_takes_steps(self, backend, results):
        runs = [finished() for _ in range(450)]
        backend.append(batch(*runs))
        keeper = Housekeeper(backend, RULES, results)
        other = Housekeeper(backend, RULES, results)
        assert keeper.step(NOON)
        assert not other.step(NOON)
        assert 0 < backend.info().rows["flow_runs"] < 450
        steps = 1
        while keeper.step(NOON):
            steps += 1
        assert steps > 1
        assert backend.info().rows["flow_runs"] == 0
        backend.append(batch(finished()))
        assert not keeper.step(NOON + HOUR - MINUTE)
        assert backend.info().rows["flow_runs"] == 1
        keeper.step(NOON + HOUR)
        assert backend.info().rows["flow_runs"] == 0

    def test_what_the_end_of_a_process_has_no_time_for_is_left_to_the_next(
        self, backend, results, monkeypatch
    ):
        monkeypatch.setattr("noria.backend.retention.CLOSING_SECONDS", -1)
        backend.append(batch(*(finished() for _ in range(450))))
        Housekeeper(backend, RULES, results).close(NOON)
        after = backend.info().rows["flow_runs"]
        assert 0 < after < 450
        Housekeeper(backend, RULES, results).close(NOON + 59_000_000)
        assert backend.info().rows["flow_runs"] == after
        Housekeeper(backend, RULES, results).close(NOON + 60_000_000)
        assert backend.info().rows["flow_runs"] < after
