"""A program run to its end in a process of its own, with what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.model import ScenarioError

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SECONDS = 300.0
# What belongs to the shell that started the benchmark and would make it another measurement.
_NOT_HANDED_ON = (
    "NORIA_", "PREFECT_", "DBOS_", "BENCH_", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED",
)  # fmt: skip


class Ended(NamedTuple):
    """A process that has ended.

    Attributes:
        cpu: Seconds of CPU of the process and of those it has waited for, from start to end.
        report: What it said of itself with `meter.report`.
    """

    cpu: float
    wall: float
    report: dict[str, float]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """What a measured process finds in its environment."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_HANDED_ON)}
    return {**kept, **extra}


def with_benchmarks(extra: Mapping[str, str]) -> dict[str, str]:
    """The same, for a program that is one of `benchmarks.scripts`."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**extra, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def run(
    command: Sequence[str | Path],
    folder: Path,
    extra: Mapping[str, str],
    code: int = 0,
    seconds: float = LONGEST_SECONDS,
) -> Ended:
    """Run a program to its end.

    Parameters:
        command: The program and its arguments.
        folder: Where it runs, and where its output is kept.
        extra: Variables beyond those of the shell.
        code: The exit code that it is to end with.
        seconds: After so long it is killed.

    Raises:
        ScenarioError: It ended otherwise; says with which last line.
    """
    report, errors = folder / "report.json", folder / "stderr.txt"
    report.unlink(missing_ok=True)
    variables = environment({**extra, "BENCH_REPORT": str(report)})
    with (folder / "stdout.txt").open("w") as out, errors.open("w") as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        watch.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    said = errors.read_text(encoding="utf-8", errors="replace")
    if process.returncode != code:
        last = (said.strip().splitlines() or ["nothing on stderr"])[-1]
        raise ScenarioError(f"ended with {process.returncode}: {last}")
    readings = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Ended(usage.ru_utime + usage.ru_stime, wall, readings)
