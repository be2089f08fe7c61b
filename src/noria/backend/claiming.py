"""Which of what waits a worker may take now."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from noria.backend import executions
from noria.backend.deploying import rank_of, readable_spec_of
from noria.backend.deployments_port import Claim
from noria.core.deployments import DeploymentSpec, Overlap
from noria.core.jsontext import from_json
from noria.core.pools import RUN_TAG_PREFIX, Room, UnderWay, turn
from noria.core.records import FlowRunRow, WorkRow
from noria.core.states import StateType
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
    """It has ended by other means, or somebody else executes it."""
    SKIP = 4
    """It does not run, because another does."""
    ORPHAN = 5
    """Its deployment is gone."""
    REPLACE = 6
    """Those before it are to stop, and it waits for that."""
    WAIT_ALL = 7
    """It waits, and so must all runs of its deployment."""


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
            if row.backfill is not None:
                _next_of_backfill(connection, row, row.backfill, now)
            taken.append(Claim(pending, spec, row._replace(worker=worker)))
        else:
            _settle(connection, candidate, worker, now)
    return taken


def _next_of_backfill(connection: Connection, row: WorkRow, backfill: bytes, now: int) -> None:
    """The next run of a backfill gets a place at the end of the line only now, behind what is due
    within a while: a long one does not keep others from their turn."""
    rank = rank_of(connection, row.pool, row.queue)
    work.next_of_backfill(connection, backfill, turn(now, now, row.priority - 1, rank))


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

    What `overlap` settles is settled whether or not there is room: a run that is due while another
    is under way is not to begin later. Nothing is changed here, so this may be asked within a
    transaction that only reads.
    """
    waiting = [name for name in names if work.waiting(connection, name, now, 1)]
    if not waiting:
        return
    busy = work.under_way(connection)
    yield from _overlapping(connection, waiting, busy, now)
    if limit > 0:
        yield from _in_turn(connection, waiting, busy, limit, now)


def _overlapping(
    connection: Connection, names: Sequence[str], busy: list[UnderWay], now: int
) -> Iterator[Candidate]:
    full = dict(_full_lanes(connection, busy))
    replaced: set[str] = set()
    for pool in names:
        lanes = [lane for lane, (spec, _) in full.items() if spec.pool == pool]
        for row in work.in_lanes(connection, pool, now, lanes) if lanes else []:
            run = flow_runs.get(connection, row.flow_run)
            spec, before = full[row.lane]
            if run is None or run.state is not StateType.SCHEDULED:
                yield Candidate(Verdict.SETTLE, row, run, None)
            elif _has_begun(run):
                continue
            elif spec.overlap is Overlap.SKIP:
                yield Candidate(Verdict.SKIP, row, run, spec)
            elif row.lane not in replaced:
                replaced.add(row.lane)
                to_stop = _to_stop(connection, before)
                if to_stop:
                    yield Candidate(Verdict.REPLACE, row, run, spec, to_stop)


def _full_lanes(
    connection: Connection, busy: list[UnderWay]
) -> Iterator[tuple[str, tuple[DeploymentSpec, list[UnderWay]]]]:
    """The lanes in which nothing more may begin and nothing waits, with what is under way."""
    specs: dict[bytes, DeploymentSpec | None] = {}
    lanes: dict[str, list[UnderWay]] = {}
    for entry in busy:
        lanes.setdefault(entry.lane, []).append(entry)
        if entry.deployment not in specs:
            found = deployments.get(connection, entry.deployment)
            specs[entry.deployment] = readable_spec_of(found)
    for lane, entries in lanes.items():
        spec = specs[entries[0].deployment]
        if spec is None or spec.overlap in (Overlap.ALLOW, Overlap.QUEUE):
            continue
        before = _regular(entries)
        if len(before) >= _most(spec):
            yield lane, (spec, before)


def _in_turn(
    connection: Connection, names: Sequence[str], busy: list[UnderWay], limit: int, now: int
) -> Iterator[Candidate]:
    room = _room(connection, names, busy)
    count = 0
    lines = [_line(connection, room, name, limit, now) for name in names]
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
    closed: set[bytes] = set()
    last: WorkRow | None = None
    while not room.is_full(pool):
        passed_over = PassedOver(lanes, room.closed_queues(pool), room.closed_backfills(), closed)
        page = work.waiting(connection, pool, now, min(wanted, MOST), last, passed_over)
        if not page:
            return
        # Those that must wait stand in front of others: the further it goes, the more of them.
        wanted *= 2
        for row in page:
            last = row
            is_closed = row.lane in lanes or row.deployment in closed
            if is_closed or room.is_closed(pool, row.queue, row.backfill):
                continue
            candidate = _judged(connection, room, row)
            if candidate.verdict is Verdict.WAIT_ALL:
                closed.add(row.deployment)
            elif candidate.verdict in (Verdict.WAIT, Verdict.REPLACE):
                lanes.add(row.lane)
            elif candidate.verdict is Verdict.TAKE:
                room.take(_under_way(row, candidate.run))
            if candidate.verdict not in (Verdict.WAIT, Verdict.WAIT_ALL):
                yield candidate
            if room.is_full(pool):
                return


def _room(connection: Connection, names: Sequence[str], busy: list[UnderWay]) -> Room:
    tags = {
        name: limit.slots for name, limit in slots.limits_of(connection, RUN_TAG_PREFIX).items()
    }
    return Room(
        busy,
        [row for row in pools.all_pools(connection) if row.name in names],
        [row for name in names for row in pools.queues(connection, name)],
        backfills.slots(connection),
        tags,
    )


def _judged(connection: Connection, room: Room, row: WorkRow) -> Candidate:
    run = flow_runs.get(connection, row.flow_run)
    if run is None or run.state is not StateType.SCHEDULED:
        return Candidate(Verdict.SETTLE, row, run, None)
    deployment = deployments.get(connection, row.deployment)
    if deployment is None:
        return Candidate(Verdict.ORPHAN, row, run, None)
    spec = readable_spec_of(deployment)
    if spec is None or spec.concurrency_limit == 0 or room.full_tag(spec.tags) is not None:
        # Each of its lanes would have to be looked at, and there may be very many.
        return Candidate(Verdict.WAIT_ALL, row, run, spec)
    before = room.in_lane(row.lane)
    verdict = _in_lane(spec, row, run, before)
    if verdict is Verdict.TAKE and room.full_tag(_tags(run)) is not None:
        # Others of its lane may have other tags, but go in the order of their turn.
        verdict = Verdict.WAIT
    if verdict is not Verdict.REPLACE:
        return Candidate(verdict, row, run, spec)
    to_stop = _to_stop(connection, _regular(before))
    return Candidate(Verdict.REPLACE if to_stop else Verdict.WAIT, row, run, spec, to_stop)


def _in_lane(
    spec: DeploymentSpec, row: WorkRow, run: FlowRunRow, before: list[UnderWay]
) -> Verdict:
    unlimited = spec.overlap is Overlap.ALLOW and spec.concurrency_limit is None
    if unlimited or len(before) < _most(spec):
        return Verdict.TAKE
    # What a backfill makes was asked for on purpose: it is not skipped and ends nothing, and
    # nothing that is due is skipped or ends it because of it. They wait for one another.
    if row.backfill is not None or _has_begun(run) or len(_regular(before)) < _most(spec):
        return Verdict.WAIT
    if spec.overlap is Overlap.SKIP:
        return Verdict.SKIP
    return Verdict.REPLACE if spec.overlap is Overlap.CANCEL_RUNNING else Verdict.WAIT


def _has_begun(run: FlowRunRow) -> bool:
    """Whether a run goes on, after a crash or an answer: that it was due is long ago, so it is not
    skipped, and it is not newer than what it would end."""
    return run.start is not None


def _most(spec: DeploymentSpec) -> int:
    return 1 if spec.concurrency_limit is None else spec.concurrency_limit


def _regular(entries: list[UnderWay]) -> list[UnderWay]:
    return [entry for entry in entries if entry.backfill is None]


def _to_stop(connection: Connection, before: list[UnderWay]) -> tuple[bytes, ...]:
    """What has not been asked to stop before."""
    runs = [flow_runs.get(connection, entry.flow_run) for entry in before]
    return tuple(
        run.id for run in runs if run is not None and run.state is not StateType.CANCELLING
    )


def _under_way(row: WorkRow, run: FlowRunRow | None) -> UnderWay:
    tags = () if run is None else _tags(run)
    return UnderWay(
        row.flow_run, row.deployment, row.pool, row.queue, row.lane, row.backfill, tags, b""
    )


def _tags(run: FlowRunRow) -> tuple[str, ...]:
    return tuple(from_json(run.tags or "[]"))
