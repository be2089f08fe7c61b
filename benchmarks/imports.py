"""E5: what `from noria import flow, task` costs."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from benchmarks import process
from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import DBOS, PREFECT

_PEAK = "\nfrom benchmarks.scripts.meter import peak_memory, report\nreport(peak=peak_memory())"


STARTS = 5
"""A start is over in milliseconds, so one reading is the median of some."""


def _start(bench: Bench, python: Path | str, statement: str) -> Readings:
    folder = bench.folder()
    starts = [process.run([python, "-c", statement], folder, {}).cpu for _ in range(STARTS)]
    # Memory is asked of another process: the asking is a cost of its own.
    asked = process.run(
        [python, "-c", statement + _PEAK], bench.folder(), process.with_benchmarks({})
    )
    return {"cpu": statistics.median(starts), "peak": asked.report["peak"]}


def _noria(bench: Bench) -> Readings:
    return _start(bench, sys.executable, "from noria import flow, task")


def _bare(bench: Bench) -> Readings:
    return _start(bench, sys.executable, "pass")


def _prefect(bench: Bench) -> Readings:
    return _start(bench, bench.peer(PREFECT), "from prefect import flow, task")


def _dbos(bench: Bench) -> Readings:
    return _start(bench, bench.peer(DBOS), "from dbos import DBOS")


def _measure(bench: Bench) -> Readings:
    """Noria and a bare interpreter right after one another, so that one can be taken off."""
    noria, bare = _noria(bench), _bare(bench)
    return {**noria, "more": noria["peak"] - bare["peak"]}


_OURS = Reading("Noria", "cpu")

ROW = Row(
    "E5",
    "from noria import flow, task",
    "CPU of a whole process that only imports, against one of the same interpreter that does "
    "nothing. Memory is the difference of the peaks.",
    [
        Side("Noria", _measure),
        Side("bare", _bare),
        Side("Noria", _measure),
        Side(DBOS, _dbos, 3, DBOS),
        Side(PREFECT, _prefect, 3, PREFECT),
    ],
    [
        Figure(
            "CPU, bare starts",
            "ms",
            _OURS,
            Reading("bare", "cpu"),
            Goal(Kind.TIMES_AT_MOST, 5),
        ),
        Figure("more memory", "MB", Reading("Noria", "more"), None, Goal(Kind.AT_MOST, 25)),
        Figure("Prefect, CPU", "ms", _OURS, Reading(PREFECT, "cpu")),
        Figure("DBOS, CPU", "ms", _OURS, Reading(DBOS, "cpu")),
    ],
    starts=True,
)
