"""Sleeping on an event loop by a clock that is stepped by hand."""

from __future__ import annotations

from noria.core import clock

TURNS = 3
"""Rounds of the loop in which those who begin to sleep at the same moment, are woken, or are ended
by a timeout that has just passed get their say before the clock moves on."""

_ends: list[float] = []
"""When those who sleep will wake."""


async def sleep(seconds: float) -> None:
    """Sleep until the clock has reached the end; whoever is to wake first moves it there, by the
    way of all that is due before."""
    end = clock.monotonic() + seconds
    _ends.append(end)
    try:
        while True:
            await _give_way()
            left = end - clock.monotonic()
            if left <= 0:
                return
            if end <= min(_ends):
                clock.step(left)
    finally:
        _ends.remove(end)


async def _give_way() -> None:
    import asyncio

    for _ in range(TURNS):
        await asyncio.sleep(0)  # noqa: TID251 - takes no time
