"""What a report says of the machine: enough to read the figures, nothing that names it."""

from __future__ import annotations

import os
import platform
import sqlite3
from typing import NamedTuple


class Machine(NamedTuple):
    """The machine, and how busy it is.

    Attributes:
        cores: Cores that this process may use.
        load: Processes that wanted to run, on average over the last minute.
    """

    system: str
    cores: int
    python: str
    sqlite: str
    load: float

    def __str__(self) -> str:
        return (
            f"{self.cores} cores, {self.system}, Python {self.python}, SQLite {self.sqlite}; "
            f"load {self.load:.1f}"
        )


def describe() -> Machine:
    """This machine, now."""
    cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    return Machine(
        platform.system(),
        cores,
        platform.python_version(),
        sqlite3.sqlite_version,
        os.getloadavg()[0],
    )
