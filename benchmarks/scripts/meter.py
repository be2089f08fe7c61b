"""What a measured process says of itself."""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path


def cost(fn: Callable[[], object]) -> dict[str, float]:
    """Call `fn`; seconds of CPU (all threads of the process) and of wall time that it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    fn()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def median_cost(fn: Callable[[], object], times: int = 3) -> dict[str, float]:
    """The median of `cost` over some calls: threads that meet by chance make single ones differ."""
    costs = [cost(fn) for _ in range(times)]
    return {name: statistics.median(each[name] for each in costs) for name in costs[0]}


def peak_memory() -> float:
    """Peak resident memory of this process, bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike ru_maxrss, this begins anew with the program: what the parent needed is not in it.
        text = status.read_text()
        return float(text.partition("VmHWM:")[2].split()[0]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


def report(**readings: float) -> None:
    """Hand the readings to the process that measures."""
    Path(os.environ["BENCH_REPORT"]).write_text(json.dumps(readings), encoding="utf-8")
