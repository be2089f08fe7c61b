"""For tests of flows and tasks: a store of their own, a clock that is stepped by hand, crashes.

pytest has them as fixtures (`noria_store`, `noria_clock`, `crash_at`) where Noria is installed;
anything else uses the context managers. What is named here is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noria.testing.crashes import CrashAt, Crashing, NeverCrashed
    from noria.testing.harness import innermost_store, noria_test_harness, prefect_test_harness
    from noria.testing.recorded import IsolatedStore, RecordedLine, RecordedRun
    from noria.testing.stepped import SteppedClock, stepped_clock

_HOMES = {
    "CrashAt": "noria.testing.crashes",
    "Crashing": "noria.testing.crashes",
    "IsolatedStore": "noria.testing.recorded",
    "NeverCrashed": "noria.testing.crashes",
    "RecordedLine": "noria.testing.recorded",
    "RecordedRun": "noria.testing.recorded",
    "SteppedClock": "noria.testing.stepped",
    "innermost_store": "noria.testing.harness",
    "noria_test_harness": "noria.testing.harness",
    "prefect_test_harness": "noria.testing.harness",
    "stepped_clock": "noria.testing.stepped",
}

__all__ = [
    "CrashAt",
    "Crashing",
    "IsolatedStore",
    "NeverCrashed",
    "RecordedLine",
    "RecordedRun",
    "SteppedClock",
    "innermost_store",
    "noria_test_harness",
    "prefect_test_harness",
    "stepped_clock",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
