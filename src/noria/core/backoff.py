"""How long to wait before another attempt."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

MAX_DELAYS = 50

Delays = float | list[float]
"""One delay for all retries, or one for each; the last one is used again for those that follow."""


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """Delays that double with each retry, for `retry_delay_seconds`.

    Parameters:
        backoff_factor: Delay before the first retry, seconds.

    Returns:
        A function from the number of retries to their delays in seconds.

    Example:
        >>> exponential_backoff(10)(4)
        [10, 20, 40, 80]
    """

    def delays(retries: int) -> list[float]:
        return [backoff_factor * 2**retry for retry in range(min(retries, MAX_DELAYS))]

    return delays


def retry_delays(retry_delay_seconds: Any, retries: int) -> Delays | None:
    """The delays that `retry_delay_seconds` asks for, checked.

    Parameters:
        retry_delay_seconds: A number, a list of numbers, a function from the number of retries to
            either, or None; seconds.
        retries: How many retries there are.

    Raises:
        TypeError: It is none of these.
        ValueError: There are more than 50 delays, or one of them is negative.

    Example:
        >>> retry_delays(exponential_backoff(1), 3)
        [1, 2, 4]
    """
    given = retry_delay_seconds(retries) if callable(retry_delay_seconds) else retry_delay_seconds
    if given is None or _is_number(given):
        delays: Delays | None = given
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        delays = list(given)
    else:
        raise TypeError(
            "Invalid `retry_delay_seconds` provided; must be an int, float, list or callable. "
            f"Received type {type(given)}"
        )
    for delay in delays if isinstance(delays, list) else [delays]:
        _check(delay)
    if isinstance(delays, list) and len(delays) > MAX_DELAYS:
        raise ValueError("Can not configure more than 50 retry delays per task.")
    return delays


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _check(delay: object) -> None:
    if delay is None:
        return
    if not isinstance(delay, int | float):
        raise TypeError(
            "Invalid `retry_delay_seconds` provided; expected seconds as int or float, "
            f"found {delay!r} ({type(delay).__name__})."
        )
    if not (0 <= delay < math.inf):
        raise ValueError(f"`retry_delay_seconds` must be 0 or more and finite, found {delay!r}.")


def check_jitter(retry_jitter_factor: float | None) -> None:
    """Refuse a jitter that makes no sense.

    Raises:
        ValueError: It is negative or not finite.
    """
    if retry_jitter_factor is None:
        return
    if retry_jitter_factor < 0:
        raise ValueError("`retry_jitter_factor` must be >= 0.")
    if not retry_jitter_factor < math.inf:
        raise ValueError(f"`retry_jitter_factor` must be finite, found {retry_jitter_factor!r}.")


def delay_for(attempt: int, delays: Delays | None) -> float:
    """Seconds to wait before retry number `attempt` (the first is 0).

    Example:
        >>> [delay_for(attempt, [1, 5]) for attempt in range(3)]
        [1, 5, 5]
    """
    if not delays:
        return 0
    if isinstance(delays, list):
        return delays[min(attempt, len(delays) - 1)]
    return delays


def with_jitter(delay: float, factor: float | None, rng: random.Random) -> float:
    """Spread a delay so that many failed at once do not come back at once.

    Parameters:
        delay: Seconds.
        factor: Half the width of the spread, as a part of `delay`; 0 or None leaves it alone.
        rng: Where chance comes from.

    Returns:
        Evenly spread over `[delay * (1 - factor), delay * (1 + factor)]`, so `delay` on the mean.
        Beyond factor 1 the lower bound would be negative: then the two halves `[0, delay]` and
        `[delay, delay * (1 + factor)]` are drawn from so often that the mean stays `delay`.
    """
    if not factor or delay <= 0:
        return delay
    if factor <= 1:
        return delay * (1 + factor * (2 * rng.random() - 1))
    if rng.random() * (1 + factor) < factor:
        return delay * rng.random()
    return delay * (1 + factor * rng.random())
