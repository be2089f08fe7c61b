"""The same for DBOS: a step or child workflow that does nothing.

`dbos_steps.py steps|children COUNT`
"""

from __future__ import annotations

import sys
from pathlib import Path

from dbos import DBOS  # type: ignore[import-not-found]

from benchmarks.scripts import meter

DBOS(
    config={
        "name": "benchmark",
        "system_database_url": f"sqlite:///{Path('dbos.sqlite').absolute()}",
        "run_admin_server": False,
    }
)


def add(x: int) -> int:
    """The least a step or workflow can do."""
    return x + 1


step = DBOS.step()(add)
child = DBOS.workflow()(add)


def calls_steps(count: int) -> None:
    """Call the step many times."""
    for n in range(count):
        step(n)


def calls_children(count: int) -> None:
    """Call the workflow many times."""
    for n in range(count):
        child(n)


if __name__ == "__main__":
    way = DBOS.workflow()({"steps": calls_steps, "children": calls_children}[sys.argv[1]])
    DBOS.launch()
    way(5)
    meter.report(**meter.cost(lambda: way(int(sys.argv[2]))))
    DBOS.destroy()
