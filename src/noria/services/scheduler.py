"""Makes the runs that schedules have due."""

from __future__ import annotations

from noria.backend.port import Backend
from noria.services.service import Done


def run_once(backend: Backend, now: int) -> Done:
    """Make what is due.

    Parameters:
        backend: Where schedules are.
        now: Microseconds since the epoch.

    Returns:
        What was done.
    """
    made = backend.make_due_runs(now)
    return Done([f"{row.name}: due by a schedule of {row.flow_name}" for row in made])
