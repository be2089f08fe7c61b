"""Pools, queues, fair turns, limits of every kind, workers and leaders: what every backend does."""

from __future__ import annotations

import pytest

from noria.backend import claiming
from noria.backend.deployments_port import RunRequest
from noria.core.deployments import DeploymentSpec, OnCrash, Overlap
from noria.core.errors import DeploymentError
from noria.core.pools import HEAD_START, SERVED, PoolRow, QueueRow, WorkerRow
from noria.core.slots import LimitRow
from noria.core.states import StateType
from tests.conformance.rows import NOON, SECOND, batch, new_id

SPEC = DeploymentSpec("etl", "nightly", "etl.py:etl", path="/srv/etl")


@pytest.fixture
def asked(backend):
    """Asks for runs of deployments."""

    def ask(spec=SPEC, due=NOON, now=NOON, **changes):
        backend.apply_deployments([spec], now)
        (row,) = backend.find_deployments(spec.full_name)
        return backend.request_run(RunRequest(row.id, due, **changes), now).id

    return ask


@pytest.fixture
def taken(backend, worker):
    """Takes what is due."""

    def take(pool="default", limit=99, now=NOON):
        return [claim.run.id for claim in backend.claim([pool], worker, limit, now)]

    return take


class TestLaterVersions:
    def test_what_cannot_be_read_keeps_nobody_from_their_turn(self, backend, asked, taken):
        later = SPEC._replace(name="later")
        waits = asked(later)
        backend.apply_deployments([later._replace(overlap="later")], NOON)
        runs = asked()
        assert taken() == [runs]
        assert backend.flow_run(waits).state is StateType.SCHEDULED
        with pytest.raises(DeploymentError, match="'etl/later' cannot be read: 'later' is not"):
            asked(later)


def end(backend, flow_run, state=StateType.COMPLETED):
    row = backend.flow_run(flow_run)
    backend.append(batch(row._replace(state=state, state_name=None, end=NOON + SECOND)))


class TestTurns:
    def test_a_higher_priority_goes_first_but_not_for_ever(self, asked, taken):
        urgent = SPEC._replace(name="urgent", priority=1)
        old = asked(now=NOON - HEAD_START - SECOND, due=NOON - HEAD_START - SECOND)
        young = asked(now=NOON - HEAD_START + SECOND, due=NOON - HEAD_START + SECOND)
        first = asked(urgent)
        assert taken() == [old, first, young]

    def test_what_is_made_up_for_has_not_waited_since_it_was_due(self, asked, taken):
        waits = asked(SPEC._replace(name="waits"), due=NOON - SECOND, now=NOON - SECOND)
        made_up_for = asked(due=NOON - 3600 * SECOND)
        assert taken() == [waits, made_up_for]

    def test_many_that_must_wait_do_not_keep_others_from_it(self, asked, taken):
        narrow = SPEC._replace(concurrency_limit=1)
        first = asked(narrow)
        for _ in range(250):
            asked(narrow)
        other = asked(SPEC._replace(name="other"))
        assert taken() == [first, other]


class TestPools:
    def test_a_pool_has_so_many_slots(self, backend, asked, taken):
        backend.set_pool(PoolRow("default", slots=2), NOON)
        runs = [asked() for _ in range(3)]
        assert taken() == runs[:2]
        end(backend, runs[0])
        assert taken() == runs[2:]

    def test_nothing_is_taken_while_it_rests(self, backend, asked, taken):
        before = backend.set_pool(PoolRow("default", paused=True, description="休息"), NOON)
        run = asked()
        assert taken() == []
        after = backend.set_pool(before._replace(paused=False), NOON + 1)
        assert (after.created, after.updated, after.description) == (NOON, NOON + 1, "休息")
        assert taken() == [run]

    def test_what_is_known_of_pools(self, backend, asked, taken, worker):
        asked(SPEC._replace(pool="甲"))
        taken("甲")
        asked(SPEC._replace(pool="甲"))
        backend.set_pool(PoolRow("said", slots=3), NOON)
        backend.register_worker(WorkerRow(worker, "w", ("甲",), 4, NOON))
        found = {use.pool.name: use for use in backend.pools(NOON)}
        assert found["said"][1:] == (0, 0, 0, 0)
        assert found["甲"][1:] == (1, 1, 1, 1)
        assert backend.delete_pool("said")
        assert not backend.delete_pool("said")
        assert [use.pool.name for use in backend.pools(NOON)] == ["甲"]

    def test_a_worker_for_all_pools_takes_nothing_that_a_script_serves(
        self, backend, asked, worker
    ):
        asked(SPEC._replace(pool="serve etl/nightly"))
        asked(SPEC._replace(name="two"))
        backend.register_worker(WorkerRow(worker, "w", None, None, NOON))
        found = {use.pool.name: use.workers for use in backend.pools(NOON)}
        assert found == {"default": 1, "serve etl/nightly": 0}

    def test_a_pool_of_whose_queues_something_was_said_is_known(self, backend):
        backend.set_queue(QueueRow("甲", "a", rank=2), NOON)
        assert [use.pool.name for use in backend.pools(NOON)] == ["甲"]
        assert backend.delete_pool("甲")
        assert backend.pools(NOON) == []

    def test_ranks_are_forgotten_with_the_pool(self, backend, asked, taken):
        backend.set_queue(QueueRow("default", "a", rank=2), NOON)
        first, second = asked(queue="a"), asked(queue="b", now=NOON + SECOND, due=NOON + SECOND)
        backend.delete_pool("default")
        assert taken(now=NOON + SECOND) == [first, second]

    def test_pools_of_one_worker_take_turns(self, backend, asked, worker):
        first = asked(SPEC._replace(pool="a"))
        second = asked(SPEC._replace(name="b", pool="b"))
        third = asked(SPEC._replace(pool="a"))
        claims = backend.claim(["b", "a", "none"], worker, 2, NOON)
        assert [claim.run.id for claim in claims] == [first, second]
        assert backend.pools_waited_in() == ["a"]
        assert backend.next_work_due(["b", "a"]) == NOON
        assert backend.flow_run(third).state is StateType.SCHEDULED


class TestQueues:
    def test_a_queue_of_a_smaller_rank_goes_first(self, backend, asked, taken):
        backend.set_queue(QueueRow("default", "急", rank=1), NOON)
        backend.set_queue(QueueRow("default", "slow", rank=3), NOON)
        slow, urgent = asked(queue="slow"), asked(queue="急")
        assert taken() == [urgent, slow]

    def test_a_changed_rank_holds_for_what_waits(self, backend, asked, taken):
        first, second = asked(queue="a"), asked(queue="b")
        backend.set_queue(QueueRow("default", "a", rank=2), NOON)
        assert taken(limit=1) == [second]
        third = asked(queue="b")
        assert backend.delete_queue("default", "a")
        assert not backend.delete_queue("default", "a")
        assert taken() == [first, third]

    def test_a_queue_has_slots_and_may_rest(self, backend, asked, taken):
        backend.set_queue(QueueRow("default", "a", slots=1), NOON)
        backend.set_queue(QueueRow("default", "b", paused=True), NOON)
        runs = [asked(queue=queue) for queue in ("a", "a", "b")]
        other = asked(SPEC._replace(queue="c"))
        assert taken() == [runs[0], other]
        uses = {use.queue.name: use[1:] for use in backend.queues("default", NOON)}
        assert uses == {"a": (1, 1), "b": (0, 1), "c": (1, 0)}
        end(backend, runs[0])
        assert taken() == [runs[1]]


class TestLimits:
    def test_each_value_of_a_key_has_a_limit_of_its_own(self, backend, asked, taken):
        spec = SPEC._replace(concurrency_limit=1, concurrency_key="{customer}")
        a1, a2, b1 = (asked(spec, parameters={"customer": who}) for who in ("甲", "甲", "乙"))
        assert taken() == [a1, b1]
        end(backend, a1)
        assert taken() == [a2]

    def test_so_has_what_is_skipped(self, backend, asked, taken):
        spec = SPEC._replace(overlap=Overlap.SKIP, concurrency_key="{customer}")
        a1, a2, b1 = (asked(spec, parameters={"customer": who}) for who in ("a", "a", "b"))
        assert taken() == [a1, b1]
        assert backend.flow_run(a2).state is StateType.CANCELLED

    def test_a_key_is_told_by_defaults_too(self, backend, asked, taken):
        schema = {"properties": {"customer": {"default": "甲"}}}
        spec = SPEC._replace(
            concurrency_limit=1, concurrency_key="{customer}", parameter_schema=schema
        )
        first, second = asked(spec), asked(spec, parameters={"customer": "甲"})
        assert taken() == [first]
        end(backend, first)
        assert taken() == [second]

    def test_what_goes_beyond_a_limit_of_several_is_skipped(self, backend, asked, taken):
        spec = SPEC._replace(overlap=Overlap.SKIP, concurrency_limit=2)
        runs = [asked(spec) for _ in range(3)]
        assert taken() == runs[:2]
        assert backend.flow_run(runs[2]).state is StateType.CANCELLED

    def test_a_tag_with_no_place_closes_all_lanes_of_its_deployments_at_once(
        self, backend, asked, taken, monkeypatch
    ):
        backend.set_limit(LimitRow("run-tag:db", 1, True, 0.0, NOON, NOON), NOON)
        keyed = SPEC._replace(tags=("db",), concurrency_limit=1, concurrency_key="{customer}")
        runs = [asked(keyed, parameters={"customer": number}) for number in range(20)]
        free = asked(SPEC._replace(name="free"))
        judged = []
        monkeypatch.setattr(
            claiming,
            "_judged",
            lambda *found, call=claiming._judged: judged.append(1) or call(*found),
        )
        assert taken(limit=30) == [runs[0], free]
        assert len(judged) <= 8, "each of them was looked at"
        end(backend, runs[0])
        assert taken(limit=30) == [runs[1]]

    @pytest.mark.parametrize("overlap", list(Overlap))
    def test_a_limit_of_none_at_all(self, backend, asked, taken, overlap):
        closed = SPEC._replace(concurrency_limit=0, overlap=overlap)
        run = asked(closed)
        assert taken() == []
        assert backend.flow_run(run).state is StateType.SCHEDULED
        backend.apply_deployments([closed._replace(concurrency_limit=1)], NOON)
        assert taken() == [run]

    def test_runs_with_a_tag(self, backend, asked, taken):
        backend.set_limit(LimitRow("run-tag:db", 1, True, 0.0, NOON, NOON), NOON)
        tagged = SPEC._replace(tags=("db",))
        first, second = asked(tagged), asked(tagged._replace(name="two"))
        free = asked(SPEC._replace(name="free"))
        assert taken() == [first, free]
        assert backend.limits("run-tag:db")[0].held == 1
        end(backend, first)
        assert taken() == [second]

    def test_who_waits_for_a_person_holds_nothing(self, backend, asked, taken):
        spec = SPEC._replace(concurrency_limit=1)
        first, second = asked(spec), asked(spec)
        assert taken() == [first]
        row = backend.flow_run(first)
        backend.append(batch(row._replace(state=StateType.PAUSED, state_name="Suspended")))
        assert taken() == [second]


class TestWorkers:
    def test_they_are_known_by_name(self, backend, worker, gone, asked, taken):
        backend.register_worker(WorkerRow(worker, "一号", None, None, NOON))
        backend.register_worker(WorkerRow(gone, "一号", ("a", "b"), 2, NOON + 1))
        asked()
        taken()
        found = backend.workers(NOON)
        assert [(use.worker.process, use.lives, use.under_way) for use in found] == [
            (worker, True, 1),
            (gone, False, 0),
        ]
        assert [use.worker.pools for use in found] == [None, ("a", "b")]
        assert backend.forget_workers(NOON) == 1
        assert [use.worker.process for use in backend.workers(NOON)] == [worker]

    def test_who_takes_all_there_is_leaves_to_scripts_what_they_serve(self, backend, worker):
        for name in ("etl", f"{SERVED}etl/nightly"):
            backend.apply_deployments([SPEC._replace(name=name[:5], pool=name)], NOON)
        backend.register_worker(WorkerRow(worker, "all", None, None, NOON))
        assert {use.pool.name: use.workers for use in backend.pools(NOON)} == {
            "etl": 1,
            "serve etl/nightly": 0,
        }


class TestLeading:
    def test_one_leads_until_it_is_gone(self, backend, worker, gone):
        assert backend.leader("scheduler", NOON) is None
        assert backend.lead("scheduler", gone, NOON)
        # It is dead, so that another may.
        assert backend.lead("scheduler", worker, NOON + 1)
        assert backend.lead("scheduler", worker, NOON + 2)
        assert not backend.lead("scheduler", gone, NOON + 3)
        process, since = backend.leader("scheduler", NOON + 3)
        assert (process.id, since) == (worker, NOON + 1)
        backend.leave(worker)
        assert backend.leader("scheduler", NOON + 4) is None


class TestOwedHooks:
    def crashed(self, backend, asked, worker, gone, on_crash=OnCrash.RESUME):
        run = asked(SPEC._replace(on_crash=on_crash))
        backend.claim(["default"], worker, 1, NOON)
        backend.begin_claimed(run, worker, gone, NOON)
        backend.reap(NOON)
        return run

    def test_whose_process_died_is_owed_its_hooks(self, backend, asked, worker, gone):
        run = self.crashed(backend, asked, worker, gone)
        backend.recover(NOON)
        assert backend.take_owed_hooks(["other"], worker, NOON) == []
        (hook,) = backend.take_owed_hooks(["default"], worker, NOON)
        assert (hook.flow_run, hook.epoch, hook.state) == (run, 1, StateType.CRASHED)
        assert backend.take_owed_hooks(None, worker, NOON) == []
        backend.hooks_called(run, 1)
        assert backend.take_owed_hooks(None, new_id(), NOON) == []

    def test_who_took_them_over_may_die_as_well(self, backend, asked, worker, gone):
        run = self.crashed(backend, asked, worker, gone)
        assert [hook.flow_run for hook in backend.take_owed_hooks(None, gone, NOON)] == [run]
        assert [hook.flow_run for hook in backend.take_owed_hooks(None, worker, NOON)] == [run]

    def test_so_many_at_a_time(self, backend, asked, worker, gone):
        runs = [self.crashed(backend, asked, worker, gone) for _ in range(3)]
        first = backend.take_owed_hooks(None, worker, NOON, limit=2)
        rest = backend.take_owed_hooks(None, worker, NOON, limit=2)
        assert [hook.flow_run for hook in first + rest] == runs

    def test_those_of_a_served_deployment_are_its_scripts(self, backend, asked, worker, gone):
        pool = f"{SERVED}etl/nightly"
        run = asked(SPEC._replace(pool=pool))
        backend.claim([pool], worker, 1, NOON)
        backend.begin_claimed(run, worker, gone, NOON)
        backend.reap(NOON)
        assert backend.take_owed_hooks(None, worker, NOON) == []
        assert [hook.flow_run for hook in backend.take_owed_hooks([pool], worker, NOON)] == [run]

    def test_what_never_began_is_owed_nothing(self, backend, asked, worker, gone):
        asked()
        backend.claim(["default"], gone, 1, NOON)
        backend.reap(NOON)
        assert backend.take_owed_hooks(None, worker, NOON) == []

    def test_a_deleted_run_is_owed_nothing(self, backend, asked, worker, gone):
        run = self.crashed(backend, asked, worker, gone)
        backend.delete_flow_run(run)
        assert backend.take_owed_hooks(None, worker, NOON) == []
