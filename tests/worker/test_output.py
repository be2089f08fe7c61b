"""What runs print is shown by the worker and kept with the run."""

from __future__ import annotations

import pytest

from noria.core.states import StateType

# Which store it is makes no difference here.
pytestmark = pytest.mark.parametrize("lab", ["sqlite"], indirect=True)
PRINTS = """
import ctypes, subprocess, sys
from noria import flow, get_run_logger

@flow
def prints():
    print("蓄水池", end=" ")
    print("满了")
    print("to stderr", file=sys.stderr)
    subprocess.run(["echo", "from a program"])
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    libc.fflush(None)
    get_run_logger().info("a log line")
    print("no end of line", end="")

@flow(log_prints=True)
def logs_prints():
    print("a print that is logged")

@flow
def floods():
    for number in range(200_000):
        print("line", number)
    get_run_logger().info("after the flood")

@flow
def gated():
    print("before")
    with open("at", "w"), open("gate") as gate:
        gate.read()
    print("after")
"""


def run_of(lab, flow):
    (lab.folder / "prints.py").write_text(PRINTS, encoding="utf-8")
    return lab.run_of(flow, entrypoint=f"prints.py:{flow}")


def lines(lab, run, limit=1000):
    found = lab.backend.logs(run, limit=limit)
    return [(row.logger, row.message) for _, row in found]


def printed(lab, run, limit=1000):
    return [text for logger, text in lines(lab, run, limit) if logger == "noria.worker.output"]


def told(lab, run):
    """Once the file that has taken what it printed is gone."""
    lab.ended(run)
    lab.until(lambda: not list(lab.home.glob("output/*")))


def test_whoever_prints_is_heard(lab):
    lab.worker(NORIA_LOG_FORMAT="plain")
    run = run_of(lab, "prints")
    told(lab, run)
    assert printed(lab, run) == [
        "蓄水池 满了", "to stderr", "from a program", "from C", "no end of line",
    ]  # fmt: skip
    name = lab.row(run).name
    said = lab.said()
    assert f"{name} | 蓄水池 满了" in said
    assert said.count("a log line") == 1
    assert [text for _, text in lines(lab, run)].count("a log line") == 1


def test_prints_that_are_logged_are_kept_once(lab):
    lab.worker(NORIA_LOG_FORMAT="plain")
    run = run_of(lab, "logs_prints")
    told(lab, run)
    assert printed(lab, run) == []
    assert [text for _, text in lines(lab, run)].count("a print that is logged") == 1
    assert lab.said().count("a print that is logged") == 1


def test_a_flood_drowns_nothing(lab):
    lab.worker()
    run = run_of(lab, "floods")
    told(lab, run)
    assert lab.row(run).state is StateType.COMPLETED
    found = printed(lab, run, 300_000)
    assert found == [f"line {number}" for number in range(200_000)]
    assert any(text == "after the flood" for _, text in lines(lab, run, 300_000))


def test_the_next_worker_keeps_what_a_killed_one_has_not(lab):
    worker = lab.worker()
    lab.gate("gate")
    run = run_of(lab, "gated")
    lab.until(lambda: printed(lab, run) == ["before"])
    lab.until((lab.folder / "at").exists)
    worker.kill()
    worker.wait()
    lab.open("gate")
    lab.ended(run)
    lab.worker()
    told(lab, run)
    assert printed(lab, run) == ["before", "after"]
