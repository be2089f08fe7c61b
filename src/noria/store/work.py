"""Runs that were asked for, in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from noria.core.backfills import HELD, KeyedRun
from noria.core.jsontext import from_json
from noria.core.pools import UnderWay
from noria.core.records import WorkRow
from noria.core.states import STATE_BY_CODE, Name, StateType
from noria.store import filters
from noria.store.database import Connection
from noria.store.filters import NOTHING, PassedOver
from noria.store.statements import Sql, Statements

WORK = Statements("work")
AT_ONCE = 500
"""So many lanes are looked for in one statement."""


class WorkPlace(NamedTuple):
    """Where a run waits."""

    pool: str
    queue: str
    priority: int


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


def waiting(
    connection: Connection,
    pool: str,
    now: int,
    limit: int,
    after: WorkRow | None = None,
    passed_over: PassedOver = NOTHING,
) -> list[WorkRow]:
    """What waits in a pool and is due, in the order of its turn.

    Parameters:
        connection: The store.
        pool: The pool.
        now: What is due by then, microseconds since the epoch.
        limit: At most so many.
        after: Only what is behind this one.
        passed_over: What is left out.
    """
    sql, facts = filters.waiting(connection.dialect, passed_over)
    turn, behind = (-(2**62), b"") if after is None else (after.turn, after.flow_run)
    facts |= {"pool": pool, "now": now, "limit": limit, "turn": turn, "after": behind}
    return _many(connection, sql, facts)


def next_due(connection: Connection, pool: str) -> int | None:
    """When the next of what waits in a pool is due."""
    found: int | None = connection.execute(WORK.next_due, {"pool": pool}).fetchone()[0]
    return found


def waited_in(connection: Connection) -> list[str]:
    """The pools that something waits in."""
    return [pool for (pool,) in connection.execute(WORK.waited_in)]


def take(connection: Connection, flow_run: bytes, worker: bytes) -> None:
    """Claim for a worker what waits."""
    connection.execute(WORK.take, {"flow_run": flow_run, "worker": worker})


def put_back(connection: Connection, row: WorkRow) -> None:
    """Let a run wait again, as the row says."""
    connection.execute(WORK.put_back, row._asdict())


def move(
    connection: Connection, deployment: bytes, before: WorkPlace, to: WorkPlace, later: int
) -> None:
    """Let what waits of a deployment wait elsewhere, its turn so much later."""
    facts = {"deployment": deployment, "before": before.queue, **to._asdict(), "later": later}
    connection.execute(WORK.move, facts)


def shift(connection: Connection, pool: str, queue: str, later: int) -> None:
    """Let the turn of what waits in a queue come so much later."""
    connection.execute(WORK.shift, {"pool": pool, "queue": queue, "later": later})


def settle(connection: Connection, flow_run: bytes, by: bytes) -> None:
    """Take a run that has ended out of those that wait."""
    connection.execute(WORK.settle, {"flow_run": flow_run, "worker": by})


def under_way(connection: Connection) -> list[UnderWay]:
    """What was claimed and has not ended, the oldest first."""
    rows = sorted(connection.execute(WORK.under_way, {"suspended": Name.SUSPENDED}))
    return [UnderWay._make((*row[:6], tuple(from_json(row[6] or "[]")), row[7])) for row in rows]


def add_all(connection: Connection, rows: Iterable[WorkRow]) -> None:
    """Ask for many runs."""
    connection.executemany(WORK.add, [row._asdict() for row in rows])


def of_backfill(connection: Connection, backfill: bytes) -> Counter[StateType]:
    """The runs of a backfill by state; what has crashed and will go on counts as Scheduled."""
    counts: Counter[StateType] = Counter()
    for state, undecided, count in connection.execute(WORK.of_backfill, {"backfill": backfill}):
        counts[StateType.SCHEDULED if undecided else STATE_BY_CODE[state]] += count
    return counts


def keyed(connection: Connection, deployment: bytes, keys: Collection[str]) -> dict[str, KeyedRun]:
    """The runs that a deployment was asked for with keys."""
    wanted = set(keys)
    by_schedule: dict[str, list[str]] = {}
    for key in wanted:
        by_schedule.setdefault(key.rpartition("@")[0], []).append(key)
    found = {}
    # Those of one schedule stand side by side: they are read at once, however many they are.
    for each in by_schedule.values():
        facts = {"deployment": deployment, "low": min(each), "high": max(each)}
        for key, flow_run, name, state, state_name, started in connection.execute(
            WORK.keyed, facts
        ):
            if key in wanted:
                found[key] = KeyedRun(
                    key, flow_run, name, STATE_BY_CODE[state], state_name, started is not None
                )
    return found


def release(connection: Connection, flow_runs: Iterable[bytes]) -> None:
    """Let other runs have the keys of these."""
    connection.executemany(WORK.release, [{"flow_run": each} for each in flow_runs])


def next_of_backfill(connection: Connection, backfill: bytes, turn: int) -> None:
    """Give the next run of a backfill that is held back a turn."""
    # What is held back may have been moved by the rank of its queue.
    facts = {"backfill": backfill, "turn": turn, "held": HELD // 2}
    connection.execute(WORK.next_of_backfill, facts)


def settle_backfill(connection: Connection, backfill: bytes, by: bytes) -> None:
    """Take what waits of a backfill out of what waits."""
    connection.execute(WORK.settle_backfill, {"backfill": backfill, "worker": by})


def in_lanes(connection: Connection, pool: str, now: int, lanes: Sequence[str]) -> list[WorkRow]:
    """What is due in a pool, was made by no backfill, and waits in lanes, in the order of its
    turn."""
    sql, facts = filters.in_lanes(connection.dialect, lanes[:AT_ONCE])
    return _many(connection, sql, {**facts, "pool": pool, "now": now, "limit": AT_ONCE})


def last_of_schedule(connection: Connection, deployment: bytes, slug: str) -> int | None:
    """When the newest run that a schedule has made was due."""
    facts = {"deployment": deployment, "schedule": slug}
    found: tuple[int] | None = connection.execute(WORK.last_of_schedule, facts).fetchone()
    return None if found is None else found[0]


def pools(connection: Connection, now: int) -> list[tuple[str, str, int]]:
    """The pools and queues that something due waits in, with how much."""
    return [tuple(row) for row in connection.execute(WORK.pools, {"now": now})]


def unclaimed(connection: Connection, deployment: bytes) -> list[WorkRow]:
    """What waits of a deployment."""
    return _many(connection, WORK.unclaimed, {"deployment": deployment})


def unclaimed_of_schedule(connection: Connection, deployment: bytes, slug: str) -> list[WorkRow]:
    """What a schedule has made and nobody has taken."""
    facts = {"deployment": deployment, "schedule": slug}
    return _many(connection, WORK.unclaimed_of_schedule, facts)


def of_deployment(connection: Connection, deployment: bytes, limit: int) -> list[bytes]:
    """The newest runs of a deployment."""
    facts = {"deployment": deployment, "limit": limit}
    return [flow_run for (flow_run,) in connection.execute(WORK.of_deployment, facts)]


def late(connection: Connection, due: int, limit: int) -> list[bytes]:
    """The runs that have waited since some time or longer and are not called Late yet."""
    facts = {"due": due, "late": Name.LATE, "limit": limit}
    return [flow_run for (flow_run,) in connection.execute(WORK.late, facts)]


def crashed(connection: Connection) -> list[WorkRow]:
    """What has crashed and nobody has decided about."""
    return _many(connection, WORK.crashed, {})


def give_up(connection: Connection, flow_run: bytes) -> None:
    """Let what has crashed be."""
    connection.execute(WORK.give_up, {"flow_run": flow_run})


def delete(connection: Connection, flow_run: bytes) -> None:
    """Forget that a run was asked for."""
    connection.execute(WORK.delete, {"id": flow_run})


def _many(connection: Connection, sql: Sql, facts: dict[str, Any]) -> list[WorkRow]:
    return [WorkRow._make(found) for found in connection.execute(sql, facts)]
