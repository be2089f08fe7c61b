"""What happens to real workers: they are stopped, killed, cut off from their store."""

from __future__ import annotations

import signal
from collections import Counter

from noria.core import clock
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.core.jsontext import from_json
from noria.core.states import StateType
from noria.services.keeper import ROLE

COMPLETED = StateType.COMPLETED
SHORT = {"NORIA_LEASE_SECONDS": "1"}
IMPATIENT = (
    "from noria.store.postgres import database\n"
    "database.PATIENCE_SECONDS = 0.2\n"
    "from noria.__main__ import main\n"
    "import sys; sys.argv = ['noria', 'worker', 'start']; main()\n"
)
BROKEN = (
    "from noria.backend.local import LocalBackend\n"
    "claim, calls = LocalBackend.claim, []\n"
    "def fails_at_first(*arguments):\n"
    "    calls.append(1)\n"
    "    if len(calls) == 1:\n"
    "        raise KeyError('a bug')\n"
    "    return claim(*arguments)\n"
    "LocalBackend.claim = fails_at_first\n"
    "from noria.__main__ import main\n"
    "import sys; sys.argv = ['noria', 'worker', 'start']; main()\n"
)


def steps(lab):
    return Counter(line for line in lab.effects() if line.startswith("step"))


class TestFreezing:
    def test_a_run_that_was_stopped_goes_on_elsewhere_and_its_late_writes_are_refused(self, lab):
        lab.worker(**SHORT)
        run = lab.run_of("gated", {"name": lab.gate("gate")})
        ((_, pid),) = lab.noted("at")
        lab.stop(int(pid))
        (_, (_, other)) = lab.noted("at", 2)
        before = lab.row(run)
        assert (before.state, before.epoch, lab.crashes(run)) == (StateType.RUNNING, 3, 1)
        assert "silent for longer than its lease of 1 s" in before.history
        lab.go_on(int(pid))
        lab.gone(pid)
        after = lab.row(run)
        assert (after.state, after.epoch, after.process) == (
            StateType.RUNNING, 3, before.process,
        )  # fmt: skip
        lab.open("gate")
        (row,) = lab.ended(run)
        assert row.state is COMPLETED
        assert steps(lab) == {"step 1": 1, "step 2": 1}
        lab.gone(other)

    def test_a_worker_that_was_stopped_gives_up_what_it_had_not_begun(self, lab):
        first = lab.worker(**SHORT)
        nursery = lab.nursery_of(first)
        deployment = lab.deployed("plain")
        lab.ended(lab.asked(deployment))
        lab.stop(nursery)
        run = lab.asked(deployment, n=5)
        lab.in_state(run, StateType.PENDING)
        lab.stop(first.pid)
        lab.worker(**SHORT)
        row = lab.in_state(run, COMPLETED)
        lab.go_on(nursery, first.pid)
        lab.ended(lab.asked(deployment, n=6))
        first.send_signal(signal.SIGTERM)
        assert first.wait() == 0
        assert lab.row(run) == row
        assert steps(lab) == {"step 0": 1, "step 5": 1, "step 6": 1}


class TestLeading:
    def scheduled(self, lab, seconds=0.2):
        rule = {"kind": "interval", "interval": int(seconds * 1e6), "anchor": 0, "timezone": "UTC"}
        spec = DeploymentSpec(
            "plain", "often", "flows.py:plain", path=str(lab.folder),
            schedules=(ScheduleSpec("often", rule),),
        )  # fmt: skip
        lab.backend.apply_deployments([spec], clock.now())
        (row,) = lab.backend.find_deployments("plain/often")
        return row.id

    def dues(self, lab, deployment):
        rows = lab.backend.deployment_runs(deployment, 1000)
        return Counter(from_json(row.settings)["scheduled"] for row in rows)

    def test_when_it_is_killed_another_goes_on_and_no_time_is_left_out_or_comes_twice(self, lab):
        workers = [lab.worker(), lab.worker()]
        deployment = self.scheduled(lab)
        for count in (3, 8, 13):
            lab.until(lambda count=count: len(self.dues(lab, deployment)) >= count)
            process, _ = lab.backend.leader(ROLE, clock.now())
            leader = next(each for each in workers if each.pid == process.pid)
            workers.remove(leader)
            leader.kill()
            leader.wait()
            workers.append(lab.worker())
        lab.until(lambda: len(self.dues(lab, deployment)) >= 16)
        found = self.dues(lab, deployment)
        assert set(found.values()) == {1}
        lab.backend.pause_deployment(deployment, True, clock.now())

    def test_when_it_is_stopped_others_see_that_nothing_is_made(self, lab):
        first = lab.worker()
        deployment = self.scheduled(lab)
        lab.until(lambda: self.dues(lab, deployment))
        process, _ = lab.backend.leader(ROLE, clock.now())
        assert process.pid == first.pid
        lab.worker()
        lab.until(lambda: len(lab.backend.workers(clock.now())) == 2)
        lab.stop(first.pid)
        before = len(self.dues(lab, deployment))
        lab.until(lambda: len(self.dues(lab, deployment)) > before + 1)
        assert set(self.dues(lab, deployment).values()) == {1}


class TestNames:
    def test_two_workers_of_one_name_do_not_get_in_each_others_way(self, lab):
        workers = [lab.worker("--name", "一号"), lab.worker("--name", "一号")]
        lab.until(lambda: len(lab.backend.workers(clock.now())) == 2)
        run = lab.run_of("gated", {"name": lab.gate("gate")})
        lab.noted("at")
        busy = next(use for use in lab.backend.workers(clock.now()) if use.under_way)
        killed = next(each for each in workers if each.pid == busy.process.pid)
        killed.kill()
        killed.wait()
        lab.ended(lab.run_of("plain"))
        lab.open("gate")
        (row,) = lab.ended(run)
        assert (row.state, row.epoch) == (COMPLETED, 1)
        lab.until(lambda: len(lab.backend.workers(clock.now())) == 1)


class TestOutages:
    def test_a_server_that_is_away_for_longer_than_leases_costs_no_run(self, lab_and_server):
        lab, server = lab_and_server
        for _ in range(2):
            lab.worker("--limit", "3", **SHORT)
        gated = lab.run_of("gated", {"name": lab.gate("gate")})
        lab.noted("at")
        deployment = lab.deployed("plain")
        runs = [lab.asked(deployment, n=number) for number in range(10, 40)]
        lab.until(lambda: len(steps(lab)) >= 8)
        server.stop()
        clock.pause(3.0)  # As long as three leases: nobody can renew one.
        server.start()
        assert {row.state for row in lab.ended(*runs)} == {COMPLETED}
        lab.open("gate")
        (row,) = lab.ended(gated)
        assert (row.state, row.epoch) == (COMPLETED, 1)
        found = steps(lab)
        assert all(found[f"step {number}"] == 1 for number in range(10, 40))

    def test_a_worker_says_that_it_waits_for_its_store(self, lab_and_server):
        lab, server = lab_and_server
        worker = lab.worker(program=IMPATIENT)
        gated = lab.run_of("gated", {"name": lab.gate("gate")})
        lab.noted("at")
        server.stop()
        lab.until(lambda: "the store is away; runs go on" in lab.said())
        server.start()
        lab.until(lambda: "the store is back" in lab.said())
        lab.open("gate")
        (row,) = lab.ended(gated)
        assert (row.state, row.epoch) == (COMPLETED, 1)
        assert lab.said().count("the store is away") == 1
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0


class TestSurprises:
    def test_a_worker_bears_what_it_finds(self, lab):
        output = lab.home / "output"
        output.mkdir(parents=True)
        (output / "nohup.out").write_text("somebody else's")
        worker = lab.worker()
        # Nobody can ask for that now, but a store may hold it.
        run = lab.run_of("plain", {"n": 7}, job_variables={"env": ["A=1"]})
        (row,) = lab.ended(run)
        assert (row.state, steps(lab)) == (COMPLETED, {"step 7": 1})
        assert (output / "nohup.out").exists()
        assert worker.poll() is None

    def test_a_bug_does_not_end_a_worker(self, lab):
        worker = lab.worker(program=BROKEN)
        run = lab.run_of("plain", {"n": 7})
        (row,) = lab.ended(run)
        assert (row.state, steps(lab)) == (COMPLETED, {"step 7": 1})
        assert "a bug in noria; it is tried again:" in lab.said()
        assert "KeyError: 'a bug'" in lab.said()
        lab.until(lambda: "it goes on" in lab.said())
        worker.send_signal(signal.SIGTERM)
        assert worker.wait() == 0

    def test_a_file_that_exits_when_it_is_imported_fails_its_runs(self, lab):
        text = "import sys\nfrom noria import flow\n@flow\ndef quits(): pass\nsys.exit('无配置')\n"
        (lab.folder / "quits.py").write_text(text, encoding="utf-8")
        lab.worker()
        (row,) = lab.ended(lab.run_of("quits", entrypoint="quits.py:quits"))
        assert (row.state, row.epoch) == (StateType.FAILED, 1)
        assert row.message == "The flow cannot be loaded: SystemExit: 无配置"
