"""Bars on a common scale of time. Pure."""

from __future__ import annotations

from typing import NamedTuple

_STEADY = "━"
_SPARSE = "┅"
_OPEN = "▸"
_TICK_ROOM = 10

# Steps that read well as labels: powers of ten below a second, parts of the clock above.
_MS, _S, _MIN, _H = 1_000, 1_000_000, 60_000_000, 3_600_000_000
_STEPS = (
    *(n * _MS for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * _S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MIN for n in (1, 2, 5, 10, 15, 30)),
    *(n * _H for n in (1, 2, 4, 6, 12, 24, 48, 96)),
)


class Scale(NamedTuple):
    """A stretch of time (microseconds) over so many columns."""

    start: int
    end: int
    width: int

    def column(self, time: int) -> int:
        """The column of a time; one outside the stretch is put at its edge."""
        span = max(self.end - self.start, 1)
        return min(max((time - self.start) * self.width // span, 0), self.width - 1)


def bar(scale: Scale, first: int | None, last: int | None, busy: int, running: bool) -> str:
    """When something ran, in exactly `scale.width` columns.

    Parameters:
        scale: What the columns mean.
        first: When it began; None when it has not.
        last: When it ended, or now; None when it has not begun.
        busy: How much of the time between the two was spent, added up over all calls; a bar is
            drawn sparse when that is less than half of it.
        running: Whether it goes on.

    Example:
        >>> bar(Scale(0, 10, 10), 2, 6, 4, running=False)
        '  ━━━━    '
    """
    if first is None or last is None or scale.width <= 0:
        return " " * max(scale.width, 0)
    left = scale.column(first)
    right = max(scale.column(max(last - 1, first)), left)
    letter = _STEADY if running or busy * 2 >= last - first else _SPARSE
    drawn = letter * (right - left + 1)
    if running:
        drawn = drawn[:-1] + _OPEN
    return " " * left + drawn + " " * (scale.width - right - 1)


def axis(scale: Scale) -> str:
    """Labels for the scale, as many as have room, in at most `scale.width` columns.

    Example:
        >>> axis(Scale(0, 60_000_000, 40))
        '0         15 s      30 s      45 s'
    """
    span = max(scale.end - scale.start, 1)
    room = max(scale.width // _TICK_ROOM, 1)
    step = next((step for step in _STEPS if span / step <= room), span)
    line = ""
    for time in range(0, span, step):
        column = scale.column(scale.start + time)
        label = _label(time)
        if column + len(label) <= scale.width and column >= len(line):
            line = line.ljust(column) + label
    return line


def _label(time: int) -> str:
    if time == 0:
        return "0"
    for unit, name in ((_H, "h"), (_MIN, "min"), (_S, "s")):
        if time >= unit and time % unit == 0:
            return f"{time // unit} {name}"
    if time >= _MIN:
        return f"{time / _MIN:.1f} min"
    return f"{time / _S:g} s" if time >= _S else f"{time / _MS:g} ms"
