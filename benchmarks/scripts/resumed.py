"""A run whose process dies at its end, and another that goes on with it.

`resumed.py die COUNT` never comes back; `resumed.py resume COUNT` measures what follows.
"""

from __future__ import annotations

import os
import sys

from benchmarks.scripts import meter, stored
from noria import flow, task
from noria.core import ids
from noria.runs import resume
from noria.session import open_session

DYING = sys.argv[1:2] == ["die"]
executed: list[int] = []


@task
def add(x: int) -> int:
    """The least a task can do."""
    executed.append(x)
    return x + 1


@flow
def crashes(count: int) -> None:
    """Call it many times, and die at the end in the first process."""
    for n in range(count):
        add(n)
    if DYING:
        open_session().journal.flush()
        os._exit(9)


@flow
def nothing() -> None:
    """What opens the session before anything is measured."""


def go_on(wanted: int) -> None:
    """Resume the newest run and say what a skipped task costs."""
    session = open_session()
    run = session.backend.find_flow_runs("@last")[0]
    nothing()
    readings = meter.cost(lambda: resume(ids.to_uuid(run.id), flow=crashes))
    if executed:
        raise stored.MissingRecordsError(f"{len(executed)} of {wanted} tasks were run again.")
    meter.report(**readings)


if __name__ == "__main__":
    if DYING:
        crashes(int(sys.argv[2]))
    go_on(int(sys.argv[2]))
