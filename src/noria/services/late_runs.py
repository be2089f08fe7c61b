"""Says of runs that nobody has taken in time that they are Late."""

from __future__ import annotations

from noria.backend.port import Backend
from noria.services.service import Done


def run_once(backend: Backend, now: int) -> Done:
    """Call late what is late.

    Parameters:
        backend: Where runs are.
        now: Microseconds since the epoch.

    Returns:
        What was done.
    """
    late = backend.mark_late(now)
    return Done([f"{row.name}: late, no worker has taken it in time" for row in late])
