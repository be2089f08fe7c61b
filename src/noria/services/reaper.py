"""Finds runs whose process has died, and lets them go on as their deployments have it."""

from __future__ import annotations

from noria.backend.port import Backend
from noria.services.service import Done


def run_once(backend: Backend, now: int) -> Done:
    """Bury the dead, and see to what they have left: runs, slots, places as workers.

    Parameters:
        backend: Where runs are.
        now: Microseconds since the epoch.

    Returns:
        What was done.
    """
    said = [f"{verdict.name}: {verdict.message}" for verdict in backend.reap(now)]
    said += [f"{row.name} {row.message}" for row in backend.recover(now)]
    backend.settle_slots(now)
    backend.forget_workers(now)
    return Done(said)
