"""The floor of `submit`: a bare ThreadPoolExecutor doing the same, `pool.py THREADS COUNT`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from benchmarks.scripts import meter


def add(x: int) -> int:
    """The least a function can do."""
    return x + 1


def submits(threads: int, count: int) -> int:
    """Submit it many times, and take every result."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(add, n) for n in range(count)]
        return sum(future.result() for future in futures)


if __name__ == "__main__":
    workers, wanted = int(sys.argv[1]), int(sys.argv[2])
    submits(workers, 20)
    meter.report(**meter.median_cost(lambda: submits(workers, wanted)))
