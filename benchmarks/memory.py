"""E7: memory and disk of a large map."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side

CALLS = 100_000
FEWER = 20_000


def _measure(bench: Bench, count: int) -> Readings:
    folder = bench.folder()
    ended = bench.noria("many", count, folder=folder)
    disk = sum(path.stat().st_size for path in (folder / "home").rglob("*") if path.is_file())
    return {
        "memory": ended.report["peak"] - ended.report["results"],
        "disk": disk / count,
        "cpu": ended.report["cpu"] / count,
        "wall": ended.report["wall"],
    }


def _many(bench: Bench) -> Readings:
    """The large map and, right before it, a smaller one, to see what grows."""
    fewer, more = bench.size(FEWER), bench.size(CALLS)
    less, readings = _measure(bench, fewer), _measure(bench, more)
    readings["growth"] = (readings["memory"] - less["memory"]) / (more - fewer)
    return readings


ROW = Row(
    "E7",
    f"map of {CALLS:,}",
    "Peak resident memory of the whole process less the size of the list of results; bytes of the "
    "home after the process has ended, for one task.",
    [Side("Noria", _many, 3)],
    [
        Figure("peak memory", "MB", Reading("Noria", "memory"), None, Goal(Kind.AT_MOST, 150)),
        Figure("disk a task", "B", Reading("Noria", "disk"), None, Goal(Kind.AT_MOST, 350)),
        Figure("memory for each further task", "B", Reading("Noria", "growth")),
        Figure("CPU a task", "µs", Reading("Noria", "cpu")),
        Figure("wall time in all", "s", Reading("Noria", "wall")),
    ],
)
