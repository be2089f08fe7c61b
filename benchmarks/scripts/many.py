"""Memory of a large map: `many.py COUNT`."""

from __future__ import annotations

import sys

from benchmarks.scripts import meter, stored
from benchmarks.scripts.engine import flow, task


@task
def add(x: int) -> int:
    """The least a task can do."""
    return x + 1


@flow
def maps(count: int) -> list[int]:
    """Map it over many numbers, and hold every result."""
    results: list[int] = add.map(range(count)).result()
    return results


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    maps(20)
    held: list[list[int]] = []
    readings = meter.cost(lambda: held.append(maps(wanted)))
    own = sys.getsizeof(held[0]) + sum(map(sys.getsizeof, held[0]))
    readings["peak"] = meter.peak_memory()
    stored.check(tasks=wanted)
    meter.report(**readings, results=float(own))
