"""Wall clocks: from moments to local times and back, over the leaps that zones make."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from noria.core.clock import EPOCH, MICROSECOND
from noria.core.errors import InvalidSchedule

UTC_NAME = "UTC"
_CITIES = dict.fromkeys(
    ("beijing", "peking", "北京", "上海", "中国", "shenzhen", "guangzhou", "china"), "Asia/Shanghai"
)
"""Names that people give to the time of China, whose zone bears another city's."""
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d\d))?")
_ABBREVIATION = 5
_NEAR = 0.75


@cache
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises:
        InvalidSchedule: There is none of that name; says which is near.
    """
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise InvalidSchedule(
            f"There is no time zone {name!r}; expected an IANA name such as 'Asia/Shanghai' or "
            f"'UTC'.{_near(name)}"
        ) from None


def local(moment: int, name: str) -> datetime:
    """The aware local time of a moment."""
    return (EPOCH + moment * MICROSECOND).astimezone(zone(name))


def moment(time: datetime) -> int:
    """The moment of an aware time."""
    return (time - EPOCH) // MICROSECOND


def resolve(wall: datetime, name: str, fold: int = 0) -> int:
    """The moment of a naive wall time: the end of the gap if the clock leaps over it.

    Parameters:
        wall: Naive local time.
        name: The zone.
        fold: Which of two, where the time comes twice.
    """
    aware = wall.replace(tzinfo=zone(name), fold=fold)
    found = aware.astimezone(UTC)
    if found.astimezone(zone(name)).replace(tzinfo=None) == wall:
        return moment(found)
    return _end_of_gap(found, zone(name))


def is_repeated(wall: datetime, name: str) -> bool:
    """Whether a naive wall time comes twice."""
    first = wall.replace(tzinfo=zone(name), fold=0)
    second = wall.replace(tzinfo=zone(name), fold=1)
    found = first.utcoffset() != second.utcoffset()
    return found and first.astimezone(UTC).astimezone(zone(name)).replace(tzinfo=None) == wall


def leaps_near(moment: int, name: str) -> bool:
    """Whether the zone's clock leaps within two days of a moment."""
    days = timedelta(days=2)
    at = local(moment, name).astimezone(UTC)
    offsets = {each.astimezone(zone(name)).utcoffset() for each in (at - days, at, at + days)}
    return len(offsets) > 1


def _end_of_gap(near: datetime, found: ZoneInfo) -> int:
    """The first moment with the offset that rules after a leap forward."""
    before, after = near - timedelta(days=1), near + timedelta(days=1)
    offset = after.astimezone(found).utcoffset()
    # Leaps fall on whole minutes, in all but a few of the nineteenth century.
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(found).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return moment(after.replace(microsecond=0))


def _near(name: str) -> str:
    import difflib  # noqa: PLC0415 - only a wrong name needs it

    wanted = str(name).strip().lower().replace(" ", "_")
    known = {each.lower(): each for each in sorted(zoneinfo.available_timezones())}
    if wanted in known:
        return f" Did you mean {known[wanted]!r}?"
    place = wanted.rpartition("/")[2]
    if place in _CITIES:
        return f" Did you mean {_CITIES[place]!r}?"
    if offset := _OFFSET.fullmatch(wanted):
        return _of_offset(offset)
    # Short for several zones, or near to many: any one would be a guess.
    if "/" not in wanted and len(wanted) <= _ABBREVIATION:
        return ""
    cities = {each.rpartition("/")[2]: full for each, full in known.items() if "/" in each}
    found = difflib.get_close_matches(wanted, known, 1, _NEAR)
    if found:
        return f" Did you mean {known[found[0]]!r}?"
    found = difflib.get_close_matches(place, cities, 1, _NEAR)
    return f" Did you mean {cities[found[0]]!r}?" if found else ""


def _of_offset(found: re.Match[str]) -> str:
    """Names with an offset count the other way round: Etc/GMT-8 is eight hours ahead."""
    sign, hours, minutes = found.groups()
    if int(hours) > 12 or int(minutes or 0):
        return ""
    turned = "-" if sign == "+" else "+"
    return f" A zone that is always UTC{sign}{int(hours)} is 'Etc/GMT{turned}{int(hours)}'."
