"""Stores of tests, one after another: `harness.py COUNT`."""

from __future__ import annotations

import os
import sys

from benchmarks.scripts import meter
from benchmarks.scripts.engine import flow

if os.environ.get("BENCH_ENGINE") == "prefect":
    from prefect.testing.utilities import prefect_test_harness as harness
else:
    from noria.testing import noria_test_harness as harness


@flow
def nothing() -> None:
    """A run, so that there is something to put away."""


def stores(count: int, used: bool) -> None:
    """Set stores up and tear them down."""
    for _ in range(count):
        with harness():
            if used:
                nothing()


if __name__ == "__main__":
    count = int(sys.argv[1])
    first = meter.cost(lambda: stores(1, False))
    readings = {"first": first["wall"]}
    if count > 1:
        stores(1, True)
        unused = meter.cost(lambda: stores(count, False))
        used = meter.cost(lambda: stores(count, True))
        readings |= {
            "wall": unused["wall"] / count,
            "cpu": unused["cpu"] / count,
            "used": used["wall"] / count,
        }
    meter.report(**readings)
