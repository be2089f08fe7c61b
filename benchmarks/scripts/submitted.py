"""A task that does nothing, submitted or mapped in a flow: `submitted.py submit|map COUNT`."""

from __future__ import annotations

import sys

from benchmarks.scripts import meter, stored
from benchmarks.scripts.engine import NAME, flow, task


@task
def add(x: int) -> int:
    """The least a task can do."""
    return x + 1


@flow
def submits(count: int) -> int:
    """Submit it many times, and take every result."""
    futures = [add.submit(n) for n in range(count)]
    return sum(future.result() for future in futures)


@flow
def maps(count: int) -> int:
    """Map it over many numbers, and take every result."""
    return sum(add.map(range(count)).result())


if __name__ == "__main__":
    way = {"submit": submits, "map": maps}[sys.argv[1]]
    wanted = int(sys.argv[2])
    way(20)
    # Prefect needs seconds where a pool needs milliseconds.
    measure = meter.median_cost if NAME == "noria" else meter.cost
    readings = measure(lambda: way(wanted))
    stored.check(tasks=wanted)
    meter.report(**readings)
