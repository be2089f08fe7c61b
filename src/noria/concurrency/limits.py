"""Making and removing concurrency limits from Python; `noria limit` does it from a shell."""

from __future__ import annotations

import math
from typing import NamedTuple

from noria.core import clock
from noria.core.slots import LimitRow
from noria.engine.session import open_session

__all__ = ["Limit", "remove_limit", "set_limit"]

LONGEST_NAME = 255
MOST_SLOTS = 2**53


class Limit(NamedTuple):
    """A concurrency limit as it is stored."""

    name: str
    slots: int
    active: bool
    decay: float
    """Slots that come free each second by themselves."""


def set_limit(name: str, slots: int, *, decay: float = 0.0, active: bool = True) -> Limit:
    """Make a concurrency limit, or change the one there is; slots that are held stay held.

    Parameters:
        name: The limit's name; `tag:NAME` limits the task runs with the tag NAME,
            `run-tag:NAME` the runs of deployments with it.
        slots: How many slots it has; with 0 nobody gets any.
        decay: Slots that come free each second by themselves, for `rate_limit`; 0 for none.
        active: Whether it holds; an inactive limit lets everybody pass.

    Returns:
        The limit as it is now.

    Raises:
        ValueError: Name, slots or decay cannot be used; says why.

    Example:
        >>> set_limit("warehouse", 3)
        Limit(name='warehouse', slots=3, active=True, decay=0.0)
    """
    now = clock.now()
    row = limit_row(name, slots, decay, active, now)
    return Limit(*open_session().backend.set_limit(row, now)[:4])


def remove_limit(name: str) -> bool:
    """Remove a concurrency limit; who waits for it goes on.

    Parameters:
        name: The limit's name.

    Returns:
        Whether there was one.

    Example:
        >>> remove_limit("never-made")
        False
    """
    return open_session().backend.delete_limit(name, clock.now())


def limit_row(name: str, slots: int, decay: float, active: bool, now: int) -> LimitRow:
    """A limit as it is stored.

    Raises:
        ValueError: A field cannot be used; says why.
    """
    if not name or len(name) > LONGEST_NAME or any(ord(sign) < 32 for sign in name):
        raise ValueError(
            f"limit name {name[:20]!r} cannot be used; expected 1 to {LONGEST_NAME} printable signs"
        )
    if type(slots) is not int or not 0 <= slots <= MOST_SLOTS:
        raise ValueError(f"limit {name!r} cannot have {slots!r} slots; expected 0 or more")
    if not (math.isfinite(decay) and decay >= 0):
        raise ValueError(
            f"limit {name!r} cannot have a decay of {decay!r}; expected slots per second, 0 or more"
        )
    return LimitRow(name, slots, active, float(decay), now, now)
