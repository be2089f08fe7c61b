"""Deployments and their schedules in the store."""

from __future__ import annotations

from typing import Any

from noria.core.records import DeploymentRow, ScheduleRow
from noria.store.database import Connection
from noria.store.statements import Statement, Statements
from noria.store.values import id_bounds

DEPLOYMENT = Statements("deployment")
SCHEDULE = Statements("schedule")


def get(connection: Connection, deployment: bytes) -> DeploymentRow | None:
    """One deployment."""
    return _one(connection, DEPLOYMENT.get, {"id": deployment})


def by_name(connection: Connection, flow_name: str, name: str) -> DeploymentRow | None:
    """One deployment by its names."""
    return _one(connection, DEPLOYMENT.by_name, {"flow_name": flow_name, "name": name})


def find(connection: Connection, reference: str) -> list[DeploymentRow]:
    """The deployments that `flow/name`, a name alone, or the beginning of an id may mean."""
    flow_name, slash, name = reference.partition("/")
    if slash:
        row = by_name(connection, flow_name, name)
        return [] if row is None else [row]
    found = _many(connection, DEPLOYMENT.named, {"name": reference})
    bounds = id_bounds(reference)
    if bounds is not None and not found:
        found = _many(connection, DEPLOYMENT.by_id_range, {"first": bounds[0], "last": bounds[1]})
    return found


def page(connection: Connection) -> list[DeploymentRow]:
    """All deployments by flow and name."""
    return _many(connection, DEPLOYMENT.page, {})


def save(connection: Connection, row: DeploymentRow) -> DeploymentRow:
    """Write a deployment; one that is there keeps its id and whether it is paused."""
    connection.execute(DEPLOYMENT.set, {**row._asdict(), "paused": int(row.paused)})
    found = by_name(connection, row.flow_name, row.name)
    assert found is not None
    return found


def pause(connection: Connection, deployment: bytes, paused: bool, now: int) -> bool:
    """Stop its schedules or let them go on; False when there is no such deployment."""
    facts = {"id": deployment, "paused": int(paused), "now": now}
    return connection.execute(DEPLOYMENT.pause, facts).rowcount > 0


def delete(connection: Connection, deployment: bytes) -> bool:
    """Delete a deployment with its schedules; False when there is none."""
    connection.execute(SCHEDULE.delete_of, {"deployment": deployment})
    return connection.execute(DEPLOYMENT.delete, {"id": deployment}).rowcount > 0


def schedules(connection: Connection, deployment: bytes) -> list[ScheduleRow]:
    """The schedules of a deployment."""
    return _schedules(connection, SCHEDULE.of_deployment, {"deployment": deployment})


def due(connection: Connection, now: int) -> list[ScheduleRow]:
    """The schedules that are due."""
    return _schedules(connection, SCHEDULE.due, {"now": now})


def next_due(connection: Connection) -> int | None:
    """When the next schedule is due."""
    found: int | None = connection.execute(SCHEDULE.next_due).fetchone()[0]
    return found


def save_schedule(connection: Connection, row: ScheduleRow) -> None:
    """Write a schedule."""
    connection.execute(SCHEDULE.set, {**row._asdict(), "active": int(row.active)})


def delete_schedule(connection: Connection, deployment: bytes, slug: str) -> None:
    """Delete a schedule."""
    connection.execute(SCHEDULE.delete, {"deployment": deployment, "slug": slug})


def _one(connection: Connection, sql: Statement, facts: dict[str, Any]) -> DeploymentRow | None:
    found = _many(connection, sql, facts)
    return found[0] if found else None


def _many(connection: Connection, sql: Statement, facts: dict[str, Any]) -> list[DeploymentRow]:
    rows = [DeploymentRow._make(found) for found in connection.execute(sql, facts)]
    return [row._replace(paused=bool(row.paused)) for row in rows]


def _schedules(connection: Connection, sql: Statement, facts: dict[str, Any]) -> list[ScheduleRow]:
    rows = [ScheduleRow._make(found) for found in connection.execute(sql, facts)]
    return [row._replace(active=bool(row.active)) for row in rows]
