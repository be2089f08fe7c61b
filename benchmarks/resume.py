"""E9: what a finished task costs when its run goes on in another process."""

from __future__ import annotations

from benchmarks.bench import Bench, each
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side

CALLS = 10_000
DIED = 9


def _noria(bench: Bench) -> Readings:
    folder, count = bench.folder(), bench.size(CALLS)
    bench.noria("resumed", "die", count, folder=folder, code=DIED)
    return each(bench.noria("resumed", "resume", count, folder=folder), count)


ROW = Row(
    "E9",
    f"resume of a run with {CALLS:,} finished tasks",
    "A flow calls its tasks and its process ends by os._exit before the flow does. Another process "
    "resumes the run; CPU from the call of `resume` until the flow has returned, for one task. "
    "No task may run again.",
    [Side("Noria", _noria)],
    [
        Figure("CPU a skipped task", "µs", Reading("Noria", "cpu"), None, Goal(Kind.AT_MOST, 30)),
        Figure("wall time a skipped task", "µs", Reading("Noria", "wall")),
    ],
)
