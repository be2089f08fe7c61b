"""Which of what waits a worker may take now."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from noria.backend import executions
from noria.backend.deploying import spec_of
from noria.backend.port import Claim
from noria.core.deployments import DeploymentSpec, Overlap
from noria.core.jsontext import from_json
from noria.core.pools import RUN_TAG_PREFIX, Room, UnderWay
from noria.core.records import FlowRunRow, WorkRow
from noria.core.states import TERMINAL_STATES, StateType
from noria.core.transitions import Actor
from noria.store import backfills, deployments, flow_runs, pools, slots, work
from noria.store.database import Connection
from noria.store.filters import PassedOver

MOST = 256
"""What waits is looked at in portions that grow up to so many."""


class Verdict(Enum):
    """What becomes of a run whose turn it is."""

    TAKE = 1
    WAIT = 2
    """Those behind it may go first."""
    SETTLE = 3
    """It has ended by other means."""
    SKIP = 4
    """It does not run, because another does."""
    ORPHAN = 5
    """Its deployment is gone."""
    REPLACE = 6
    """Those before it are to stop, and it waits for that."""


class Candidate(NamedTuple):
    """What waits, and what becomes of it."""

    verdict: Verdict
    work: WorkRow
    run: FlowRunRow | None
    spec: DeploymentSpec | None
    before: tuple[bytes, ...] = ()
    """The runs that it waits for."""


def claim(
    connection: Connection, names: Sequence[str], worker: bytes, limit: int, now: int
) -> list[Claim]:
    """Take up to `limit` runs of some pools that are due, in the order of their turn."""
    taken = []
    for candidate in candidates(connection, names, limit, now):
        row, run, spec = candidate.work, candidate.run, candidate.spec
        if candidate.verdict is Verdict.TAKE and run is not None and spec is not None:
            work.take(connection, row.flow_run, worker)
            pending = executions.entered(run, StateType.PENDING, Actor.SCHEDULER, None, now)
            pending = pending._replace(process=worker)
            flow_runs.save(connection, pending)
            taken.append(Claim(pending, spec, row._replace(worker=worker)))
        else:
            _settle(connection, candidate, worker, now)
    return taken


def _settle(connection: Connection, candidate: Candidate, worker: bytes, now: int) -> None:
    row, run = candidate.work, candidate.run
    if candidate.verdict is Verdict.REPLACE:
        for flow_run in candidate.before:
            executions.cancel(connection, flow_run, now)
    elif run is None:
        work.delete(connection, row.flow_run)
    elif candidate.verdict is Verdict.SETTLE:
        work.settle(connection, row.flow_run, worker)
    elif candidate.verdict is Verdict.SKIP:
        executions.call_off(
            connection, run, worker, "another run of its deployment was under way", now
        )
    else:
        executions.call_off(connection, run, worker, "its deployment was deleted", now)


def candidates(
    connection: Connection, names: Sequence[str], limit: int, now: int
) -> Iterator[Candidate]:
    """What is to happen to what waits in some pools, in the order of its turn; what merely waits is
    left out.

    Nothing is changed here, so this may be asked within a transaction that only reads.
    """
    waiting = [name for name in names if work.waiting(connection, name, now, 1)]
    if limit < 1 or not waiting:
        return
    room = _room(connection, waiting)
    count = 0
    lines = [_line(connection, room, name, limit, now) for name in waiting]
    for candidate in heapq.merge(*lines, key=lambda each: (each.work.turn, each.work.flow_run)):
        yield candidate
        count += candidate.verdict is Verdict.TAKE
        if count == limit:
            return


def _line(
    connection: Connection, room: Room, pool: str, wanted: int, now: int
) -> Iterator[Candidate]:
    """What is to happen to what waits in one pool."""
    lanes: set[str] = set()
    last: WorkRow | None = None
    while not room.is_full(pool):
        passed_over = PassedOver(lanes, room.closed_queues(pool), room.closed_backfills())
        page = work.waiting(connection, pool, now, min(wanted, MOST), last, passed_over)
        if not page:
            return
        # Those that must wait stand in front of others: the further it goes, the more of them.
        wanted *= 2
        for row in page:
            last = row
            if row.lane in lanes or room.is_closed(pool, row.queue, row.backfill):
                continue
            candidate = _judged(connection, room, row)
            if candidate.verdict in (Verdict.WAIT, Verdict.REPLACE):
                lanes.add(row.lane)
            if candidate.verdict is Verdict.TAKE:
                room.take(_under_way(row, candidate.run))
            if candidate.verdict is not Verdict.WAIT:
                yield candidate
            if room.is_full(pool):
                return


def _room(connection: Connection, names: Sequence[str]) -> Room:
    tags = {
        name: limit.slots for name, limit in slots.limits_of(connection, RUN_TAG_PREFIX).items()
    }
    return Room(
        work.under_way(connection),
        [row for row in pools.all_pools(connection) if row.name in names],
        [row for name in names for row in pools.queues(connection, name)],
        backfills.slots(connection),
        tags,
    )


def _judged(connection: Connection, room: Room, row: WorkRow) -> Candidate:
    run = flow_runs.get(connection, row.flow_run)
    if run is None or run.state in TERMINAL_STATES:
        return Candidate(Verdict.SETTLE, row, run, None)
    deployment = deployments.get(connection, row.deployment)
    if deployment is None:
        return Candidate(Verdict.ORPHAN, row, run, None)
    spec = spec_of(deployment)
    before = tuple(room.in_lane(row.lane))
    verdict = _in_lane(spec, len(before))
    if verdict is Verdict.TAKE and room.full_tag(_tags(run)) is not None:
        # Others of its lane may have other tags, but go in the order of their turn.
        verdict = Verdict.WAIT
    return Candidate(verdict, row, run, spec, before)


def _in_lane(spec: DeploymentSpec, before: int) -> Verdict:
    unlimited = spec.overlap is Overlap.ALLOW and spec.concurrency_limit is None
    if unlimited or before < (spec.concurrency_limit or 1):
        return Verdict.TAKE
    if spec.overlap is Overlap.SKIP:
        return Verdict.SKIP
    return Verdict.REPLACE if spec.overlap is Overlap.CANCEL_RUNNING else Verdict.WAIT


def _under_way(row: WorkRow, run: FlowRunRow | None) -> UnderWay:
    tags = () if run is None else _tags(run)
    return UnderWay(
        row.flow_run, row.deployment, row.pool, row.queue, row.lane, row.backfill, tags, b""
    )


def _tags(run: FlowRunRow) -> tuple[str, ...]:
    return tuple(from_json(run.tags or "[]"))
