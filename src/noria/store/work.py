"""Runs that were asked for, in the store."""

from __future__ import annotations

from typing import Any

from noria.core.records import WorkRow
from noria.store.database import Connection
from noria.store.statements import Statement, Statements

WORK = Statements("work")


def add(connection: Connection, row: WorkRow) -> bool:
    """Ask for a run; False when its deployment was asked for one with the same key."""
    return connection.execute(WORK.add, row._asdict()).rowcount > 0


def get(connection: Connection, flow_run: bytes) -> WorkRow | None:
    """What was asked for by a run."""
    found = _many(connection, WORK.get, {"flow_run": flow_run})
    return found[0] if found else None


def by_key(connection: Connection, deployment: bytes, key: str) -> WorkRow | None:
    """What a deployment was asked for with a key."""
    found = _many(connection, WORK.by_key, {"deployment": deployment, "key": key})
    return found[0] if found else None


def waiting(connection: Connection, pool: str, now: int, limit: int) -> list[WorkRow]:
    """What waits in a pool and is due, in the order of its turn."""
    return _many(connection, WORK.waiting, {"pool": pool, "now": now, "limit": limit})


def next_due(connection: Connection, pool: str) -> int | None:
    """When the next of what waits in a pool is due."""
    found: int | None = connection.execute(WORK.next_due, {"pool": pool}).fetchone()[0]
    return found


def take(connection: Connection, flow_run: bytes, worker: bytes) -> None:
    """Claim for a worker what waits."""
    connection.execute(WORK.take, {"flow_run": flow_run, "worker": worker})


def put_back(connection: Connection, row: WorkRow, due: int, crashes: int) -> None:
    """Let a run wait again."""
    facts = {"flow_run": row.flow_run, "due": due, "crashes": crashes}
    connection.execute(WORK.put_back, facts)


def settle(connection: Connection, flow_run: bytes, by: bytes) -> None:
    """Take a run that has ended out of those that wait."""
    connection.execute(WORK.settle, {"flow_run": flow_run, "worker": by})


def of_worker(connection: Connection, worker: bytes) -> list[WorkRow]:
    """What a worker has claimed."""
    return _many(connection, WORK.of_worker, {"worker": worker})


def under_way(connection: Connection, deployment: bytes) -> list[bytes]:
    """The runs of a deployment that were claimed and have not ended, the oldest first."""
    rows = connection.execute(WORK.under_way, {"deployment": deployment})
    return [flow_run for (flow_run,) in rows]


def unclaimed(connection: Connection, deployment: bytes) -> list[WorkRow]:
    """What waits of a deployment."""
    return _many(connection, WORK.unclaimed, {"deployment": deployment})


def of_deployment(connection: Connection, deployment: bytes, limit: int) -> list[bytes]:
    """The newest runs of a deployment."""
    facts = {"deployment": deployment, "limit": limit}
    return [flow_run for (flow_run,) in connection.execute(WORK.of_deployment, facts)]


def late(connection: Connection, due: int) -> list[WorkRow]:
    """What has waited since some time or longer."""
    return _many(connection, WORK.late, {"due": due})


def crashed(connection: Connection) -> list[WorkRow]:
    """What has crashed and nobody has decided about."""
    return _many(connection, WORK.crashed, {})


def give_up(connection: Connection, flow_run: bytes) -> None:
    """Let what has crashed be."""
    connection.execute(WORK.give_up, {"flow_run": flow_run})


def delete(connection: Connection, flow_run: bytes) -> None:
    """Forget that a run was asked for."""
    connection.execute(WORK.delete, {"id": flow_run})


def _many(connection: Connection, sql: Statement, facts: dict[str, Any]) -> list[WorkRow]:
    return [WorkRow._make(found) for found in connection.execute(sql, facts)]
