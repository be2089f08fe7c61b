"""A flow that does nothing, called in a flow: `subflows.py COUNT`."""

from __future__ import annotations

import sys

from benchmarks.scripts import meter, stored
from benchmarks.scripts.engine import flow


@flow
def inner(x: int) -> int:
    """The least a flow can do."""
    return x + 1


@flow
def outer(count: int) -> None:
    """Call it many times."""
    for n in range(count):
        inner(n)


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    outer(3)
    readings = meter.cost(lambda: outer(wanted))
    stored.check(runs=wanted)
    meter.report(**readings)
