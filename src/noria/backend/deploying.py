"""What is deployed: specifications compared with the store and applied, as one transaction."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from noria.backend import executions
from noria.core import deployments as specs
from noria.core import ids
from noria.core.deployments import Action, DeploymentSpec, ScheduleSpec, Step
from noria.core.errors import DeploymentError
from noria.core.jsontext import from_json, to_json
from noria.core.pools import DEFAULT_QUEUE, QueueRow, turn
from noria.core.records import DeploymentRow, ScheduleRow
from noria.core.schedules import rules
from noria.core.states import TERMINAL_STATES
from noria.store import deployments, flow_runs, pools, work
from noria.store.database import Connection
from noria.store.work import WorkPlace


def plan(connection: Connection, wanted: Sequence[DeploymentSpec], prune: bool) -> list[Step]:
    """What applying specifications would change, nothing being changed.

    Parameters:
        connection: The store.
        wanted: What is to be deployed.
        prune: Whether deployments from the same folders that are not wanted any more are removed.
    """
    steps = []
    for spec in wanted:
        row = deployments.by_name(connection, spec.flow_name, spec.name)
        if row is None:
            steps.append(Step(Action.ADD, spec.full_name))
            continue
        before = spec_of(row)
        found = specs.changes(before, specs.anchored(spec, before, row.updated))
        steps.append(Step(Action.CHANGE if found else Action.KEEP, spec.full_name, found))
    if prune:
        steps += [Step(Action.REMOVE, name_of(row)) for row in _unwanted(connection, wanted)]
    return steps


def apply(
    connection: Connection, wanted: Sequence[DeploymentSpec], prune: bool, now: int
) -> list[Step]:
    """Bring the store to what is wanted; see `plan`.

    Returns:
        What was changed.
    """
    steps = plan(connection, wanted, prune)
    if prune:
        for row in _unwanted(connection, wanted):
            remove(connection, row.id, now)
    for spec, step in zip(wanted, steps, strict=False):
        if step.action is not Action.KEEP:
            _write(connection, spec, now)
    return steps


def spec_of(row: DeploymentRow) -> DeploymentSpec:
    """What a deployment was specified to be.

    Raises:
        DeploymentError: A later Noria has written it, with what this one does not know.
    """
    try:
        return _parsed(row.spec)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DeploymentError(
            f"Deployment {name_of(row)!r} cannot be read: {error}. It was written by a later "
            "Noria; upgrade this one."
        ) from error


def readable_spec_of(row: DeploymentRow | None) -> DeploymentSpec | None:
    """The same; None when it cannot be read, or there is no deployment."""
    try:
        return None if row is None else spec_of(row)
    except DeploymentError:
        return None


@functools.lru_cache(maxsize=256)
def _parsed(spec: str) -> DeploymentSpec:
    # Asked for with every run, and the same for most of them; nobody changes one.
    return specs.from_record(from_json(spec))


def name_of(row: DeploymentRow) -> str:
    """`flow/deployment`."""
    return f"{row.flow_name}/{row.name}"


def activate(
    connection: Connection, deployment: bytes, slug: str, active: bool, now: int
) -> ScheduleRow | None:
    """Let one schedule of a deployment make runs, or none; what waits of one that is to make none
    is cancelled. None when there is no such schedule."""
    for row in deployments.schedules(connection, deployment):
        if row.slug == slug:
            changed = row if row.active == active else _begun(row._replace(active=active), now)
            deployments.save_schedule(connection, changed)
            _leave_nothing(connection, row, changed, now)
            return changed
    return None


def pause(connection: Connection, deployment: bytes, paused: bool, now: int) -> bool:
    """Stop all schedules of a deployment, and cancel what waits of them, or let them go on from
    now; False when there is none."""
    row = deployments.get(connection, deployment)
    if row is None:
        return False
    for schedule in deployments.schedules(connection, deployment):
        if paused:
            _call_off(connection, deployment, schedule.slug, "its deployment was paused", now)
        elif row.paused:
            # What was due in the meantime was not wanted.
            deployments.save_schedule(connection, _begun(schedule, now))
    return deployments.pause(connection, deployment, paused, now)


def remove(connection: Connection, deployment: bytes, now: int) -> bool:
    """Delete a deployment; what waits of it is cancelled. False when there is none."""
    for row in work.unclaimed(connection, deployment):
        run = flow_runs.get(connection, row.flow_run)
        if run is not None and run.state not in TERMINAL_STATES:
            executions.call_off(connection, run, deployment, "its deployment was deleted", now)
    return deployments.delete(connection, deployment)


def rank_of(connection: Connection, pool: str, queue: str) -> int:
    """The rank of a queue of a pool."""
    row = pools.queue(connection, pool, queue)
    return QueueRow(pool, queue).rank if row is None else row.rank


def _unwanted(connection: Connection, wanted: Sequence[DeploymentSpec]) -> list[DeploymentRow]:
    names = {spec.full_name for spec in wanted}
    folders = {spec.path for spec in wanted}
    return [
        row
        for row in deployments.page(connection)
        if name_of(row) not in names and spec_of(row).path in folders
    ]


def _write(connection: Connection, wanted: DeploymentSpec, now: int) -> None:
    known = deployments.by_name(connection, wanted.flow_name, wanted.name)
    spec = specs.anchored(wanted, None if known is None else spec_of(known), now)
    text = to_json(specs.to_record(spec))
    old = deployments.by_name(connection, spec.flow_name, spec.name)
    if old is not None:
        _move(connection, old.id, spec_of(old), spec)
    row = deployments.save(
        connection,
        DeploymentRow(ids.new_id(), spec.flow_name, spec.name, spec.pool, text, False, now, now),
    )
    said = {} if old is None else {each.slug: each for each in spec_of(old).schedules}
    before = {each.slug: each for each in deployments.schedules(connection, row.id)}
    for schedule in spec.schedules:
        found = before.pop(schedule.slug, None)
        after = _schedule(row.id, schedule, said.get(schedule.slug), found, now)
        deployments.save_schedule(connection, after)
        if found is not None:
            _leave_nothing(connection, found, after, now)
    for slug in before:
        deployments.delete_schedule(connection, row.id, slug)
        _call_off(connection, row.id, slug, f"its schedule {slug!r} was removed", now)


def _leave_nothing(
    connection: Connection, before: ScheduleRow, after: ScheduleRow, now: int
) -> None:
    """Cancel what a schedule has made and nobody has begun, if the schedule is another one now."""
    if before.rule != after.rule:
        why = f"its schedule {before.slug!r} was changed"
    elif before.active and not after.active:
        why = f"its schedule {before.slug!r} was paused"
    else:
        return
    _call_off(connection, before.deployment, before.slug, why, now)


def _call_off(connection: Connection, deployment: bytes, slug: str, why: str, now: int) -> None:
    for row in work.unclaimed_of_schedule(connection, deployment, slug):
        run = flow_runs.get(connection, row.flow_run)
        # What has begun and crashed is to go on: it is no matter of when.
        if run is not None and run.state not in TERMINAL_STATES and run.start is None:
            executions.call_off(connection, run, deployment, why, now)


def _move(
    connection: Connection, deployment: bytes, before: DeploymentSpec, after: DeploymentSpec
) -> None:
    """What waits already waits where, and in the rank that, the deployment now says."""
    place = WorkPlace(after.pool, after.queue or DEFAULT_QUEUE, after.priority)
    old = WorkPlace(before.pool, before.queue or DEFAULT_QUEUE, before.priority)
    if place != old:
        later = _standing(connection, place) - _standing(connection, old)
        work.move(connection, deployment, old, place, later)


def _standing(connection: Connection, place: WorkPlace) -> int:
    return turn(0, 0, place.priority, rank_of(connection, place.pool, place.queue))


def _schedule(
    deployment: bytes,
    spec: ScheduleSpec,
    said: ScheduleSpec | None,
    before: ScheduleRow | None,
    now: int,
) -> ScheduleRow:
    """The row of a schedule; `said` is what was specified last, `before` the row until now."""
    rule = to_json(spec.rule)
    active = spec.active
    if before is not None and said is not None and said.active == spec.active:
        # Whether it rests is for people to say, unless the specification says something new.
        active = before.active
    if before is not None and (before.rule, before.active) == (rule, active):
        return before
    return _begun(ScheduleRow(deployment, spec.slug, rule, active, now, None), now)


def _begun(row: ScheduleRow, now: int) -> ScheduleRow:
    """A schedule that begins now: nothing of what has been is due any more."""
    due = rules.from_record(from_json(row.rule)).next_after(now)
    return row._replace(since=now, due=due)
