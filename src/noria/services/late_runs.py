"""Says of runs that nobody has taken in time that they are Late."""

from __future__ import annotations

from noria.backend.port import Backend


def run_once(backend: Backend, now: int) -> list[str]:
    """Call late what is late.

    Parameters:
        backend: Where runs are.
        now: Microseconds since the epoch.

    Returns:
        Sentences on what was done.
    """
    return [f"{row.name}: late, no worker has taken it in time" for row in backend.mark_late(now)]
