"""E11: a map that needs the processor, on processes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side

TASKS = 16
ROUNDS = 4_000_000
"""What one task does; some tenths of a second."""


def _measure(way: str, workers: int, bench: Bench) -> Readings:
    return dict(bench.noria("busy", way, workers, TASKS, bench.size(ROUNDS)).report)


def _on(way: str, workers: int) -> Callable[[Bench], Readings]:
    return partial(_measure, way, workers)


ROW = Row(
    "E11",
    "CPU-bound map on processes",
    f"{TASKS} tasks of some tenths of a second each over ProcessPoolTaskRunner with one process "
    "and with two: wall time of the flow, start and end of the processes included. A bare "
    "ProcessPoolExecutor shows what the machine gives for its second core.",
    [
        Side("one", _on("noria", 1)),
        Side("two", _on("noria", 2)),
        Side("bare, one", _on("pool", 1)),
        Side("bare, two", _on("pool", 2)),
    ],
    [
        Figure(
            "wall time, 2 processes and 1",
            "s",
            Reading("two", "wall"),
            Reading("one", "wall"),
            Goal(Kind.TIMES_LESS, 1.8),
        ),
        Figure(
            "the same, bare pool", "s", Reading("bare, two", "wall"), Reading("bare, one", "wall")
        ),
        Figure("bare pool, 2 processes", "s", Reading("two", "wall"), Reading("bare, two", "wall")),
    ],
)
