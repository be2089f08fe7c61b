"""T1: the store of a test."""

from __future__ import annotations

from pathlib import Path

from benchmarks import process
from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import PREFECT

COUNT = 100


def _noria(bench: Bench) -> Readings:
    return bench.noria("harness", bench.size(COUNT), NORIA_LOG_FORMAT="off").report


def _prefect(bench: Bench) -> Readings:
    folder = bench.folder()
    program: list[str | Path] = [bench.peer(PREFECT), "-m", "benchmarks.scripts.harness", "1"]
    home = {"PREFECT_HOME": str(folder / "prefect"), "BENCH_ENGINE": "prefect"}
    return process.run(program, folder, process.with_benchmarks(home)).report


_OURS = Reading("Noria", "wall")

ROW = Row(
    "T1",
    "store of a test",
    "Wall time of setting up and tearing down what the fixture `noria_store` gives, in one "
    "process; the first one, which loads modules, counts by itself. Prefect's test harness starts "
    "a server.",
    [Side("Noria", _noria), Side(PREFECT, _prefect, 1, PREFECT)],
    [
        Figure("set-up and tear-down", "ms", _OURS, None, Goal(Kind.AT_MOST, 5)),
        Figure("the same, CPU", "ms", Reading("Noria", "cpu")),
        Figure("with the run of an empty flow", "ms", Reading("Noria", "used")),
        Figure("the first in a process", "ms", Reading("Noria", "first")),
        Figure("Prefect's harness", "ms", Reading("Noria", "first"), Reading(PREFECT, "first")),
    ],
)
