"""E8: a log line in a task."""

from __future__ import annotations

from benchmarks.bench import Bench, each
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import PREFECT

LINES = 10_000
PREFECT_LINES = 300


def _silent(bench: Bench) -> Readings:
    count = bench.size(LINES)
    return each(bench.noria("log_lines", count, NORIA_LOG_FORMAT="off"), count)


def _plain(bench: Bench) -> Readings:
    count = bench.size(LINES)
    return each(bench.noria("log_lines", count, NORIA_LOG_FORMAT="plain"), count)


def _prefect(bench: Bench) -> Readings:
    count = bench.size(PREFECT_LINES)
    return bench.prefect("log_lines", count, count=count)


_OURS = Reading("console off", "cpu")

ROW = Row(
    "E8",
    "log line in a task",
    "A task logs lines with two arguments; CPU of the process until the flow has returned and "
    "every line is in the store. `plain` also writes each line to a file by way of stderr.",
    [
        Side("console off", _silent),
        Side("plain", _plain),
        Side(PREFECT, _prefect, 1, PREFECT),
    ],
    [
        Figure("CPU, console off", "µs", _OURS, None, Goal(Kind.AT_MOST, 25)),
        Figure("CPU, plain to a file", "µs", Reading("plain", "cpu")),
        Figure("Prefect's client alone", "µs", Reading("plain", "cpu"), Reading(PREFECT, "cpu")),
    ],
)
