"""Which run is due, who may take it, and what becomes of it when its taker dies.

Each function works within one write transaction: two schedulers never make one run twice, and two
workers never take one run.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from noria.backend import executions
from noria.backend.deploying import name_of, rank_of, readable_spec_of, spec_of
from noria.backend.deployments_port import RunRequest
from noria.core import ids
from noria.core.backfills import run_key
from noria.core.deployments import DeploymentSpec, OnCrash, lane_key
from noria.core.errors import DeploymentError, InvalidSchedule
from noria.core.jsontext import from_json, to_json
from noria.core.names import random_run_name
from noria.core.pools import DEFAULT_QUEUE, is_named, turn
from noria.core.records import DeploymentRow, FlowRunRow, ScheduleRow, WorkRow
from noria.core.schedules import rules
from noria.core.states import TERMINAL_STATES, Name, StateType
from noria.core.transitions import Actor
from noria.store import deployments, flow_runs, pauses, work
from noria.store.database import Connection

LATE = 15 * 1_000_000
"""A run that nobody has taken so long after it was due is Late, microseconds."""
BACKOFF = (1_000_000, 10_000_000, 60_000_000)
"""How long a run whose process has died waits before it goes on."""
LATE_AT_ONCE = 500
"""So many are called Late in one transaction."""
AGAIN = 60 * 1_000_000
"""When a schedule that could not be reckoned is tried again, microseconds."""


class Ticked(NamedTuple):
    """What schedules had due."""

    made: list[FlowRunRow]
    faults: list[str]
    """Sentences on schedules that could not be reckoned."""


def request(connection: Connection, wish: RunRequest, now: int) -> FlowRunRow | None:
    """Make a run of a deployment; the one that was made before when it has the same key. None when
    there is no such deployment."""
    deployment = deployments.get(connection, wish.deployment)
    if deployment is None:
        return None
    if wish.key is not None:
        made = work.by_key(connection, wish.deployment, wish.key)
        before = None if made is None else flow_runs.get(connection, made.flow_run)
        if before is not None:
            return before
    spec = spec_of(deployment)
    row = new_run(deployment, spec, wish, now)
    rank = rank_of(connection, deployment.pool, queue_of(spec, wish))
    flow_runs.save(connection, row)
    work.add(connection, new_work(deployment, spec, wish, row.id, rank, now))
    return row


def tick(connection: Connection, now: int) -> Ticked:
    """Make the runs that schedules have due, and say when they are due next. One that cannot be
    reckoned does not keep others from it: it is left as it is, and tried again later."""
    made: list[FlowRunRow] = []
    faults = []
    for schedule in deployments.due(connection, now):
        deployment = deployments.get(connection, schedule.deployment)
        assert deployment is not None
        try:
            spec = spec_of(deployment)
            found = rules.look(
                rules.from_record(from_json(schedule.rule)), schedule.since, now, spec.catchup
            )
        except (DeploymentError, InvalidSchedule) as error:
            name = f"{schedule.slug!r} of {name_of(deployment)}"
            faults.append(f"The schedule {name} makes no runs: {error}")
            deployments.save_schedule(connection, schedule._replace(due=now + AGAIN))
            continue
        for due in found.due:
            row = request(connection, _wish_of(schedule, spec, due), now)
            made += [] if row is None else [row]
        later = schedule._replace(since=found.since, due=found.next)
        deployments.save_schedule(connection, later)
    return Ticked(made, faults)


def begin(
    connection: Connection, flow_run: bytes, worker: bytes, process: bytes, now: int
) -> FlowRunRow | None:
    """Begin the execution of a run that a worker has claimed, in a process of its own; None when
    the run is not the worker's any more."""
    row = flow_runs.get(connection, flow_run)
    if row is None or row.state is not StateType.PENDING or row.process != worker:
        return None
    begun = row._replace(epoch=row.epoch + 1, process=process)
    flow_runs.save(connection, begun)
    pauses.end_requests(connection, flow_run, now)
    return begun


def requeue(connection: Connection, flow_run: bytes, now: int) -> FlowRunRow | None:
    """Let a run of a deployment that was suspended, and has got what it waited for, wait for a
    worker; None when it is no such run."""
    row, asked_for = flow_runs.get(connection, flow_run), work.get(connection, flow_run)
    if row is None or asked_for is None or not executions.is_suspended(row):
        return None
    waits = executions.entered(row, StateType.SCHEDULED, Actor.RESUME, None, now, Name.RESUMING)
    flow_runs.save(connection, waits)
    work.put_back(connection, asked_for._replace(due=now))
    return waits


def abandon(
    connection: Connection, flow_run: bytes, worker: bytes, message: str, now: int
) -> FlowRunRow | None:
    """End a run that a worker has claimed and that no process has begun; None when it is not the
    worker's any more."""
    row = flow_runs.get(connection, flow_run)
    if row is None or row.state in TERMINAL_STATES or row.process != worker:
        return None
    executions.end_lost(connection, row, message, now)
    return flow_runs.get(connection, flow_run)


def mark_late(connection: Connection, now: int) -> list[FlowRunRow]:
    """Say of what nobody has taken in time that it is Late."""
    late = []
    for flow_run in work.late(connection, now - LATE, LATE_AT_ONCE):
        run = flow_runs.get(connection, flow_run)
        if run is None or run.state is not StateType.SCHEDULED:
            continue
        entered = executions.entered(
            run, StateType.SCHEDULED, Actor.SCHEDULER, None, now, Name.LATE
        )
        flow_runs.save(connection, entered)
        late.append(entered)
    return late


def recover(connection: Connection, now: int) -> list[FlowRunRow]:
    """Let runs whose process has died go on, as their deployments have it."""
    decided = [_decide(connection, row, now) for row in work.crashed(connection)]
    return [run for run in decided if run is not None]


def cancel(connection: Connection, flow_run: bytes, now: int, reason: str) -> FlowRunRow | None:
    """Ask a run and those below it to stop; see `executions.cancel`. What has crashed and is about
    to go on has not ended, and does not."""
    for found in flow_runs.tree(connection, flow_run):
        row = work.get(connection, found)
        if row is not None and row.worker is not None and row.crashes >= 0:
            _decide(connection, row, now)
    return executions.cancel(connection, flow_run, now, reason)


def _decide(connection: Connection, row: WorkRow, now: int) -> FlowRunRow | None:
    """Let a run go on if it has crashed and is to; None when it is not."""
    run = flow_runs.get(connection, row.flow_run)
    deployment = deployments.get(connection, row.deployment)
    if run is None or run.state is not StateType.CRASHED:
        return None
    if deployment is None:
        work.give_up(connection, row.flow_run)
        return None
    spec = readable_spec_of(deployment)
    if spec is None:
        return None  # For a worker that can read it to decide.
    # What has never begun has not crashed: it was its worker that died.
    begun = run.process != row.worker
    if (spec.on_crash is OnCrash.FAIL and begun) or row.crashes >= spec.most_crashes:
        work.give_up(connection, row.flow_run)
        if row.crashes:
            given_up = f"{run.message}; given up after {row.crashes + 1} crashes"
            flow_runs.save(connection, run._replace(message=given_up))
        return None
    due = now + BACKOFF[min(row.crashes, len(BACKOFF) - 1)]
    verb = "goes on" if spec.on_crash is OnCrash.RESUME else "begins again"
    message = f"{verb} after crash {row.crashes + 1} of at most {spec.most_crashes}"
    waits = executions.entered(
        run, StateType.SCHEDULED, Actor.RESUME, message, now, Name.AWAITING_RETRY
    )
    flow_runs.save(connection, waits._replace(epoch=run.epoch + 1, process=None, end=None))
    # It has had its turn: whoever is due meanwhile does not go before it.
    work.put_back(connection, row._replace(due=due, crashes=row.crashes + 1))
    return waits


def _wish_of(schedule: ScheduleRow, spec: DeploymentSpec, due: int) -> RunRequest:
    own = next((each for each in spec.schedules if each.slug == schedule.slug), None)
    key = run_key(schedule.slug, due)
    # The same for whoever reckons it, and spread evenly.
    delay = zlib.crc32(schedule.deployment + key.encode()) % (spec.jitter + 1)
    return RunRequest(
        deployment=schedule.deployment,
        due=due + delay,
        scheduled=due,
        parameters=own.parameters if own is not None else {},
        key=key,
        schedule=schedule.slug,
    )


def queue_of(spec: DeploymentSpec, wish: RunRequest) -> str:
    """The queue that a run waits in."""
    return wish.queue or spec.queue or DEFAULT_QUEUE


def new_work(
    deployment: DeploymentRow,
    spec: DeploymentSpec,
    wish: RunRequest,
    flow_run: bytes,
    rank: int,
    now: int,
) -> WorkRow:
    """What makes a run that is wished for wait for its time.

    Parameters:
        deployment: Of which it is a run.
        spec: The same, as it was specified.
        wish: What is wished for.
        flow_run: The run.
        rank: Of its queue.
        now: Microseconds since the epoch.
    """
    queue = queue_of(spec, wish)
    key = lane_key(spec, wish.parameters)
    return WorkRow(
        flow_run=flow_run,
        deployment=deployment.id,
        schedule=wish.schedule,
        key=wish.key,
        pool=deployment.pool,
        priority=spec.priority,
        due=wish.due,
        worker=None,
        crashes=0,
        queue=queue,
        lane=deployment.id.hex() + ("" if key is None else f"/{key}"),
        backfill=wish.backfill,
        turn=turn(wish.due, now, spec.priority, rank),
    )


def new_run(
    deployment: DeploymentRow, spec: DeploymentSpec, wish: RunRequest, now: int
) -> FlowRunRow:
    """A run that is wished for."""
    flow_run = ids.new_id()
    tags = sorted({*spec.tags, *wish.tags})
    settings = {
        "deployment": deployment.id.hex(),
        "deployment_name": name_of(deployment),
        "scheduled": wish.due if wish.scheduled is None else wish.scheduled,
        "job_variables": _job_variables(spec, wish),
        "key": wish.key,
        "schedule": wish.schedule,
        # Who names no pool is told of none.
        "pool": deployment.pool if is_named(deployment.pool) else None,
        "queue": wish.queue or spec.queue or (DEFAULT_QUEUE if is_named(deployment.pool) else None),
    }
    return FlowRunRow(
        id=flow_run,
        flow_name=deployment.flow_name,
        name=wish.name or random_run_name(),
        epoch=0,
        state=StateType.SCHEDULED,
        state_name=None,
        message=None,
        created=now,
        start=None,
        end=None,
        run_count=0,
        process=None,
        parent_run=wish.parent_run,
        parent_task=wish.parent_task,
        root_run=wish.root_run or flow_run,
        entrypoint=spec.entrypoint,
        version=spec.version,
        tags=to_json(tags) if tags else None,
        parameters=to_json({**spec.parameters, **wish.parameters}),
        arguments=None,
        result=None,
        error=None,
        history=None,
        settings=to_json(settings),
    )


def _job_variables(spec: DeploymentSpec, wish: RunRequest) -> dict[str, Any]:
    """The deployment's, with those of the run before them; variables of the environment one by
    one."""
    found = {**spec.job_variables, **wish.job_variables}
    own, other = spec.job_variables.get("env"), wish.job_variables.get("env")
    if isinstance(own, Mapping) and isinstance(other, Mapping):
        found["env"] = {**own, **other}
    return found
