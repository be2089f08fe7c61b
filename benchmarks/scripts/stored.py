"""What stands in Noria's store, read through a connection of its own.

Asked right after a flow has returned: what is not there by then was not recorded in time.
"""

from __future__ import annotations

import os

from benchmarks.scripts.engine import NAME

PAGE = 5_000


class MissingRecordsError(Exception):
    """The store does not hold what the flow did; says how much is missing."""


def check(tasks: int = 0, runs: int = 0, lines: int = 0) -> None:
    """See that the newest flow run is Completed and that everything it did is on record.

    Parameters:
        tasks: Its completed task runs.
        runs: The flow runs that it called.
        lines: The lines of its log.

    Raises:
        MissingRecordsError: Something is missing.
    """
    if NAME != "noria":
        return
    # Loaded after the measuring: reading is no part of what is measured.
    from noria.backend.port import RunFilter  # noqa: PLC0415
    from noria.core.settings import load  # noqa: PLC0415
    from noria.core.states import StateType  # noqa: PLC0415
    from noria.session import open_backend  # noqa: PLC0415

    backend = open_backend(load(os.environ))
    run = backend.flow_runs(RunFilter(limit=1))[0].run
    found, after = 0, None
    while page := backend.task_runs(run.id, None, [StateType.COMPLETED], after, PAGE):
        found, after = found + len(page), page[-1].id
    # A called flow also has a row among the task runs.
    _expect("task runs", tasks + runs, found)
    _expect("flow runs", runs, len(backend.children(run.id)) if runs else 0)
    _expect("log lines", lines, len(backend.logs(run.id, limit=lines + 1)) if lines else 0)
    if run.state is not StateType.COMPLETED:
        raise MissingRecordsError(f"The flow run is on record as {run.state.value}.")
    backend.close()


def _expect(what: str, expected: int, found: int) -> None:
    if expected != found:
        raise MissingRecordsError(f"{expected} {what} were to be on record, {found} are.")
