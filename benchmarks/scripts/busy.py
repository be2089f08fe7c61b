"""A map that needs the processor: `busy.py noria|pool WORKERS TASKS ROUNDS`.

`pool` is a bare ProcessPoolExecutor: what the machine itself gives for a second core.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from benchmarks.scripts import meter, stored
from benchmarks.scripts.work import burn
from noria import flow, task
from noria.task_runners import ProcessPoolTaskRunner

spend = task(burn)


@flow
def spends(tasks: int, rounds: int) -> int:
    """Map the work over the flow's processes."""
    return sum(spend.map([rounds] * tasks).result())


def on_runner(workers: int, tasks: int, rounds: int) -> dict[str, float]:
    """The flow on Noria's processes."""
    busy = spends.with_options(task_runner=ProcessPoolTaskRunner(max_workers=workers))
    readings = meter.cost(lambda: busy(tasks, rounds))
    stored.check(tasks=tasks)
    return readings


def on_pool(workers: int, tasks: int, rounds: int) -> dict[str, float]:
    """The same on a bare pool."""

    def busy() -> int:
        with ProcessPoolExecutor(workers) as pool:
            return sum(pool.map(burn, [rounds] * tasks))

    return meter.cost(busy)


if __name__ == "__main__":
    way = {"noria": on_runner, "pool": on_pool}[sys.argv[1]]
    meter.report(**way(*map(int, sys.argv[2:5])))
