"""Making the missed runs of a deployment's schedules."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from noria.backend.backfills_port import BackfillRequest, BackfillUse
from noria.backend.port import Backend
from noria.core import clock, ids
from noria.core.backfills import PlannedRun, fire_times
from noria.core.clock import EPOCH, MICROSECOND
from noria.core.deployments import NOTHING, DeploymentSpec, from_record
from noria.core.errors import DeploymentError, ObjectNotFound
from noria.core.jsontext import from_json
from noria.core.records import DeploymentRow
from noria.core.schedules import rules
from noria.core.schedules.rules import Rule
from noria.core.schedules.zones import resolve
from noria.deployments.flow_runs import find
from noria.deployments.parameters import as_json, check
from noria.engine.drivers import drive
from noria.engine.effects import Program, Sleep
from noria.engine.session import open_session
from noria.schedules import Cron, Interval

__all__ = ["Backfill", "backfill"]

MIDNIGHT = datetime.min.time()
LOOK_SECONDS = 0.2
"""How often to look whether all runs have ended."""
MOST = 10_000
"""More times than that are somebody's mistake, unless they say otherwise."""
MOST_AT_ALL = 50_000
"""More than that do not belong into one transaction."""

Time = date | datetime
"""A naive one is local to the schedule; a date means all of its day."""


class TooManyTimesError(DeploymentError):
    """A backfill would make more runs than somebody can have meant."""


class Times(NamedTuple):
    """Which times of which schedules are meant.

    Parameters:
        start: From when on, included.
        end: Up to when, included; now when it is None, or lies ahead.
        schedules: The slugs of schedules; all active ones by default.
        every: Instead of a schedule, so much time after `start`, and again.
        cron: Instead of a schedule, when this cron expression is due.
        timezone: The zone of `every` or `cron`; UTC by default.
    """

    start: Time
    end: Time | None = None
    schedules: Sequence[str] = ()
    every: timedelta | float | None = None
    cron: str | None = None
    timezone: str | None = None


class Backfill:
    """Runs that were made for times that have passed.

    Attributes:
        id: Of the backfill; None when there was nothing to make.
        deployment_name: `flow/deployment`.
        made: How many runs were made.
    """

    def __init__(self, id: uuid.UUID | None, deployment_name: str, made: int) -> None:
        self.id = id
        self.deployment_name = deployment_name
        self.made = made

    def __repr__(self) -> str:
        return f"Backfill(id={self.id}, deployment_name={self.deployment_name!r}, made={self.made})"

    @property
    def flow_run_ids(self) -> list[uuid.UUID]:
        """The ids of its runs, in the order in which they begin."""
        if self.id is None:
            return []
        rows = open_session().backend.backfill_runs(self.id.bytes, limit=MOST_AT_ALL)
        return [ids.to_uuid(row.id) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many of its runs there are by state: `{"COMPLETED": 3, "RUNNING": 1}`."""
        use = self._use()
        return {} if use is None else {state.value: count for state, count in use.counts.items()}

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all of its runs have ended.

        Parameters:
            timeout: Seconds; for ever by default.

        Returns:
            Whether they have.
        """
        return drive(self._until_ended(timeout))

    def cancel(self, running: bool = False) -> int:
        """Cancel what waits.

        Parameters:
            running: Whether what is under way is asked to stop, too.

        Returns:
            How many runs that were.
        """
        if self.id is None:
            return 0
        return open_session().backend.cancel_backfill(self.id.bytes, running, clock.now())

    def _use(self) -> BackfillUse | None:
        if self.id is None:
            return None
        found = open_session().backend.find_backfills(self.id.hex)
        return found[0] if found else None

    def _until_ended(self, timeout: float | None) -> Program[bool]:
        end = None if timeout is None else clock.monotonic() + timeout
        while (use := self._use()) is not None and use.ended < self.made:
            left = LOOK_SECONDS if end is None else min(LOOK_SECONDS, end - clock.monotonic())
            if left <= 0:
                return False
            yield Sleep(left)
        return True


def backfill(
    name: str | uuid.UUID,
    start: Time,
    end: Time | None = None,
    parallel: int = 1,
    *,
    schedules: Iterable[str] | str | None = None,
    every: timedelta | float | None = None,
    cron: str | None = None,
    timezone: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    newest_first: bool = False,
    rerun: bool = False,
    limit: int | None = None,
    most: int = MOST,
) -> Backfill:
    """Make the runs that the schedules of a deployment have missed.

    Each stands for a time of a schedule, which it finds in `scheduled_start_time` of
    `noria.runtime.flow_run`. For a time that has a run nothing is made.

    Parameters:
        name: `flow/deployment`, or the deployment's id.
        start: From when on, included. A naive time is local to each schedule.
        end: Up to when, included; now by default. A date means all of its day.
        parallel: How many may be under way at once.
        schedules: The slugs of schedules; all active ones by default.
        every: Instead of a schedule: a time from `start` to the first, and from one to the next;
            a number means seconds.
        cron: Instead of a schedule: a cron expression.
        timezone: The zone of `every` or `cron`; UTC by default.
        parameters: They go before those of the schedule and the deployment.
        newest_first: Whether the newest time comes first.
        rerun: Whether runs are made, too, for times that have one.
        limit: At most so many runs.
        most: More times than that are refused.

    Returns:
        What was made.

    Raises:
        ObjectNotFound: There is no such deployment or schedule.
        InvalidSchedule: `cron`, `every` or `timezone` cannot be.
        DeploymentError: The times cannot be, or are too many.
        ParameterTypeError: The parameters do not fit the deployment's schema.

    Example:
        >>> from datetime import date
        >>> from noria.deployments import RunnerDeployment
        >>> from noria.schedules import Cron
        >>> nightly = RunnerDeployment(
        ...     "nightly", "etl", "etl.py:etl", schedules=[Cron("0 2 * * *")]
        ... )
        >>> deployed = nightly.apply()
        >>> backfill("etl/nightly", date(2026, 3, 1), date(2026, 3, 7), parallel=2).made
        7
        >>> backfill("etl/nightly", date(2026, 3, 1), date(2026, 3, 8)).made
        1
    """
    backend = open_session().backend
    row = find(backend, name)
    slugs = [schedules] if isinstance(schedules, str) else list(schedules or ())
    times = Times(start, end, slugs, every, cron, timezone)
    wish = planned(backend, row, times, parameters or {}, most)
    if newest_first:
        wish = wish._replace(runs=wish.runs[::-1])
    wish = wish._replace(slots=parallel, rerun=rerun, limit=limit)
    made = backend.begin_backfill(_checked(wish), clock.now())
    if made is None:
        raise ObjectNotFound(help_message=f"There is no deployment {str(name)!r} any more.")
    number = ids.to_uuid(made.id) if made.made else None
    return Backfill(number, f"{row.flow_name}/{row.name}", made.made)


def planned(
    backend: Backend,
    row: DeploymentRow,
    times: Times,
    parameters: Mapping[str, Any] = NOTHING,
    most: int = MOST,
) -> BackfillRequest:
    """What a backfill is to make, the oldest time first, nothing being made.

    Raises:
        ObjectNotFound: There is no such schedule.
        InvalidSchedule: A rule or a zone cannot be.
        DeploymentError: The times cannot be, or are more than `most` (`TooManyTimesError`).
        ParameterTypeError: The parameters do not fit the deployment's schema.
    """
    try:
        return _planned(backend, row, times, parameters, most)
    except OverflowError:
        raise DeploymentError(
            f"{times.start} to {times.end or 'now'} is beyond what calendars reach."
        ) from None


def _planned(
    backend: Backend,
    row: DeploymentRow,
    times: Times,
    parameters: Mapping[str, Any],
    most: int,
) -> BackfillRequest:
    spec = from_record(from_json(row.spec))
    given = as_json(parameters, spec.full_name)
    runs: list[PlannedRun] = []
    bounds = []
    now = clock.now()
    chosen = _chosen(backend, row, spec, times)
    for slug, rule, own in chosen:
        merged = {**own, **given}
        check(spec, merged)
        first, last = _bounds(times, rule.timezone, now)
        bounds.append((first, last))
        found = fire_times(rule, first, last, most + 1 - len(runs))
        runs += [PlannedRun(slug, time, merged) for time in found]
        if len(runs) > most:
            raise TooManyTimesError(
                f"The schedules of {spec.full_name!r} were due more than {most:,} times between "
                f"{times.start} and {times.end or 'now'}."
            )
    runs.sort(key=lambda run: (run.time, run.slug))
    first, last = min(each for each, _ in bounds), max(each for _, each in bounds)
    schedule = chosen[0][0] if len(chosen) == 1 else None
    return BackfillRequest(row.id, schedule, first, last, 1, runs)


def _checked(wish: BackfillRequest) -> BackfillRequest:
    for name, value in (("parallel", wish.slots), ("limit", wish.limit)):
        if value is not None and value < 1:
            raise DeploymentError(f"{name} is {value}; expected 1 or more.")
    return wish


def _chosen(
    backend: Backend, row: DeploymentRow, spec: DeploymentSpec, times: Times
) -> list[tuple[str, Rule, Mapping[str, Any]]]:
    """The slug, the rule and the parameters of each schedule."""
    if times.cron is not None or times.every is not None:
        rule = _own_rule(times)
        return [(rules.words(rule), rule, NOTHING)]
    if times.timezone is not None:
        raise DeploymentError(
            "A time zone goes with an interval or a cron rule; a schedule has its own."
        )
    active = {each.slug for each in backend.schedules(row.id) if each.active}
    known = {each.slug: each for each in spec.schedules}
    for slug in times.schedules:
        if slug not in known:
            raise _no_schedule(spec, slug)
    wanted = list(dict.fromkeys(times.schedules)) or [slug for slug in known if slug in active]
    if not wanted:
        raise DeploymentError(_nothing_to_go_by(spec))
    return [(slug, rules.from_record(known[slug].rule), known[slug].parameters) for slug in wanted]


def _own_rule(times: Times) -> Rule:
    if times.schedules or (times.cron is not None and times.every is not None):
        raise DeploymentError(
            "The times are those of schedules, of an interval or of a cron rule: give one of them."
        )
    if times.cron is not None:
        return Cron(times.cron, timezone=times.timezone).rule()
    assert times.every is not None
    anchor = times.start
    if not isinstance(anchor, datetime):
        anchor = datetime.combine(anchor, MIDNIGHT)
    return Interval(times.every, anchor_date=anchor, timezone=times.timezone).rule()


def _nothing_to_go_by(spec: DeploymentSpec) -> str:
    if not spec.schedules:
        return (
            f"Deployment {spec.full_name!r} has no schedule: say which times are meant, by an "
            "interval or a cron rule."
        )
    known = ", ".join(repr(each.slug) for each in spec.schedules)
    return f"No schedule of {spec.full_name!r} is active: name one of {known}."


def _no_schedule(spec: DeploymentSpec, slug: str) -> ObjectNotFound:
    known = [each.slug for each in spec.schedules]
    near = difflib.get_close_matches(slug, known, 1, 0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(known) or 'none'}."
    return ObjectNotFound(
        help_message=f"Deployment {spec.full_name!r} has no schedule {slug!r}. {hint}"
    )


def _bounds(times: Times, zone: str, now: int) -> tuple[int, int]:
    first = _moment(times.start, zone)
    last = now if times.end is None else _moment(times.end, zone, ends=True)
    if times.end is not None and first > last:
        raise DeploymentError(f"{times.start} is after {times.end}: nothing lies between them.")
    if first > now:
        raise DeploymentError(f"{times.start} lies ahead: nothing has been missed since then.")
    return first, min(last, now)


def _moment(time: Time, zone: str, ends: bool = False) -> int:
    if not isinstance(time, datetime):
        day = datetime.combine(time, MIDNIGHT)
        return resolve(day + timedelta(days=1), zone) - 1 if ends else resolve(day, zone)
    if time.tzinfo is None:
        return resolve(time, zone)
    return (time - EPOCH) // MICROSECOND
