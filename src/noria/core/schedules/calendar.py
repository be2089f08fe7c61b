"""Recurrence rules of calendars, RFC 5545 (https://www.rfc-editor.org/rfc/rfc5545): dateutil does
the reckoning, on the wall clock of a zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from noria.core.errors import InvalidSchedule
from noria.core.schedules.zones import UTC_NAME, is_repeated, leaps_near, local, resolve, zone

LONGEST = 6500
"""Characters: some years of single dates."""
_FIRST = datetime(2020, 1, 1)  # noqa: DTZ001 - on the wall clock of whatever zone
_STAMP = "%Y%m%dT%H%M%S"
_SUB_DAILY = ("HOURLY", "MINUTELY", "SECONDLY")
_UTC_STAMP = re.compile(r"\b(\d{8}T\d{6})Z\b")
_TZID = re.compile(r"(DTSTART|RDATE|EXDATE);TZID=([^:;]+)", re.IGNORECASE)
_UNIT = {"DAILY": 86_400, "HOURLY": 3_600, "MINUTELY": 60, "SECONDLY": 1}
_LOOK_BACK = timedelta(hours=4)


class CalendarRule(NamedTuple):
    """Due as a recurrence rule says."""

    rrule: str
    timezone: str = UTC_NAME
    anchor: int | None = None
    """The start of rules that name none; the beginning of 2020 in the zone by default."""

    def next_after(self, after: int) -> int | None:
        """The next moment that it is due, later than `after`; None if never again."""
        now = local(after, self.timezone).replace(tzinfo=None)
        if not leaps_near(after, self.timezone):
            found = self._rules(now).after(now)
            return None if found is None else resolve(found, self.timezone)
        due = [each for each in self._candidates(now) if each > after]
        return min(due, default=None)

    def _candidates(self, now: datetime) -> Iterator[int]:
        """What is due near a leap of the clock, where moments do not come in the order of the times
        on the wall."""
        twice = any(f"FREQ={freq}" in self.rrule.upper() for freq in _SUB_DAILY)
        last: datetime | None = None
        for wall in self._rules(now).xafter(now - _LOOK_BACK, inc=True):
            if last is not None and wall > last + _LOOK_BACK:
                return
            if last is None and wall > now:
                last = wall
            yield resolve(wall, self.timezone)
            if twice and is_repeated(wall, self.timezone):
                yield resolve(wall, self.timezone, fold=1)

    def _rules(self, now: datetime) -> Any:
        rules = _read(self.rrule, self.timezone, _start(self))
        return _advanced(rules, now - timedelta(days=2))


def parse_rrule(rrule: str, timezone: str | None = None, anchor: int | None = None) -> CalendarRule:
    """A recurrence rule, once it is sure that it can be read and that it is ever due.

    Raises:
        InvalidSchedule: It cannot be read, or no date meets it.
    """
    if not isinstance(rrule, str):
        raise _invalid(rrule, "it is no text")
    if len(rrule) > LONGEST:
        raise _invalid(rrule, f"expected a text of at most {LONGEST} characters")
    named = _TZID.search(rrule)
    name = timezone or (named.group(2) if named else UTC_NAME)
    zone(name)
    rule = CalendarRule(rrule, name, anchor)
    try:
        first = next(iter(_read(rrule, name, _start(rule))), None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _invalid(rrule, str(error) or "it cannot be read") from None
    if first is None:
        raise _invalid(rrule, "no date meets it")
    return rule


def _start(rule: CalendarRule) -> datetime:
    """The wall time from which a rule counts that names none."""
    if rule.anchor is None:
        return _FIRST
    return local(rule.anchor, rule.timezone).replace(tzinfo=None)


@lru_cache(maxsize=256)
def _read(rrule: str, timezone: str, start: datetime) -> Any:
    """dateutil's reading of a rule in local times."""
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - few schedules need it

    def localised(stamp: re.Match[str]) -> str:
        wall = datetime.strptime(stamp.group(1), _STAMP).replace(tzinfo=UTC)
        return wall.astimezone(zone(timezone)).strftime(_STAMP)

    text = _UTC_STAMP.sub(localised, _TZID.sub(r"\1", rrule))
    return rrulestr(text, dtstart=start, ignoretz=True)


def _advanced(rules: Any, to: datetime) -> Any:
    """The rules with their starts moved on in whole steps: dateutil counts from the start, which
    takes seconds for a rule of seconds that is some years old."""
    if hasattr(rules, "_rrule") and hasattr(rules, "_exrule"):
        moved = copy(rules)
        moved._rrule = [_one_advanced(each, to) for each in rules._rrule]
        moved._exrule = [_one_advanced(each, to) for each in rules._exrule]
        return moved
    return _one_advanced(rules, to)


def _one_advanced(rule: Any, to: datetime) -> Any:
    from dateutil.rrule import FREQNAMES  # noqa: PLC0415 - as above

    unit = _UNIT.get(FREQNAMES[rule._freq])
    if unit is None or rule._count is not None or to <= rule._dtstart:
        return rule
    step = timedelta(seconds=unit * rule._interval)
    return rule.replace(dtstart=rule._dtstart + (to - rule._dtstart) // step * step)


def _invalid(rrule: object, why: str) -> InvalidSchedule:
    return InvalidSchedule(
        f"Invalid RRule string {rrule!r}: {why}. Expected a rule such as "
        "'FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=9;BYMINUTE=0;BYSECOND=0'."
    )
