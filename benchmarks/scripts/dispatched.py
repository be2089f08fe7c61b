"""Runs of a deployment, by workers: `dispatched.py asked|due|many COUNT`."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.scripts import meter
from noria.deployments import RunnerDeployment, run_deployment
from noria.loading import load_flow_from_entrypoint
from noria.schedules import Interval

FLOW = """
import os, time
from noria import flow
from noria.runtime import flow_run

@flow
def first():
    begun = time.time()
    late = begun - flow_run.scheduled_start_time.timestamp()
    with open("begun", "a") as file:
        file.write(f"{flow_run.id} {late} {begun}\\n")
"""
WAIT = 120.0
TICK = os.sysconf("SC_CLK_TCK")


def begun(count: int) -> list[list[str]]:
    """What runs have noted, once so many have."""
    end = time.monotonic() + WAIT
    while True:
        file = Path("begun")
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= count:
            return [line.split() for line in lines]
        if time.monotonic() > end:
            raise SystemExit(f"{len(lines)} of {count} runs have begun after {WAIT:g} s")
        time.sleep(0.005)


def worker(stack: ExitStack) -> int:
    """The pid of a worker that ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "noria", "worker", "start", "--limit", "4"])
    stack.callback(process.wait)
    stack.callback(process.send_signal, signal.SIGTERM)
    return process.pid


def cpu(pid: int) -> float:
    """CPU of a worker and of the processes that runs are forked from, without the runs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _own_cpu(str(pid)) + sum(cpu(int(each)) for each in children)


def _own_cpu(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def latencies(count: int) -> dict[str, float]:
    """How late the runs after the first have begun, which has warmed the worker up."""
    late = sorted(float(words[1]) for words in begun(count + 1)[1:])
    return {"median": statistics.median(late), "worst": late[-1]}


def main(what: str, count: int) -> dict[str, float]:
    """Measure."""
    Path("flows.py").write_text(FLOW, encoding="utf-8")
    flow = load_flow_from_entrypoint("flows.py:first")
    RunnerDeployment.from_flow(flow, "bench", work_pool_name="default").apply()
    with ExitStack() as stack:
        pids = [worker(stack) for _ in range(2 if what == "many" else 1)]
        run_deployment("first/bench")
        if what == "asked":
            for number in range(count):
                run_deployment("first/bench", timeout=0)
                begun(number + 2)
            return latencies(count)
        if what == "due":
            RunnerDeployment.from_flow(
                flow, "timed", schedule=Interval(1.0), work_pool_name="default"
            ).apply()
            return latencies(count)
        before, began = sum(map(cpu, pids)), time.monotonic()
        for _ in range(count):
            run_deployment("first/bench", timeout=0)
        found = begun(count + 1)
        wall = time.monotonic() - began
        if len({words[0] for words in found}) != len(found):
            raise SystemExit("a run has begun twice")
        return {"cpu": (sum(map(cpu, pids)) - before) / count, "wall": wall}


if __name__ == "__main__":
    meter.report(**main(sys.argv[1], int(sys.argv[2])))
