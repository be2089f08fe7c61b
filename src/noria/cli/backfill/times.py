"""What `--from`, `--to` and `--every` mean."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from noria.cli.errors import CliError, Code
from noria.core import clock
from noria.core.spans import parse_span

_EXPECTED = (
    "a date (2026-03-07), a date and time (2026-03-07T12:00, +08:00 behind it), or how long ago"
)


def read_time(option: str, text: str) -> date | datetime:
    """A date, a time, or a time so long ago.

    Raises:
        CliError: It is none; says what was expected.

    Example:
        >>> read_time("--from", "2026-03-07"), read_time("--to", "2026-03-07T12:00")
        (datetime.date(2026, 3, 7), datetime.datetime(2026, 3, 7, 12, 0))
    """
    try:
        span = parse_span(text)
        if span is not None:
            return clock.to_datetime(clock.now() - span)
        return _date(text) or datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        # "day is out of range for month" says more than that it is no time.
        why = "" if "Invalid isoformat" in str(error) else f"{error}; "
        raise CliError(
            Code.USAGE,
            f"{option} {text} is no time",
            f"{why}expected {_EXPECTED}",
            "without an offset it is in the zone of the schedule",
        ) from None


def read_every(text: str) -> timedelta:
    """The interval that `1d12h` means.

    Raises:
        CliError: It means none.
    """
    span = parse_span(text)
    if not span:
        raise CliError(
            Code.USAGE, f"--every {text} is no interval", "expected such as 15m, 6h or 1d", ""
        )
    return timedelta(microseconds=span)


def _date(text: str) -> date | None:
    return date.fromisoformat(text.strip()) if len(text.strip()) <= len("2026-03-07") else None
