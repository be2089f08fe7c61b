"""Schedules in the spelling that deployments of Prefect 2 were given; each is a `Schedule`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from noria.schedules import Interval, Schedule

__all__ = ["CronSchedule", "IntervalSchedule", "RRuleSchedule", "construct_schedule"]

_NO_ANCHOR = datetime(2020, 1, 1, tzinfo=UTC)
"""Of kinds that need none, so that two of them that say the same are equal."""


class CronSchedule(Schedule):
    """As `noria.schedules.Cron`.

    Example:
        >>> CronSchedule(cron="0 2 * * *", timezone="Asia/Shanghai").cron
        '0 2 * * *'
    """

    def __init__(self, *, cron: str, timezone: str | None = None, day_or: bool = True) -> None:
        super().__init__(cron=cron, timezone=timezone, day_or=day_or, anchor_date=_NO_ANCHOR)


class IntervalSchedule(Schedule):
    """As `noria.schedules.Interval`.

    Example:
        >>> IntervalSchedule(interval=timedelta(minutes=5)).interval
        datetime.timedelta(seconds=300)
    """

    def __init__(
        self,
        *,
        interval: timedelta | float,
        anchor_date: datetime | str | None = None,
        timezone: str | None = None,
    ) -> None:
        like = Interval(interval, anchor_date=_time(anchor_date), timezone=timezone)
        super().__init__(
            interval=like.interval, anchor_date=like.anchor_date, timezone=like.timezone
        )


class RRuleSchedule(Schedule):
    """As `noria.schedules.RRule`.

    Example:
        >>> RRuleSchedule(rrule="FREQ=DAILY").rrule
        'FREQ=DAILY'
    """

    def __init__(self, *, rrule: str, timezone: str | None = "UTC") -> None:
        super().__init__(rrule=rrule, timezone=timezone, anchor_date=_NO_ANCHOR)


def construct_schedule(
    interval: timedelta | float | None = None,
    anchor_date: datetime | str | None = None,
    cron: str | None = None,
    rrule: str | None = None,
    timezone: str | None = None,
) -> CronSchedule | IntervalSchedule | RRuleSchedule:
    """A schedule from whichever of the three is given.

    Raises:
        ValueError: None of them is given or several are, or an anchor without an interval.

    Example:
        >>> construct_schedule(cron="@daily").cron
        '@daily'
    """
    given = [each for each in (interval, cron, rrule) if each is not None]
    if len(given) > 1:
        raise ValueError("Only one of interval, cron, or rrule can be provided.")
    if anchor_date is not None and interval is None:
        raise ValueError("An anchor date can only be provided with an interval schedule")
    if cron is not None:
        return CronSchedule(cron=cron, timezone=timezone)
    if rrule is not None:
        return RRuleSchedule(rrule=rrule, timezone=timezone)
    if interval is not None:
        return IntervalSchedule(interval=interval, anchor_date=anchor_date, timezone=timezone)
    raise ValueError("Either interval, cron, or rrule must be provided")


def _time(given: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(given) if isinstance(given, str) else given
