"""`noria schedule next`: the times that a rule means, before anything depends on it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.errors import CliError, Code
from noria.cli.output import Column, Listing, Record, emit
from noria.cli.timefmt import ago
from noria.core import clock
from noria.core.clock import EPOCH, MICROSECOND
from noria.core.errors import InvalidSchedule
from noria.schedules import Cron, Interval, RRule, Schedule

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_RRULE = re.compile(r"\s*(RRULE:|DTSTART|RDATE|FREQ=)", re.IGNORECASE)


class _Due(NamedTuple):
    time: datetime
    leap: timedelta
    """By how much the clock has leapt since the time before."""


@click.command(name="next")
@click.argument("rule")
@click.option("--tz", "timezone", metavar="ZONE", help="The zone that counts: Asia/Shanghai.")
@click.option("-n", "--count", type=click.IntRange(1, 10_000), default=10, help="So many times.")
@click.option("--from", "start", metavar="TIME", help="Times after this one: 2026-03-07T12:00.")
@click.option("--anchor", metavar="TIME", help="A time at which an interval is due.")
@click.option("--day-and", is_flag=True, help="Day and weekday of a cron rule must both fit.")
@output_options
@pass_app
def next_(
    app: App,
    rule: str,
    timezone: str | None,
    count: int,
    start: str | None,
    anchor: str | None,
    day_and: bool,
) -> None:
    """List the times that a rule means.

    RULE is a cron expression ("0 2 * * *", "@daily"), an interval (15m, 1d12h), or a recurrence
    rule (FREQ=WEEKLY;BYDAY=MO). Leaps of the clock are marked.
    """
    try:
        schedule = _schedule(rule, timezone, _time("--anchor", anchor), not day_and)
        found = _marked(schedule.upcoming(count, start=_time("--from", start)))
    except InvalidSchedule as error:
        raise CliError(Code.USAGE, str(error), "", "see noria schedule next --help") from None
    now = clock.now()
    columns = [
        Column[_Due]("time", "TIME", lambda due: f"{due.time:%a %Y-%m-%d %H:%M:%S}"),
        Column[_Due]("timezone", "ZONE", lambda due: f"{due.time:%Z (%z)}"),
        Column[_Due]("leap_seconds", "WHEN", lambda due: _leap_text(due, now)),
    ]
    emit(app, Listing(found, _record, columns))
    if len(found) < count:
        app.note("After that it is never due again.")


def _schedule(rule: str, timezone: str | None, anchor: datetime | None, day_or: bool) -> Schedule:
    span = _SPAN.fullmatch(rule.strip())
    if span is not None and any(span.groups()):
        days, hours, minutes, seconds = (int(each or 0) for each in span.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return Interval(length, anchor_date=anchor, timezone=timezone)
    if _RRULE.match(rule):
        return RRule(rule, timezone=timezone)
    return Cron(rule, timezone=timezone, day_or=day_or)


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise CliError(
            Code.USAGE,
            f"{option} {text} is no time",
            "expected a date (2026-03-07) or a date and time (2026-03-07T12:00, +08:00 behind it)",
            "without an offset it is in the zone of --tz",
        ) from None


def _marked(times: list[datetime]) -> list[_Due]:
    found = []
    before = times[0].utcoffset() if times else None
    for time in times:
        offset = time.utcoffset()
        found.append(_Due(time, (offset or timedelta(0)) - (before or timedelta(0))))
        before = offset
    return found


def _leap_text(due: _Due, now: int) -> str:
    distance = ago((due.time - EPOCH) // MICROSECOND, now)
    minutes = due.leap // timedelta(minutes=1)
    if not minutes:
        return distance
    way = "forward" if minutes > 0 else "back"
    return f"{distance}; the clock went {way} {abs(minutes) // 60}:{abs(minutes) % 60:02}"


def _record(due: _Due) -> Record:
    return {
        "time": due.time.isoformat(),
        "timezone": str(due.time.tzinfo),
        "leap_seconds": int(due.leap.total_seconds()),
    }
