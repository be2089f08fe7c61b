"""Finding, listing and paging."""

from __future__ import annotations

import pytest

from noria.backend.port import RunFilter
from noria.core import ids
from noria.core.records import StoredValue
from noria.core.states import StateType
from tests.conformance.rows import (
    NOON,
    batch,
    below,
    cached,
    flow_run,
    group,
    log,
    new_id,
    task_run,
)


def found(backend, reference):
    return [row.id for row in backend.find_flow_runs(reference)]


def listed(backend, **where):
    return [summary.run.id for summary in backend.flow_runs(RunFilter(**where))]


class TestFind:
    def test_by_id_or_its_beginning(self, backend):
        first = flow_run(id=bytes.fromhex("0190aaaa" + "00" * 12))
        second = flow_run(id=bytes.fromhex("0190aaab" + "ff" * 12))
        backend.append(batch(first, second))
        assert found(backend, ids.to_text(first.id)) == [first.id]
        assert found(backend, first.id.hex().upper()) == [first.id]
        assert found(backend, "0190aaab") == [second.id]
        assert found(backend, "0190aaab-ffff-f") == [second.id]
        assert found(backend, "0190aaa") == [second.id, first.id]
        assert found(backend, "0190b") == []

    def test_by_exact_name(self, backend):
        runs = [flow_run(name="100%_狐狸"), flow_run(name="100xy狐狸"), flow_run(name="100%_狐狸")]
        backend.append(batch(*runs))
        assert found(backend, "100%_狐狸") == [runs[2].id, runs[0].id]
        assert found(backend, "100%") == []
        assert found(backend, "%") == []
        assert found(backend, "'; drop table flow_run; --") == []

    def test_a_name_that_looks_like_an_id(self, backend):
        named = flow_run(name="0190cc")
        begun = flow_run(id=bytes.fromhex("0190cc" + "00" * 13))
        backend.append(batch(named, begun))
        assert sorted(found(backend, "0190cc")) == sorted([named.id, begun.id])

    def test_the_last(self, backend):
        runs = [flow_run() for _ in range(3)]
        backend.append(batch(*runs, below(runs[0])))
        assert found(backend, "@last") == [runs[2].id]
        assert found(backend, "@last~1") == [runs[1].id]
        assert found(backend, "@last~3") == []
        assert found(backend, "@last~x") == []

    @pytest.mark.parametrize("reference", ["", "-", "@last", "f" * 33, "nobody", "\udce4"])
    def test_nothing_is_found_in_an_empty_store(self, backend, reference):
        assert found(backend, reference) == []


class TestList:
    def test_newest_first_with_counts(self, backend):
        runs = [flow_run() for _ in range(3)]
        counts = (1, 2, 3, 4, 5, 6, 7, 8, 9)
        groups = [group(runs[1], number=number, counts=counts) for number in (1, 2)]
        backend.append(batch(*runs, *groups))
        page = backend.flow_runs(RunFilter())
        assert [summary.run for summary in page] == runs[::-1]
        assert [summary.counts[0] for summary in page] == [0, 2, 0]
        assert page[1].counts == tuple(2 * count for count in counts)

    def test_counts_are_those_of_the_latest_execution(self, backend):
        run = flow_run()
        second = run._replace(epoch=2)
        backend.append(batch(run, group(run, number=1), group(run, number=2)))
        backend.append(batch(second, group(second, number=1)))
        assert backend.flow_runs(RunFilter())[0].counts[3] == 1

    def test_pages(self, backend):
        runs = [flow_run().id for _ in range(5)]
        backend.append(batch(*(flow_run(id=run) for run in runs)))
        assert listed(backend, limit=2) == [runs[4], runs[3]]
        assert listed(backend, limit=2, before=runs[3]) == [runs[2], runs[1]]
        assert listed(backend, before=runs[0]) == []

    def test_filters(self, backend):
        clean = flow_run(flow_name="clean", name="Brave-Ärmel", tags='["夜间", "a"]')
        load = flow_run(flow_name="load", state=StateType.FAILED, created=NOON + 100)
        sub = below(load, flow_name="clean", tags='["a%"]')
        backend.append(batch(clean, load, sub))
        assert listed(backend) == [load.id, clean.id]
        assert listed(backend, top_level=False) == [sub.id, load.id, clean.id]
        assert listed(backend, flow_name="clean") == [clean.id]
        assert listed(backend, flow_name="clean", top_level=False) == [sub.id, clean.id]
        assert listed(backend, states=[StateType.FAILED]) == [load.id]
        assert listed(backend, states=[StateType.FAILED, StateType.RUNNING]) == [load.id, clean.id]
        assert listed(backend, states=[]) == []
        assert listed(backend, name="brave-ä") == [clean.id]
        assert listed(backend, name="%") == []
        assert listed(backend, since=NOON + 1) == [load.id]
        assert listed(backend, tags=["a"], top_level=False) == [clean.id]
        assert listed(backend, tags=["夜间", "a"]) == [clean.id]
        assert listed(backend, tags=["夜间", "b"]) == []

    def test_children_are_listed_oldest_first(self, backend):
        top = flow_run()
        subs = [below(top), below(top)]
        backend.append(batch(top, *subs, below(subs[0])))
        assert backend.children(top.id) == subs


class TestTaskRuns:
    def test_pages_by_id_across_groups(self, backend):
        run, other = flow_run(), flow_run()
        rows = [task_run(run, group=number) for number in (2, 1, 2, 1)]
        backend.append(batch(run, other, *rows, task_run(other)))
        assert backend.task_runs(run.id) == rows
        assert backend.task_runs(run.id, limit=2) == rows[:2]
        assert backend.task_runs(run.id, after=rows[1].id, limit=2) == rows[2:]
        assert backend.task_runs(run.id, group=2) == [rows[0], rows[2]]
        assert backend.task_runs(run.id, group=2, after=rows[0].id) == [rows[2]]
        assert backend.task_runs(run.id, group=3) == []

    def test_by_state(self, backend):
        run = flow_run()
        kinds = [StateType.COMPLETED, StateType.FAILED, StateType.RUNNING, StateType.FAILED]
        rows = [task_run(run, state=kind) for kind in kinds]
        backend.append(batch(run, *rows))
        assert backend.task_runs(run.id, states=[StateType.FAILED]) == [rows[1], rows[3]]
        assert backend.task_runs(run.id, states=[StateType.COMPLETED]) == rows[:1]
        assert backend.task_runs(run.id, states=kinds[:2]) == [rows[0], rows[1], rows[3]]
        assert backend.task_runs(run.id, 1, [StateType.FAILED], rows[1].id, 1) == [rows[3]]

    def test_the_slowest(self, backend):
        run = flow_run()
        rows = [task_run(run, end=NOON + 20 + took) for took in (5, 80, 7, 80)]
        unfinished = task_run(run, end=None, state=StateType.RUNNING)
        never_began = task_run(run, start=None, state=StateType.FAILED)
        backend.append(batch(run, *rows, unfinished, never_began))
        assert backend.slowest_tasks(run.id, 3) == [rows[1], rows[3], rows[2]]


class TestLogs:
    @pytest.fixture
    def runs(self, backend):
        """A run, one below it, one below that, and another."""
        top = flow_run()
        middle = below(top)
        bottom = below(middle)
        backend.append(batch(top, middle, bottom, other := flow_run()))
        return top, middle, bottom, other

    def messages(self, backend, *args, **kwargs):
        return [row.message for _, row in backend.logs(*args, **kwargs)]

    def test_lines_come_back_as_they_were(self, backend):
        run = flow_run()
        line = log(run, "读取 🚰", task_run=new_id(), level=40, extra='{"rows": 3}')
        backend.append(batch(run, line, log(run)._replace(flow_run=None)))
        ((_, row),) = backend.logs(run.id)
        assert row == line

    def test_lines_of_the_runs_below_are_among_them(self, backend, runs):
        top, middle, bottom, other = runs
        backend.append(batch(log(bottom, "1"), log(top, "2"), log(other, "3"), log(middle, "4")))
        assert self.messages(backend, top.id) == ["1", "2", "4"]
        assert self.messages(backend, middle.id) == ["1", "4"]
        assert self.messages(backend, bottom.id) == ["1"]

    def test_pages_by_position(self, backend, runs):
        top, middle, _, other = runs
        for number in range(6):
            backend.append(batch(log((top, middle)[number % 2], str(number)), log(other)))
        first = backend.logs(top.id, limit=4)
        assert [row.message for _, row in first] == ["0", "1", "2", "3"]
        assert self.messages(backend, top.id, after=first[-1][0]) == ["4", "5"]
        assert self.messages(backend, other.id, limit=2) == ["hello", "hello"]

    def test_of_one_task(self, backend, runs):
        top, middle, _, other = runs
        task = new_id()
        rows = [log(middle, "mine", task_run=task), log(middle, "not mine"), log(top, "nor mine")]
        backend.append(batch(*rows))
        assert self.messages(backend, top.id, task_run=task) == ["mine"]
        assert self.messages(backend, middle.id, task_run=task) == ["mine"]
        assert self.messages(backend, other.id, task_run=task) == []

    def test_by_level_and_text(self, backend, runs):
        run = runs[3]
        rows = [
            log(run, "100% of ÄPFEL", level=10),
            log(run, "1000 of them", level=30),
            log(run, "rows", extra='{"file": "Äpfel.csv"}', level=40),
        ]
        backend.append(batch(*rows))
        assert self.messages(backend, run.id, level=30) == ["1000 of them", "rows"]
        assert self.messages(backend, run.id, text="äpfel") == ["100% of ÄPFEL", "rows"]
        assert self.messages(backend, run.id, text="100%") == ["100% of ÄPFEL"]
        assert self.messages(backend, run.id, text="_") == []
        assert self.messages(backend, run.id, text="OF", level=20) == ["1000 of them"]


class TestMemo:
    def test_calls_by_identity(self, backend):
        run = flow_run()
        plain = task_run(run, group=2, name="given", run_count=3)
        sub = task_run(run, child_run=new_id(), state_name="Cached", result=None)
        failed = task_run(run, state=StateType.FAILED, result=None)
        others = [task_run(run, identity=None), task_run(flow_run())]
        backend.append(batch(run, plain, sub, failed, *others))
        memo = dict(backend.memo(run.id))
        assert set(memo) == {plain.identity, sub.identity, failed.identity}
        entry = memo[plain.identity]
        assert (entry.task_run, entry.result, entry.run_count) == (plain.id, plain.result, 3)
        assert (entry.start, entry.end, entry.name) == (plain.start, plain.end, "given")
        assert entry.state is StateType.COMPLETED
        assert (memo[sub.identity].child_run, memo[sub.identity].result) == (sub.child_run, None)
        assert memo[failed.identity].state is StateType.FAILED

    def test_a_long_memo_is_whole_though_others_write_meanwhile(self, backend):
        run = flow_run()
        rows = [task_run(run, group=number % 3) for number in range(4500)]
        backend.append(batch(run, *rows))
        seen: list[bytes | None] = []
        for identity, _ in backend.memo(run.id):
            if not seen:
                backend.append(batch(flow_run()))
            seen.append(identity)
        assert len(seen) == len(rows)
        assert set(seen) == {row.identity for row in rows}

    def test_a_page_of_exactly_all(self, backend):
        run = flow_run()
        backend.append(batch(run, *[task_run(run) for _ in range(2000)]))
        assert sum(1 for _ in backend.memo(run.id)) == 2000

    def test_a_forgotten_call_keeps_its_id_but_not_its_result(self, backend):
        run = flow_run()
        rows = [task_run(run) for _ in range(3)]
        backend.append(batch(run, *rows))
        backend.forget(run.id, [rows[0].id, rows[2].id, new_id()])
        memo = dict(backend.memo(run.id))
        assert [memo[row.identity].task_run for row in rows] == [row.id for row in rows]
        assert [memo[row.identity].result for row in rows] == [None, rows[1].result, None]
        assert backend.task_run(rows[0].id) == rows[0]._replace(result=None)

    def test_only_calls_of_the_run_are_forgotten(self, backend):
        run, other = flow_run(), flow_run()
        row = task_run(other)
        backend.append(batch(run, other, row))
        backend.forget(run.id, [row.id])
        assert backend.task_run(row.id) == row


class TestCache:
    def test_a_result_by_key(self, backend):
        inline = cached("键", value=StoredValue("pickle", b"\x80", None, 1), flow_run=new_id())
        backend.append(batch(inline, cached("other")))
        assert backend.cached("键", NOON) == inline
        assert backend.cached("nothing", NOON) is None
        assert backend.cached("\udce4", NOON) is None

    def test_an_expired_result_is_not_served(self, backend):
        backend.append(batch(cached("k", expires=NOON + 10), cached("always")))
        assert backend.cached("k", NOON + 9) is not None
        assert backend.cached("k", NOON + 10) is None
        assert backend.expire_cache(NOON + 9) == 0
        assert backend.expire_cache(NOON + 10) == 1
        assert backend.expire_cache(NOON + 10) == 0
        assert backend.cached("always", NOON + 10) is not None

    def test_the_newer_result_wins(self, backend):
        newer = cached("k", created=NOON + 10, task_name="newer")
        backend.append(batch(newer))
        backend.append(batch(cached("k")))
        assert backend.cached("k", NOON) == newer
        renewed = newer._replace(created=NOON + 20)
        backend.append(batch(renewed))
        assert backend.cached("k", NOON) == renewed


class TestUpkeep:
    def test_deleting_a_run_deletes_all_below_it(self, backend):
        top, other = flow_run(), flow_run()
        sub = below(top)
        kept = task_run(other)
        doomed = [item for run in (top, sub) for item in (task_run(run), group(run), log(run))]
        backend.append(batch(top, sub, other, *doomed, kept, group(other), log(other)))
        assert backend.delete_flow_run(top.id) is True
        assert backend.delete_flow_run(top.id) is False
        assert backend.flow_run(sub.id) is None
        assert backend.task_run(kept.id) == kept
        rows = backend.info().rows
        assert (rows["flow_runs"], rows["task_runs"], rows["groups"], rows["logs"]) == (1, 1, 1, 1)

    def test_referenced_results(self, backend):
        run = flow_run(result=StoredValue("json", None, "a", 1))
        task = task_run(run, result=StoredValue("json", None, "b", 1))
        backend.append(batch(run, task, task_run(run), cached("c")))
        assert backend.referenced_results() == {"a", "b", "results/c"}

    def test_info_counts_what_is_there(self, backend):
        run = flow_run()
        backend.append(batch(run, task_run(run), task_run(run), log(run), cached("c")))
        info = backend.info()
        assert info.rows == {
            "flow_runs": 1,
            "task_runs": 2,
            "groups": 0,
            "logs": 1,
            "artifacts": 0,
            "pauses": 0,
            "run_inputs": 0,
            "cache": 1,
            "limits": 0,
            "variables": 0,
            "blocks": 0,
            "breakers": 0,
            "processes": 0,
        }
        assert info.results_size == 5 + 5 + 1234

    def test_vacuum_keeps_what_is_there(self, backend):
        run = flow_run()
        backend.append(batch(run))
        backend.vacuum()
        assert backend.flow_run(run.id) == run

    def test_own_writes_are_no_news(self, backend):
        before = backend.change_counter()
        backend.append(batch(flow_run()))
        assert backend.change_counter() == before

    def test_closing_twice_is_harmless(self, backend):
        backend.close()
        backend.close()
