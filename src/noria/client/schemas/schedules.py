"""Schedules in the spelling that deployments of Prefect 2 were given; each is a `Schedule`."""

from __future__ import annotations

from datetime import datetime, timedelta

from noria.schedules import Cron, Interval, RRule, Schedule

__all__ = ["CronSchedule", "IntervalSchedule", "RRuleSchedule", "construct_schedule"]


def CronSchedule(  # noqa: N802 - Prefect's name
    cron: str, timezone: str | None = None, day_or: bool = True
) -> Schedule:
    """As `noria.schedules.Cron`.

    Example:
        >>> CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai").cron
        '0 2 * * *'
    """
    return Cron(cron, timezone=timezone, day_or=day_or)


def IntervalSchedule(  # noqa: N802 - as above
    interval: timedelta | float, anchor_date: datetime | None = None, timezone: str | None = None
) -> Schedule:
    """As `noria.schedules.Interval`.

    Example:
        >>> IntervalSchedule(interval=timedelta(minutes=5)).interval
        datetime.timedelta(seconds=300)
    """
    return Interval(interval, anchor_date=anchor_date, timezone=timezone)


def RRuleSchedule(  # noqa: N802 - as above
    rrule: str, timezone: str | None = None
) -> Schedule:
    """As `noria.schedules.RRule`.

    Example:
        >>> RRuleSchedule(rrule="FREQ=DAILY").rrule
        'FREQ=DAILY'
    """
    return RRule(rrule, timezone=timezone)


def construct_schedule(
    interval: timedelta | float | None = None,
    anchor_date: datetime | None = None,
    cron: str | None = None,
    rrule: str | None = None,
    timezone: str | None = None,
) -> Schedule:
    """A schedule from whichever of the three is given.

    Raises:
        ValueError: None of them is given or several are, or an anchor without an interval.

    Example:
        >>> construct_schedule(cron="@daily").cron
        '@daily'
    """
    given = [each for each in (interval, cron, rrule) if each is not None]
    if len(given) != 1:
        raise ValueError("Exactly one of interval, cron and rrule must be provided.")
    if anchor_date is not None and interval is None:
        raise ValueError("An anchor date can only be provided with an interval schedule")
    if cron is not None:
        return Cron(cron, timezone=timezone)
    if rrule is not None:
        return RRule(rrule, timezone=timezone)
    return Interval(interval or 0, anchor_date=anchor_date, timezone=timezone)
