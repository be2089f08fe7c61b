"""Cron expressions, as Debian's cron reads them: cronsim does the reading."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import NamedTuple

from cronsim import CronSim, CronSimError

from noria.core.errors import InvalidSchedule
from noria.core.schedules.zones import UTC_NAME, local, moment, zone

KEYWORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LAST = re.compile(r"\bL([0-7])\b", re.IGNORECASE)
"""The last Friday as croniter spells it: L5."""
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = timedelta(hours=1)
_NONE = timedelta(0)
_FIELDS = {
    "second": "0-59",
    "minute": "0-59",
    "hour": "0-23",
    "day-of-month": "1-31, L or LW, in a month that has that day",
    "month": "1-12 or JAN-DEC",
    "day-of-week": "0-7 or SUN-SAT (0 and 7 are Sunday), 1#2, 5L or L5",
}


class CronRule(NamedTuple):
    """Due when the clock on the wall shows it.

    Example:
        >>> from noria.core.schedules.zones import local
        >>> rule = parse_cron("0 2 * * *", "Asia/Shanghai")
        >>> str(local(rule.next_after(0), "Asia/Shanghai"))
        '1970-01-02 02:00:00+08:00'
    """

    cron: str
    """Five fields (minute, hour, day, month, weekday), a sixth for seconds behind them, or a
    keyword such as `@daily`."""
    timezone: str = UTC_NAME
    day_or: bool = True
    """Whether day and weekday, where both are given, are alternatives; else both must fit."""

    def next_after(self, after: int) -> int | None:
        """The next moment that it is due, later than `after`; None if never."""
        expression, seconds = _expression(self.cron)
        earliest = after - seconds * _SECOND
        ticks = CronSim(expression, local(earliest, self.timezone))
        if not self.day_or:
            ticks.day_and = True
        for found in ticks:
            due = moment(found)
            # In an hour that comes twice, a fixed time is found again in what is past already.
            if due > earliest:
                return (
                    _passed_over(ticks, earliest, due, self.timezone) or due
                ) + seconds * _SECOND
        return None


def parse_cron(cron: str, timezone: str | None = None, day_or: bool = True) -> CronRule:
    """A cron rule, once it is sure that it is due some day.

    Raises:
        InvalidSchedule: It cannot be read or is never due; says which field is wrong, and what it
            may be.
    """
    zone(timezone or UTC_NAME)
    if not isinstance(cron, str):
        raise _invalid(cron, "it is no text")
    rule = CronRule(cron, timezone or UTC_NAME, day_or)
    try:
        due = rule.next_after(0)
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        hint = f"the field {field} may be {_FIELDS[field]}" if field in _FIELDS else str(error)
        raise _invalid(cron, hint) from None
    if due is None:
        raise _invalid(cron, "there is no such day")
    return rule


def _expression(cron: str) -> tuple[str, int]:
    """The expression for cronsim, and the seconds by which it is late.

    Seconds stand last, as in other Python libraries; a fixed number of them leaves an expression of
    five fields, to which the rules for leaping clocks apply.
    """
    fields = KEYWORDS.get(cron.strip().lower(), cron).replace("?", "*").split()
    if len(fields) > 4:
        fields[4] = _LAST.sub(r"\1L", fields[4])
    if len(fields) != 6:
        return " ".join(fields), 0
    *five, seconds = fields
    if seconds.isdecimal() and int(seconds) < 60:
        return " ".join(five), int(seconds)
    return " ".join([seconds, *five]), 0


def _passed_over(ticks: CronSim, after: int, due: int, name: str) -> int | None:
    """What cronsim passes over where a clock leaps by half an hour: it steps by whole ones."""
    leap = (local(due, name).utcoffset() or _NONE) - (local(after, name).utcoffset() or _NONE)
    if not leap % _HOUR or ticks.fixup_tz is not None or due - after > 2 * 24 * 3600 * _SECOND:
        return None
    for minute in range(after // _MINUTE + 1, due // _MINUTE):
        wall = local(minute * _MINUTE, name)
        if (
            wall.minute in ticks.minutes
            and wall.hour in ticks.hours
            and wall.month in ticks.months
            and ticks.match_day(wall.date())
        ):
            return minute * _MINUTE
    return None


def _invalid(cron: object, why: str) -> InvalidSchedule:
    return InvalidSchedule(
        f"Invalid cron string {cron!r}: {why}. Expected five fields, minute hour day month "
        "weekday, such as '0 2 * * *' for two o'clock each night."
    )
