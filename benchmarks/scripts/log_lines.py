"""Log lines of a task: `log_lines.py COUNT`."""

from __future__ import annotations

import sys

from benchmarks.scripts import meter, stored
from benchmarks.scripts.engine import flow, get_run_logger, task


@task
def talk(count: int) -> None:
    """Say something many times."""
    logger = get_run_logger()
    for n in range(count):
        logger.info("row %d of %d has been read", n, count)


@flow
def talking(count: int) -> None:
    """Have it said in a task."""
    talk(count)


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    talking(20)
    readings = meter.cost(lambda: talking(wanted))
    stored.check(tasks=1, lines=wanted)
    meter.report(**readings)
