"""What a worker does with runs that are due."""

from __future__ import annotations

import signal

from noria.core.states import Name, StateType

COMPLETED = StateType.COMPLETED


class TestExecuting:
    def test_a_run_that_was_asked_for_is_executed(self, lab):
        lab.worker()
        (row,) = lab.ended(lab.run_of("plain", {"n": 7}))
        assert (row.state, row.epoch, lab.effects()) == (COMPLETED, 1, ["step 7"])

    def test_one_that_raises_has_failed_and_the_worker_goes_on(self, lab):
        lab.worker()
        (row,) = lab.ended(lab.run_of("fails"))
        assert row.state is StateType.FAILED
        assert "不行" in row.message
        (row,) = lab.ended(lab.run_of("plain"))
        assert row.state is COMPLETED

    def test_code_that_cannot_be_imported_fails_with_a_sentence(self, lab):
        (lab.folder / "broken.py").write_text("import 没有这个模块\n", encoding="utf-8")
        lab.worker()
        broken = lab.run_of("x", entrypoint="broken.py:x")
        missing = lab.run_of("y", entrypoint="flows.py:y")
        nowhere = lab.run_of("z", path=str(lab.folder / "nowhere"))
        rows = lab.ended(broken, missing, nowhere)
        assert [row.state for row in rows] == [StateType.FAILED] * 3
        assert all("The flow cannot be loaded" in row.message for row in rows)
        words = ("没有这个模块", "y", "nowhere")
        assert [
            word for word, row in zip(words, rows, strict=True) if word not in row.message
        ] == []
        (row,) = lab.ended(lab.run_of("plain"))
        assert row.state is COMPLETED

    def test_no_more_than_its_limit_are_under_way(self, lab):
        deployment = lab.deployed("gated")
        names = [lab.gate(f"gate-{number}") for number in range(3)]
        runs = [lab.asked(deployment, name=name) for name in names]
        lab.worker("--limit", "1")
        for name, run in zip(names, runs, strict=True):
            assert lab.noted("at", names.index(name) + 1)[-1][0] == name
            waiting = runs[names.index(name) + 1 :]
            assert all(lab.row(each).state is StateType.SCHEDULED for each in waiting)
            lab.open(name)
            lab.ended(run)

    def test_two_workers_lose_none_of_many_and_run_none_twice(self, lab):
        deployment = lab.deployed("plain")
        runs = [lab.asked(deployment, n=number) for number in range(200)]
        lab.worker("--limit", "4")
        lab.worker("--limit", "4")
        rows = lab.ended(*runs)
        assert {(row.state, row.epoch) for row in rows} == {(COMPLETED, 1)}
        assert sorted(lab.effects()) == sorted(f"step {number}" for number in range(200))


class TestStopping:
    def test_a_signal_lets_what_is_under_way_end(self, lab):
        first = lab.run_of("gated", {"name": lab.gate("gate")})
        worker = lab.worker()
        lab.noted("at")
        worker.send_signal(signal.SIGTERM)
        lab.until(lambda: "takes no more runs" in lab.said())
        second = lab.run_of("plain")
        lab.open("gate")
        (row,) = lab.ended(first)
        assert (row.state, worker.wait()) == (COMPLETED, 0)
        assert lab.row(second).state is StateType.SCHEDULED

    def test_a_second_one_stops_it(self, lab):
        run = lab.run_of("sleeps")
        worker = lab.worker()
        lab.noted("sleeps")
        worker.send_signal(signal.SIGINT)
        lab.until(lambda: "takes no more runs" in lab.said())
        worker.send_signal(signal.SIGINT)
        assert worker.wait() == 0
        assert lab.row(run).state is StateType.CANCELLED

    def test_without_runs_it_ends_at_once(self, lab):
        worker = lab.worker()
        lab.ended(lab.run_of("plain"))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0


class TestDeaths:
    def test_children_of_a_killed_worker_complete(self, lab):
        run = lab.run_of("gated", {"name": lab.gate("gate")})
        worker = lab.worker()
        lab.noted("at")
        worker.kill()
        worker.wait()
        lab.open("gate")
        (row,) = lab.ended(run)
        assert (row.state, row.epoch) == (COMPLETED, 1)

    def test_what_it_had_not_begun_is_begun_by_the_next(self, lab):
        deployment = lab.deployed("plain", on_crash="fail")
        worker = lab.worker()
        nursery = lab.nursery_of(worker)
        lab.ended(lab.asked(deployment))
        lab.stop(nursery)
        run = lab.asked(deployment, n=3)
        lab.in_state(run, StateType.PENDING)
        worker.kill()
        worker.wait()
        lab.kill(nursery)
        lab.worker()
        row = lab.in_state(run, COMPLETED)
        assert (row.epoch, lab.crashes(run)) == (2, 1)
        assert lab.effects() == ["step 0", "step 3"]

    def test_a_nursery_that_dies_is_replaced_and_its_children_are_watched(self, lab):
        first = lab.run_of("gated", {"name": lab.gate("one")})
        second = lab.run_of("gated", {"name": "two"}, name="other", on_crash="fail")
        lab.gate("two")
        worker = lab.worker()
        pids = {name: int(pid) for name, pid in lab.noted("at", 2)}
        lab.kill(lab.nursery_of(worker))
        third = lab.run_of("plain")
        (row,) = lab.ended(third)
        assert row.state is COMPLETED
        lab.open("one")
        lab.kill(pids["two"])
        rows = lab.ended(first, second)
        assert [row.state for row in rows] == [COMPLETED, StateType.CRASHED]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0

    def test_runs_that_it_was_told_of_and_had_not_begun_are_begun_by_another(self, lab):
        worker = lab.worker()
        nursery = lab.nursery_of(worker)
        deployment = lab.deployed("plain")
        lab.ended(lab.asked(deployment))
        lab.stop(nursery)
        runs = [lab.asked(deployment, n=number) for number in (1, 2, 3)]
        for run in runs:
            lab.in_state(run, StateType.PENDING)
        lab.kill(nursery)
        rows = lab.ended(*runs)
        assert {(row.state, row.epoch) for row in rows} == {(COMPLETED, 1)}
        assert sorted(lab.effects()) == ["step 0", "step 1", "step 2", "step 3"]

    def test_a_worker_that_was_frozen_for_longer_than_its_lease_runs_nothing_twice(self, lab):
        elsewhere = (
            "from noria.backend import processes\n"
            "processes.host_name = lambda: 'elsewhere'\n"
            "from noria.__main__ import main\n"
            "import sys; sys.argv = ['noria', 'worker', 'start']; main()\n"
        )
        worker = lab.worker(program=elsewhere, NORIA_LEASE_SECONDS="1")
        nursery = lab.nursery_of(worker)
        deployment = lab.deployed("plain")
        lab.ended(lab.asked(deployment))
        lab.stop(nursery)
        run = lab.asked(deployment, n=5)
        lab.in_state(run, StateType.PENDING)
        lab.stop(worker.pid)
        lab.worker()
        row = lab.in_state(run, COMPLETED)
        lab.go_on(nursery, worker.pid)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0
        assert lab.row(run) == row
        assert lab.effects() == ["step 0", "step 5"]


class TestLeases:
    def test_a_worker_renews_those_of_runs_that_cannot(self, lab):
        lab.worker(NORIA_LEASE_SECONDS="1")
        run = lab.run_of("deaf")
        lab.noted("deaf")
        process = lab.row(run).process
        for _ in range(3):
            before = lab.backend.process(process).beat
            lab.until(lambda before=before: lab.backend.process(process).beat > before)


class TestOnCrash:
    def test_resume_goes_on_and_repeats_nothing(self, lab):
        lab.worker()
        run = lab.run_of("dies", {"times": 1})
        lab.noted("dies", 2)
        row = lab.in_state(run, COMPLETED)
        assert (row.epoch, lab.crashes(run)) == (3, 1)
        assert lab.effects() == ["step 1", "dies", "dies", "step 2"]
        assert Name.AWAITING_RETRY in row.history
        assert "SIGKILL" in row.history

    def test_retry_begins_again(self, lab):
        lab.worker()
        run = lab.run_of("dies", {"times": 1}, on_crash="retry")
        lab.in_state(run, COMPLETED)
        assert lab.effects() == ["step 1", "dies", "step 1", "dies", "step 2"]

    def test_fail_stays(self, lab):
        lab.worker()
        run = lab.run_of("dies", {"times": 1}, on_crash="fail")
        lab.in_state(run, StateType.CRASHED)
        lab.ended(lab.run_of("plain"))
        row = lab.row(run)
        assert (row.state, lab.crashes(run)) == (StateType.CRASHED, 1)
        assert "SIGKILL" in row.message

    def test_there_is_a_bound(self, lab):
        lab.worker()
        run = lab.run_of("dies", {"times": 9}, most_crashes=1)
        lab.until(lambda: lab.crashes(run) == 2)
        lab.ended(lab.run_of("plain"))
        lab.until(lambda: "given up after 2 crashes" in lab.row(run).message)
        assert lab.row(run).state is StateType.CRASHED
        assert lab.effects().count("dies") == 2
