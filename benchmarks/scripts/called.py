"""A task that does nothing, called in a flow: `called.py COUNT`."""

from __future__ import annotations

import sys

from benchmarks.scripts import meter, stored
from benchmarks.scripts.engine import flow, task


@task
def add(x: int) -> int:
    """The least a task can do."""
    return x + 1


@flow
def calls(count: int) -> None:
    """Call it many times."""
    for n in range(count):
        add(n)


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    calls(20)
    readings = meter.cost(lambda: calls(wanted))
    stored.check(tasks=wanted)
    meter.report(**readings)
