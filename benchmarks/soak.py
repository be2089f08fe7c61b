"""Workers are killed, stopped and cut off at random while runs are due; what is lost is counted.

`python -m benchmarks.soak --minutes 60 [--postgres]`, or `make soak`. It exits with 1 if a run was
lost, made twice, or executed by two processes at once that nobody had stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from noria.backend.deployments_port import RunRequest
from noria.backend.local import LocalBackend
from noria.backend.port import Backend
from noria.core import clock
from noria.core.deployments import DeploymentSpec, ScheduleSpec
from noria.core.jsontext import from_json
from noria.core.schedules.rules import Catchup
from noria.core.states import TERMINAL_STATES, StateType

LEASE = 2.0
STEPS = 3
INTERVAL = 0.4
SETTLE_SECONDS = 180.0
PAUSED = "its deployment was paused"
"""What becomes of a run that is due when the end comes, and was not begun."""
FLOW = f"""
import fcntl, os, time
from noria import flow, task
from noria.runtime import flow_run

def note(*words):
    with open("effects", "a") as file:
        file.write(" ".join(map(str, words)) + "\\n")

@task
def step(number, run):
    note("step", run, number)
    time.sleep(0.05)

@flow
def soaked():
    run = str(flow_run.id)
    # Held for as long as the process lives: two executions at once are noticed.
    held = open(f"held-{{run}}", "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        note("overlap", run, os.getpid())
    for number in range({STEPS}):
        step(number, run)
    note("end", run)
"""
MICROS = int(INTERVAL * 1e6)
RULE = {"kind": "interval", "interval": MICROS, "anchor": 0, "timezone": "UTC"}


class Soak:
    """Two workers that come to harm, and what becomes of their runs.

    Parameters:
        folder: Where all of it happens.
        location: The store.
        outage: Stops the store for a moment; None when it cannot be.
    """

    def __init__(
        self, folder: Path, location: str, outage: Callable[[], None] | None = None
    ) -> None:
        self.folder = folder
        self.backend: Backend = LocalBackend(location)
        self.outage = outage
        self.workers: list[subprocess.Popen[bytes]] = []
        self.stopped: set[str] = set()
        self.deeds: Counter[str] = Counter()
        (folder / "flows.py").write_text(FLOW, encoding="utf-8")
        schedule = ScheduleSpec("often", RULE)
        spec = DeploymentSpec(
            "soaked",
            "soak",
            "flows.py:soaked",
            path=str(folder),
            schedules=(schedule,),
            catchup=Catchup.ALL,
            most_crashes=1_000_000,
        )
        self.backend.apply_deployments([spec], clock.now())
        (row,) = self.backend.find_deployments(spec.full_name)
        self.deployment = row.id

    def start_worker(self) -> None:
        """Start another worker."""
        log = open(self.folder / "workers.log", "ab")  # noqa: SIM115 - as long as the worker
        with log:
            command = [sys.executable, "-m", "noria", "worker", "start", "--limit", "6"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        self.workers.append(process)

    def harm(self) -> None:
        """Do something bad to something that runs."""
        deeds: dict[str, Callable[[], object]] = {
            "kill worker": self._kill_worker,
            "kill nursery": lambda: self._strike(1, signal.SIGKILL),
            "kill template or run": lambda: self._strike(2, signal.SIGKILL),
            "kill run": lambda: self._strike(3, signal.SIGKILL),
            "stop worker": lambda: self._stop(0),
            "stop run": lambda: self._stop(3),
            "ask for a run": self._ask,
            "cut off": self.outage or self._ask,
        }
        name = random.choice(list(deeds))
        self.deeds[name] += 1
        deeds[name]()

    def rest(self) -> None:
        """Let the schedule rest, and everything that is under way end."""
        self.backend.pause_deployment(self.deployment, True, clock.now())
        end = time.monotonic() + SETTLE_SECONDS
        while self._unfinished() and time.monotonic() < end:
            self.keep_two()
            time.sleep(0.5)

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(30)

    def findings(self) -> dict[str, list[str]]:
        """What is not as it should be."""
        rows = self.backend.deployment_runs(self.deployment, 1_000_000)
        dues = Counter(
            settings["scheduled"]
            for settings in (from_json(row.settings or "{}") for row in rows)
            if settings.get("schedule") is not None
        )
        span = range(min(dues), max(dues) + 1, MICROS) if dues else range(0)
        lines = [line.split() for line in (self.folder / "effects").read_text().splitlines()]
        steps = {(run, number) for kind, run, *rest in lines if kind == "step" for number in rest}
        ids = {str(row.id.hex()): row for row in rows}
        return {
            "times without a run": [str(due) for due in span if due not in dues],
            "times with two runs": [str(due) for due, count in dues.items() if count > 1],
            "runs that did not complete": [
                f"{row.name} {row.state} {row.message}"
                for row in rows
                if row.state is not StateType.COMPLETED and row.message != PAUSED
            ],
            "completed runs with a step that never ran": [
                row.name
                for run, row in ids.items()
                if row.state is StateType.COMPLETED
                and any((_dashed(run), str(number)) not in steps for number in range(STEPS))
            ],
            "executions at the same time": [
                run for kind, run, *_ in lines if kind == "overlap" and run not in self.stopped
            ],
        }

    def told(self) -> str:
        """What was done, and what it cost."""
        lines = (self.folder / "effects").read_text().splitlines()
        repeated = Counter(line for line in lines if line.startswith("step"))
        again = sum(count - 1 for count in repeated.values())
        runs = len(self.backend.deployment_runs(self.deployment, 1_000_000))
        deeds = ", ".join(f"{name} {count}" for name, count in sorted(self.deeds.items()))
        return f"{runs} runs; steps executed again: {again} of {len(repeated)}; {deeds}"

    def keep_two(self) -> None:
        """Start workers anew that have gone."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            self.start_worker()

    def _kill_worker(self) -> None:
        if self.workers:
            worker = random.choice(self.workers)
            worker.kill()
            worker.wait()
        self.keep_two()

    def _strike(self, depth: int, number: int) -> int | None:
        """Send a signal to a process so far below a worker."""
        found = [pid for worker in self.workers for pid in _below(worker.pid, depth)]
        if not found:
            return None
        pid = random.choice(found)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return pid

    def _stop(self, depth: int) -> None:
        pid = random.choice(self.workers).pid if depth == 0 else None
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
        else:
            pid = self._strike(depth, signal.SIGSTOP)
        if pid is None:
            return
        self.stopped.update(self._runs_of(pid))
        time.sleep(random.uniform(0, 3 * LEASE))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _runs_of(self, pid: int) -> Iterator[str]:
        for row in self.backend.deployment_runs(self.deployment, 100):
            process = None if row.process is None else self.backend.process(row.process)
            if process is not None and process.pid == pid:
                yield _dashed(row.id.hex())

    def _ask(self) -> None:
        now = clock.now()
        self.backend.request_run(RunRequest(self.deployment, now), now)

    def _unfinished(self) -> bool:
        rows = self.backend.deployment_runs(self.deployment, 1_000_000)
        return any(
            row.state not in TERMINAL_STATES or row.state is StateType.CRASHED for row in rows
        )


def _dashed(run: str) -> str:
    return f"{run[:8]}-{run[8:12]}-{run[12:16]}-{run[16:20]}-{run[20:]}"


def _below(pid: int, depth: int) -> list[int]:
    if depth == 0:
        return [pid]
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [found for child in children for found in _below(int(child), depth - 1)]


@contextlib.contextmanager
def _store(folder: Path, postgres: bool) -> Iterator[tuple[str, Callable[[], None] | None]]:
    if not postgres:
        yield str(folder / "home" / "noria.db"), None
        return
    from tests.postgres import own_server  # noqa: PLC0415 - it comes with the tests

    with own_server() as server, server.database() as url:

        def outage() -> None:
            server.stop()
            time.sleep(random.uniform(0, 2 * LEASE))
            server.start()

        os.environ["NORIA_DATABASE_URL"] = url
        yield url, outage


def main() -> int:
    """The program; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = parser.parse_args()
    random.seed(options.seed)
    with tempfile.TemporaryDirectory(prefix="noria-soak-") as name:
        folder = Path(name)
        os.environ |= {"NORIA_HOME": str(folder / "home"), "NORIA_LEASE_SECONDS": str(LEASE)}
        with _store(folder, options.postgres) as (location, outage):
            soak = Soak(folder, location, outage)
            try:
                soak.keep_two()
                end = time.monotonic() + options.minutes * 60
                while time.monotonic() < end:
                    time.sleep(random.uniform(0.2, 2.0))
                    soak.harm()
                soak.rest()
            finally:
                soak.close()
            findings = soak.findings()
            print(f"seed {options.seed}: {soak.told()}")
    for what, found in findings.items():
        print(f"  {what}: {len(found)} {found[:5] or ''}")
    return 1 if any(findings.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
