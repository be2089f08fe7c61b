"""E2: a task that does nothing, submitted and mapped."""

from __future__ import annotations

from benchmarks.bench import Bench, each
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import PREFECT

CALLS = 10_000
PREFECT_CALLS = 300
PREFECT_WARM_UP = 20
THREADS = 64
"""As many as Noria's default runner may have."""
POOL = "ThreadPoolExecutor"


def _submit(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("submitted", "submit", count), count)


def _map(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("submitted", "map", count), count)


def _pool(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("pool", THREADS, count), count)


def _prefect(bench: Bench) -> Readings:
    count = bench.size(PREFECT_CALLS)
    tasks = count + PREFECT_WARM_UP
    return bench.prefect("submitted", "map", count, count=count, tasks=tasks)


_GOAL = Goal(Kind.TIMES_AT_MOST, 3)

ROW = Row(
    "E2",
    "no-op task, submitted or mapped",
    f"The same task, {CALLS:,} submitted or mapped at once in the default task runner, and every "
    f"result taken; recorded as in E1. A bare ThreadPoolExecutor of {THREADS} threads, as many as "
    "the runner may have, does the same with the bare function and records nothing.",
    [
        Side("submit", _submit),
        Side(POOL, _pool),
        Side("map", _map),
        Side(POOL, _pool),
        Side(PREFECT, _prefect, 1, PREFECT),
    ],
    [
        Figure("CPU, .submit()", "µs", Reading("submit", "cpu"), Reading(POOL, "cpu"), _GOAL),
        Figure("CPU, .map()", "µs", Reading("map", "cpu"), Reading(POOL, "cpu"), _GOAL),
        Figure("wall time, .map()", "µs", Reading("map", "wall"), Reading(POOL, "wall")),
        Figure("Prefect's client, .map()", "µs", Reading("map", "cpu"), Reading(PREFECT, "cpu")),
        Figure(
            "Prefect with its server, .map()", "µs", Reading("map", "cpu"), Reading(PREFECT, "all")
        ),
    ],
)
