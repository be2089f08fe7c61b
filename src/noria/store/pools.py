"""Pools, their queues, who works for them, and who leads, in the store."""

from __future__ import annotations

from typing import NamedTuple

from noria.core.jsontext import from_json, to_json
from noria.core.pools import PoolRow, QueueRow, WorkerRow
from noria.store.database import Connection
from noria.store.statements import Statements

POOL = Statements("pool")
QUEUE = Statements("work_queue")
WORKER = Statements("worker")
LEADER = Statements("leader")


class Leader(NamedTuple):
    """Who has a role, and since when."""

    process: bytes
    since: int


def all_pools(connection: Connection) -> list[PoolRow]:
    """What was said of pools, by name."""
    return [_pool(row) for row in connection.execute(POOL.all)]


def get(connection: Connection, name: str) -> PoolRow | None:
    """What was said of a pool."""
    found = connection.execute(POOL.get, {"name": name}).fetchone()
    return found and _pool(found)


def save(connection: Connection, row: PoolRow) -> None:
    """Say something of a pool."""
    connection.execute(POOL.set, {**row._asdict(), "paused": int(row.paused)})


def delete(connection: Connection, name: str) -> bool:
    """Forget what was said of a pool and its queues; False when nothing was."""
    connection.execute(QUEUE.delete_of, {"pool": name})
    return connection.execute(POOL.delete, {"name": name}).rowcount > 0


def queues(connection: Connection, pool: str) -> list[QueueRow]:
    """What was said of the queues of a pool, in the order of their rank."""
    return [_queue(row) for row in connection.execute(QUEUE.of_pool, {"pool": pool})]


def queued(connection: Connection) -> list[str]:
    """The pools of whose queues something was said."""
    return [pool for (pool,) in connection.execute(QUEUE.pools)]


def queue(connection: Connection, pool: str, name: str) -> QueueRow | None:
    """What was said of a queue."""
    found = connection.execute(QUEUE.get, {"pool": pool, "name": name}).fetchone()
    return found and _queue(found)


def save_queue(connection: Connection, row: QueueRow) -> None:
    """Say something of a queue."""
    connection.execute(QUEUE.set, {**row._asdict(), "paused": int(row.paused)})


def delete_queue(connection: Connection, pool: str, name: str) -> bool:
    """Forget what was said of a queue; False when nothing was."""
    return connection.execute(QUEUE.delete, {"pool": pool, "name": name}).rowcount > 0


def workers(connection: Connection) -> list[WorkerRow]:
    """The processes that take runs, or took them."""
    rows = [WorkerRow._make(found) for found in connection.execute(WORKER.all)]
    return [
        row._replace(pools=None if row.pools is None else tuple(from_json(str(row.pools))))
        for row in rows
    ]


def save_worker(connection: Connection, row: WorkerRow) -> None:
    """Say that a process takes runs."""
    pools = None if row.pools is None else to_json(list(row.pools))
    connection.execute(WORKER.set, {**row._asdict(), "pools": pools})


def delete_worker(connection: Connection, process: bytes) -> None:
    """Forget that a process took runs."""
    connection.execute(WORKER.delete, {"process": process})


def leader(connection: Connection, role: str) -> Leader | None:
    """Who has a role."""
    found = connection.execute(LEADER.get, {"role": role}).fetchone()
    return found and Leader._make(found)


def set_leader(connection: Connection, role: str, process: bytes, now: int) -> None:
    """Give a role to a process."""
    connection.execute(LEADER.set, {"role": role, "process": process, "since": now})


def leave(connection: Connection, process: bytes) -> None:
    """Give up all roles of a process."""
    connection.execute(LEADER.leave, {"process": process})


def _pool(found: tuple[object, ...]) -> PoolRow:
    row: PoolRow = PoolRow._make(found)
    return row._replace(paused=bool(row.paused))


def _queue(found: tuple[object, ...]) -> QueueRow:
    row: QueueRow = QueueRow._make(found)
    return row._replace(paused=bool(row.paused))
