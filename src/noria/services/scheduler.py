"""Makes the runs that schedules have due."""

from __future__ import annotations

from noria.backend.port import Backend


def run_once(backend: Backend, now: int) -> list[str]:
    """Make what is due.

    Parameters:
        backend: Where schedules are.
        now: Microseconds since the epoch.

    Returns:
        Sentences on what was done.
    """
    made = backend.make_due_runs(now)
    return [f"{row.name}: due by a schedule of {row.flow_name}" for row in made]
