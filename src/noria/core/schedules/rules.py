"""Rules of every kind: as JSON, as a few words, and what of them is to be made up for."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from noria.core.errors import InvalidSchedule
from noria.core.schedules.calendar import CalendarRule
from noria.core.schedules.cron import CronRule
from noria.core.schedules.interval import IntervalRule

Rule = CronRule | IntervalRule | CalendarRule

_KINDS: dict[str, type[Rule]] = {
    "cron": CronRule,
    "interval": IntervalRule,
    "rrule": CalendarRule,
}
_SECOND = 1_000_000
ON_TIME = 60 * _SECOND
"""What was due so long ago is still done when nothing is made up for, microseconds."""
MOST_AT_ONCE = 1000
"""Missed times that are made up for in one go."""


class Catchup(StrEnum):
    """What becomes of times that passed while nobody was there to see them."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class Firing(NamedTuple):
    """What a look at a rule has found."""

    due: list[int]
    """The moments to be acted on now, the oldest first."""
    since: int
    """All moments up to here are decided."""
    next: int | None
    """When to look again; None when it is never due again."""


def look(rule: Rule, since: int, now: int, catchup: Catchup) -> Firing:
    """What is due, and when to look again.

    Parameters:
        rule: The rule.
        since: Moments up to this one have been decided before.
        now: Moments up to this one are decided now. A clock that has stepped back decides nothing.
        catchup: Which of several missed moments count.

    Example:
        >>> hourly = IntervalRule(3600 * 1_000_000, 0)
        >>> [due // 1_000_000 for due in look(hourly, 0, 2 * 3600 * 1_000_000, Catchup.ALL).due]
        [3600, 7200]
    """
    if now <= since:
        return Firing([], since, rule.next_after(since))
    following = rule.next_after(now)
    due = _missed(rule, since, now) if catchup is Catchup.ALL else _latest(rule, since, now)
    if catchup is Catchup.NONE:
        due = [each for each in due if each > now - ON_TIME]
    if len(due) == MOST_AT_ONCE:
        return Firing(due, due[-1], rule.next_after(due[-1]))
    return Firing(due, now, following)


def _missed(rule: Rule, since: int, now: int) -> list[int]:
    found: list[int] = []
    after = rule.next_after(since)
    while after is not None and after <= now and len(found) < MOST_AT_ONCE:
        found.append(after)
        after = rule.next_after(after)
    return found


def _latest(rule: Rule, since: int, now: int) -> list[int]:
    """The last moment between the two, found from ever closer to its end: a rule that was due every
    second for a year is not gone through one by one."""
    span = ON_TIME
    while True:
        start = max(since, now - span)
        found = None
        after = rule.next_after(start)
        while after is not None and after <= now:
            found, after = after, rule.next_after(after)
        if found is not None:
            return [found]
        if start == since:
            return []
        span *= 4


def to_record(rule: Rule) -> dict[str, Any]:
    """The rule as a JSON object.

    Example:
        >>> to_record(CronRule("@daily"))
        {'kind': 'cron', 'cron': '@daily', 'timezone': 'UTC', 'day_or': True}
    """
    kind = next(name for name, each in _KINDS.items() if isinstance(rule, each))
    return {"kind": kind, **rule._asdict()}


def from_record(record: dict[str, Any]) -> Rule:
    """The rule that `to_record` has written.

    Raises:
        InvalidSchedule: It is of a kind that this Noria does not know.
    """
    fields = dict(record)
    kind = _KINDS.get(fields.pop("kind", ""))
    if kind is None:
        raise InvalidSchedule(f"Unknown kind of schedule in {record!r}; upgrade Noria.")
    try:
        return kind(**fields)
    except TypeError as error:
        raise InvalidSchedule(f"Unknown kind of schedule in {record!r}; upgrade Noria.") from error


def words(rule: Rule) -> str:
    """The rule on a line of a list.

    Example:
        >>> words(IntervalRule(900 * 1_000_000, 0, "Asia/Shanghai"))
        'every 15m (Asia/Shanghai)'
    """
    if isinstance(rule, CronRule):
        text = rule.cron
    elif isinstance(rule, CalendarRule):
        text = " ".join(rule.rrule.split())
    else:
        text = f"every {_span(rule.interval)}"
    return text if rule.timezone == "UTC" else f"{text} ({rule.timezone})"


def _span(micros: int) -> str:
    rest, parts = micros, []
    for letter, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, seconds * _SECOND)
        if count:
            parts.append(f"{count}{letter}")
    if rest:
        parts.append(f"{rest / 1000:g}ms")
    return "".join(parts)
