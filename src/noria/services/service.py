"""What a loop is, and what it says when it was called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from noria.backend.port import Backend


class Done(NamedTuple):
    """What a loop has done when it was called once."""

    said: Sequence[str] = ()
    """Sentences for people."""
    more: bool = False
    """Whether there is more to do: it is called again soon."""


class Service(NamedTuple):
    """A loop."""

    name: str
    run_once: Callable[[Backend, int], Done]
    """Takes the backend and the time, microseconds since the epoch."""
    every: float
    """Seconds from one time to the next, by whoever leads."""
    purpose: str
