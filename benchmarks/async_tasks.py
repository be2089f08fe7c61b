"""E3: an async task that does nothing, gathered."""

from __future__ import annotations

from benchmarks.bench import Bench, each
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import PREFECT

CALLS = 10_000
PREFECT_CALLS = 300
PREFECT_WARM_UP = 20


def _noria(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("gathered", count), count)


def _prefect(bench: Bench) -> Readings:
    count = bench.size(PREFECT_CALLS)
    return bench.prefect("gathered", count, count=count, tasks=count + PREFECT_WARM_UP)


_OURS = Reading("Noria", "cpu")

ROW = Row(
    "E3",
    "async no-op task, gathered",
    f"An async flow gathers {CALLS:,} runs of an async task; recorded as in E1.",
    [Side("Noria", _noria), Side(PREFECT, _prefect, 1, PREFECT)],
    [
        Figure("CPU a task", "µs", _OURS, None, Goal(Kind.AT_MOST, 120)),
        Figure("Prefect's client alone", "µs", _OURS, Reading(PREFECT, "cpu")),
        Figure("Prefect with its server", "µs", _OURS, Reading(PREFECT, "all")),
    ],
)
