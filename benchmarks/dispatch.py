"""S1, S2 and S5: how soon a run begins that is asked for or due, and what handing it out costs."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side


def _asked(bench: Bench) -> Readings:
    return bench.noria("dispatched", "asked", bench.size(50)).report


def _due(bench: Bench) -> Readings:
    return bench.noria("dispatched", "due", bench.size(20)).report


def _many(bench: Bench) -> Readings:
    return bench.noria("dispatched", "many", bench.size(1000)).report


ASKED = Row(
    "S1",
    "a run that is asked for begins",
    "A warm worker, `run_deployment(..., timeout=0)`; wall time from the call to the first line of "
    "the flow.",
    [Side("Noria", _asked)],
    [
        Figure("median", "ms", Reading("Noria", "median"), None, Goal(Kind.AT_MOST, 100)),
        Figure("the latest", "ms", Reading("Noria", "worst")),
    ],
)
DUE = Row(
    "S2",
    "a run that is due begins",
    "A warm worker and a schedule of one run a second; wall time from when a run was due to the "
    "first line of the flow.",
    [Side("Noria", _due)],
    [
        Figure("median", "ms", Reading("Noria", "median")),
        Figure("the latest", "ms", Reading("Noria", "worst"), None, Goal(Kind.AT_MOST, 250)),
    ],
)
MANY = Row(
    "S5",
    "1,000 runs at once, two workers",
    "All are asked for one after another and executed by two workers, four at a time each; each "
    "begins once. CPU of the workers and of what they fork from, without the runs themselves.",
    [Side("Noria", _many)],
    [
        Figure("CPU a run", "ms", Reading("Noria", "cpu"), None, Goal(Kind.AT_MOST, 5)),
        Figure("wall time in all", "s", Reading("Noria", "wall")),
    ],
)
