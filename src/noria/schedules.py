"""Schedules: when a deployment's runs are due.

Cron("0 2 * * *", timezone="Asia/Shanghai")
Interval(timedelta(hours=6))
RRule("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0")
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from noria.core import clock
from noria.core.clock import EPOCH, MICROSECOND
from noria.core.errors import InvalidSchedule
from noria.core.schedules.calendar import CalendarRule, parse_rrule
from noria.core.schedules.cron import CronRule, parse_cron
from noria.core.schedules.interval import IntervalRule, parse_interval
from noria.core.schedules.zones import UTC_NAME, local, resolve, zone

__all__ = ["Cron", "Interval", "RRule", "Schedule"]


class Unchosen(datetime):
    """The time at which a schedule was made, where nobody has said from when it counts: one that is
    deployed again goes on counting as before."""


def _now() -> datetime:
    now = EPOCH + clock.now() * MICROSECOND
    return Unchosen.combine(now.date(), now.timetz())


@dataclasses.dataclass(frozen=True)
class Schedule:
    """When runs are due, and with what parameters.

    `Cron`, `Interval` and `RRule` make one. What is due in an hour that the clock leaps over is due
    once right after it; a fixed time in an hour that comes twice is due in the first of the two.

    Parameters:
        interval: Time from run to run.
        cron: Five fields, minute hour day month weekday, a sixth for seconds behind them, or a
            keyword such as `@daily`.
        rrule: A recurrence rule of RFC 5545.
        timezone: IANA name of the zone whose clocks count; UTC by default.
        anchor_date: A time at which an interval is due; by default the time at which it is
            deployed for the first time. A naive one is local.
        day_or: Whether day and weekday of a cron expression, where both are given, are
            alternatives.
        active: Whether it makes runs.
        parameters: These go before the deployment's own.
        slug: A name that is unique among a deployment's schedules.

    Raises:
        InvalidSchedule: It cannot be read, is never due, or is of more than one kind; also a
            ValueError.

    Example:
        >>> from datetime import datetime, UTC
        >>> start = datetime(2026, 1, 1, tzinfo=UTC)
        >>> [str(due) for due in Cron("0 2 * * *").upcoming(1, start=start)]
        ['2026-01-01 02:00:00+00:00']
    """

    interval: timedelta | None = None
    cron: str | None = None
    rrule: str | None = None
    timezone: str | None = None
    anchor_date: datetime = dataclasses.field(default_factory=_now)
    day_or: bool = True
    active: bool = True
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    slug: str | None = None

    def __post_init__(self) -> None:
        given = [kind for kind in ("interval", "cron", "rrule") if getattr(self, kind) is not None]
        if len(given) > 1:
            raise InvalidSchedule(
                f"Only one schedule type can be defined at a time. Found: {', '.join(given)}"
            )
        if not isinstance(self.anchor_date, datetime):
            raise InvalidSchedule(
                f"The anchor_date of a schedule is {self.anchor_date!r}; expected a datetime."
            )
        if given:
            self.rule()
        elif self.timezone is not None:
            zone(self.timezone)

    @property
    def schedule(self) -> Schedule:
        """Itself: Prefect keeps a deployment's rules apart from their `active` and `slug`."""
        return self

    def rule(self) -> CronRule | IntervalRule | CalendarRule:
        """What reckons when it is due.

        Raises:
            InvalidSchedule: It is of no kind.
        """
        if self.cron is not None:
            return parse_cron(self.cron, self.timezone, self.day_or)
        if self.rrule is not None:
            return parse_rrule(self.rrule, self.timezone)
        if self.interval is not None:
            return parse_interval(self.interval, self._anchor(), self.timezone)
        raise InvalidSchedule("A schedule needs one of cron, interval and rrule.")

    def upcoming(
        self, n: int = 10, start: datetime | None = None, end: datetime | None = None
    ) -> list[datetime]:
        """The next times that it is due.

        Parameters:
            n: At most so many.
            start: Only times after this one; now by default. A naive one is local to the schedule.
            end: Only times up to this one.

        Returns:
            Aware times in the schedule's zone.

        Example:
            >>> from datetime import datetime, UTC
            >>> start = datetime(2026, 1, 1, tzinfo=UTC)
            >>> [due.hour for due in Interval(3600, anchor_date=start).upcoming(3, start=start)]
            [1, 2, 3]
        """
        rule = self.rule()
        due = clock.now() if start is None else _moment(start, rule.timezone)
        last = None if end is None else _moment(end, rule.timezone)
        found: list[datetime] = []
        while len(found) < n:
            after = rule.next_after(due)
            if after is None or (last is not None and after > last):
                break
            due = after
            found.append(local(due, rule.timezone))
        return found

    @property
    def is_anchored(self) -> bool:
        """Whether somebody has said from when an interval counts."""
        return not isinstance(self.anchor_date, Unchosen)

    def _anchor(self) -> int:
        return _moment(self.anchor_date, self.timezone or UTC_NAME)


def Cron(  # noqa: N802 - Prefect's name
    cron: str,
    /,
    timezone: str | None = None,
    day_or: bool = True,
    active: bool = True,
    parameters: dict[str, Any] | None = None,
    slug: str | None = None,
) -> Schedule:
    """A schedule by a cron expression; `Schedule` tells of the parameters.

    Raises:
        InvalidSchedule: The expression or the zone cannot be read, or the day never comes.

    Example:
        >>> Cron("0 2 * * *", timezone="Asia/Shanghai").timezone
        'Asia/Shanghai'
    """
    return Schedule(
        cron=cron,
        timezone=timezone,
        day_or=day_or,
        active=active,
        parameters=parameters or {},
        slug=slug,
    )


def Interval(  # noqa: N802 - Prefect's name
    interval: timedelta | float,
    /,
    anchor_date: datetime | None = None,
    timezone: str | None = None,
    active: bool = True,
    parameters: dict[str, Any] | None = None,
    slug: str | None = None,
) -> Schedule:
    """A schedule by an interval, a number of which means seconds; `Schedule` tells of the rest.

    Whole days are counted on the wall clock of the zone, anything else in elapsed time.

    Raises:
        InvalidSchedule: The interval is not positive.

    Example:
        >>> Interval(90).interval
        datetime.timedelta(seconds=90)
    """
    rule = parse_interval(interval, 0)
    return Schedule(
        interval=timedelta(microseconds=rule.interval),
        anchor_date=_now() if anchor_date is None else anchor_date,
        timezone=timezone,
        active=active,
        parameters=parameters or {},
        slug=slug,
    )


def RRule(  # noqa: N802 - Prefect's name
    rrule: str,
    /,
    timezone: str | None = None,
    active: bool = True,
    parameters: dict[str, Any] | None = None,
    slug: str | None = None,
) -> Schedule:
    """A schedule by a recurrence rule of RFC 5545; `Schedule` tells of the parameters.

    Raises:
        InvalidSchedule: The rule cannot be read, or no date meets it.

    Example:
        >>> RRule("FREQ=DAILY;INTERVAL=2").rrule
        'FREQ=DAILY;INTERVAL=2'
    """
    return Schedule(
        rrule=rrule, timezone=timezone, active=active, parameters=parameters or {}, slug=slug
    )


def _moment(time: datetime, name: str) -> int:
    if time.tzinfo is None:
        return resolve(time, name)
    return (time.astimezone(UTC) - EPOCH) // MICROSECOND
