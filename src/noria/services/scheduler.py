"""Makes the runs that schedules have due."""

from __future__ import annotations

from noria.backend.port import Backend
from noria.core.jsontext import from_json
from noria.core.records import FlowRunRow
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
    return Done([f"{row.name}: due by a schedule of {_deployment(row)}" for row in made])


def _deployment(row: FlowRunRow) -> str:
    name: str = from_json(row.settings or "{}").get("deployment_name") or row.flow_name
    return name
