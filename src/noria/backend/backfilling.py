"""Runs for times that have passed: made all at once, and called off.

Each function works within one write transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from noria.backend import executions
from noria.backend.backfills_port import BackfillRequest
from noria.backend.deploying import rank_of, spec_of
from noria.backend.deployments_port import RunRequest
from noria.backend.dispatch import new_run, new_work, queue_of
from noria.core import ids
from noria.core.backfills import HELD, PlannedRun
from noria.core.pools import turn
from noria.core.records import BackfillRow, FlowRunRow, WorkRow
from noria.core.states import StateType
from noria.core.transitions import Actor
from noria.store import backfills, deployments, flow_runs, work
from noria.store.database import Connection

CALLED_OFF = "its backfill was cancelled"


def begin(connection: Connection, wish: BackfillRequest, now: int) -> BackfillRow | None:
    """Make the runs that are missed; see `Backfills.begin_backfill`."""
    deployment = deployments.get(connection, wish.deployment)
    if deployment is None:
        return None
    spec = spec_of(deployment)
    backfill = BackfillRow(
        id=ids.new_id(),
        deployment=deployment.id,
        schedule=wish.schedule,
        first=wish.first,
        last=wish.last,
        slots=wish.slots,
        made=0,
        cancelled=None,
        created=now,
    )
    runs: list[FlowRunRow] = []
    waiting: list[WorkRow] = []
    for request in _requests(connection, wish, backfill.id, now):
        run = new_run(deployment, spec, request, now)
        rank = 1 if waiting else rank_of(connection, deployment.pool, queue_of(spec, request))
        place = waiting[0].turn if waiting else turn(now, now, spec.priority - 1, rank)
        if len(waiting) >= wish.slots:
            place += HELD
        row = new_work(deployment, spec, request, run.id, rank, now)
        runs.append(run)
        waiting.append(row._replace(turn=place))
    if not runs:
        return backfill
    backfill = backfill._replace(made=len(runs))
    backfills.add(connection, backfill)
    flow_runs.save_all(connection, runs)
    work.add_all(connection, waiting)
    return backfill


def cancel(connection: Connection, backfill: bytes, running: bool, now: int) -> int:
    """Cancel what waits, and ask what is under way to stop; see `Backfills.cancel_backfill`."""
    waiting = [
        executions.entered(row, StateType.CANCELLED, Actor.PERSON, CALLED_OFF, now)
        for row in flow_runs.waiting_of_backfill(connection, backfill)
    ]
    flow_runs.save_all(connection, [row._replace(end=now) for row in waiting])
    work.settle_backfill(connection, backfill, backfill)
    backfills.cancel(connection, backfill, now)
    taken = flow_runs.taken_of_backfill(connection, backfill) if running else []
    for flow_run in taken:
        executions.cancel(connection, flow_run, now, CALLED_OFF)
    return len(waiting) + len(taken)


def _requests(
    connection: Connection, wish: BackfillRequest, backfill: bytes, now: int
) -> Iterator[RunRequest]:
    runs: Sequence[PlannedRun] = wish.runs
    if not wish.rerun:
        runs = _missed(connection, wish)
    for planned in islice(runs, wish.limit):
        # What is made in any case must not be taken for what a schedule has made, nor stop it.
        key = f"{planned.key}#{backfill.hex()}" if wish.rerun else planned.key
        yield RunRequest(
            deployment=wish.deployment,
            due=now,
            parameters=planned.parameters,
            key=key,
            schedule=planned.slug,
            backfill=backfill,
            scheduled=planned.time,
        )


def _missed(connection: Connection, wish: BackfillRequest) -> list[PlannedRun]:
    found = work.keyed(connection, wish.deployment, [each.key for each in wish.runs])
    missed = [each for each in wish.runs if each.key not in found or found[each.key].is_missed][
        : wish.limit
    ]
    work.release(connection, [found[each.key].flow_run for each in missed if each.key in found])
    return missed
