"""Every so often, counted from an anchor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from noria.core.errors import InvalidSchedule
from noria.core.schedules.zones import UTC_NAME, local, resolve, zone

_DAY = 86_400 * 1_000_000


class IntervalRule(NamedTuple):
    """Due at the anchor and every interval before and after it.

    Whole days are counted on the wall clock, so that nine o'clock stays nine o'clock; anything else
    is counted in elapsed time.
    """

    interval: int
    """Microseconds."""
    anchor: int
    timezone: str = UTC_NAME

    def next_after(self, after: int) -> int | None:
        """The next moment that it is due, later than `after`."""
        if self.interval % _DAY or self.timezone == UTC_NAME:
            return self.anchor + ((after - self.anchor) // self.interval + 1) * self.interval
        start = local(self.anchor, self.timezone).replace(tzinfo=None)
        passed = local(after, self.timezone).replace(tzinfo=None) - start
        step = timedelta(microseconds=self.interval)
        # A leap moves the wall clock against the moments by less than a day.
        turn = passed // step - 1
        while (due := self._due(start, turn * step)) <= after:
            turn += 1
        return due

    def _due(self, start: datetime, passed: timedelta) -> int:
        return resolve(start + passed, self.timezone)


def parse_interval(
    interval: timedelta | float, anchor: int, timezone: str | None = None
) -> IntervalRule:
    """An interval rule.

    Parameters:
        interval: A number means seconds.
        anchor: A moment at which it is due.
        timezone: Where whole days are counted.

    Raises:
        InvalidSchedule: The interval is not positive.
    """
    zone(timezone or UTC_NAME)
    try:
        step = interval if isinstance(interval, timedelta) else timedelta(seconds=interval)
    except (TypeError, ValueError, OverflowError):
        raise _invalid(interval) from None
    if step < timedelta(milliseconds=1):
        raise _invalid(interval)
    return IntervalRule(step // timedelta(microseconds=1), anchor, timezone or UTC_NAME)


def _invalid(interval: object) -> InvalidSchedule:
    return InvalidSchedule(
        f"Invalid interval {interval!r}: expected a positive number of seconds or a timedelta, "
        "of a millisecond at least."
    )
