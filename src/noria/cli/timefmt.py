"""Points in time, as people read them and as programs do. Stored times are microseconds."""

from __future__ import annotations

from datetime import UTC, datetime

from noria.cli.errors import CliError, Code
from noria.core import clock
from noria.core.spans import DAY, HOUR, MINUTE, SECOND, parse_span


def ago(then: int, now: int) -> str:
    """How long ago (or in how long), in one unit.

    Example:
        >>> ago(0, 90_000_000), ago(90_000_000, 0)
        ('1m ago', 'in 1m')
    """
    distance = abs(now - then)
    if distance < SECOND:
        return "now"
    text = f"{distance // DAY}d"
    for letter, unit, limit in (("s", SECOND, MINUTE), ("m", MINUTE, HOUR), ("h", HOUR, 2 * DAY)):
        if distance < limit:
            text = f"{distance // unit}{letter}"
            break
    return f"{text} ago" if then <= now else f"in {text}"


def iso(micros: int) -> str:
    """The time for programs: ISO 8601, UTC, microseconds.

    Example:
        >>> iso(0)
        '1970-01-01T00:00:00.000000Z'
    """
    return clock.to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _zoned(micros: int, utc: bool) -> datetime:
    moment = clock.to_datetime(micros)
    return moment if utc else moment.astimezone()


def moment(micros: int, utc: bool) -> str:
    """Date, time and offset in the local zone, or in UTC.

    Example:
        >>> moment(0, utc=True)
        '1970-01-01 00:00:00 UTC'
    """
    zoned = _zoned(micros, utc)
    text = zoned.strftime("%Y-%m-%d %H:%M:%S")
    if utc:
        return f"{text} UTC"
    offset = zoned.strftime("%z")
    return f"{text} {offset[:3]}:{offset[3:5]}"


def brief(micros: int) -> str:
    """Date and time in the local zone, to the minute unless it is between two."""
    text = _zoned(micros, utc=False).strftime("%Y-%m-%d %H:%M:%S")
    return text.removesuffix(":00")


def time_of_day(micros: int, utc: bool) -> str:
    """The time within its day, to the millisecond.

    Example:
        >>> time_of_day(1_500_000, utc=True)
        '00:00:01.500'
    """
    return _zoned(micros, utc).strftime("%H:%M:%S.%f")[:-3]


def stamp(micros: int, now: int, utc: bool) -> str:
    """The time within its day, with the date before it when that is not the day of `now`.

    Example:
        >>> stamp(1_500_000, 2_000_000, utc=True), stamp(0, 3 * DAY, utc=True)
        ('00:00:01.500', '1970-01-01 00:00:00.000')
    """
    day = _zoned(micros, utc).date()
    text = time_of_day(micros, utc)
    return text if day == _zoned(now, utc).date() else f"{day} {text}"


def parse_since(text: str, now: int, utc: bool) -> int:
    """The time that `2h`, `1d12h`, `2026-11-22` or an ISO date and time means.

    A date or time without an offset is in the local zone, or in UTC when `utc` is set.

    Raises:
        ValueError: It is none of these.

    Example:
        >>> parse_since("2m", now=120_000_000, utc=True)
        0
    """
    span = parse_span(text)
    if span is not None:
        return now - span
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC) if utc else found.astimezone()
    return clock.to_micros(found)


def asked_since(text: str | None, now: int, utc: bool) -> int | None:
    """The time that an option `--since` means; None when it was not given.

    Raises:
        CliError: It means none; says what was expected.
    """
    if text is None:
        return None
    try:
        return parse_since(text, now, utc)
    except (ValueError, OverflowError):
        raise CliError(
            Code.USAGE,
            f"--since {text} is no time",
            "expected how long ago (30m, 2h, 1d12h) or a date (2026-11-22, 2026-11-22T08:30)",
            "a date without a zone is in the local one, or with --utc in UTC",
        ) from None
