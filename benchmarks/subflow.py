"""E4: a flow that does nothing, called in a flow."""

from __future__ import annotations

from benchmarks.bench import Bench, each
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import DBOS, PREFECT

CALLS = 1_000
PREFECT_CALLS = 10
DBOS_CALLS = 100


def _noria(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("subflows", count), count)


def _prefect(bench: Bench) -> Readings:
    count = bench.size(PREFECT_CALLS)
    return bench.prefect("subflows", count, count=count)


def _dbos(bench: Bench) -> Readings:
    return bench.dbos("children", bench.size(DBOS_CALLS))


_OURS = Reading("Noria", "cpu")

ROW = Row(
    "E4",
    "no-op sub-flow, called",
    "A flow calls a flow that returns its argument plus one; both flow runs and the row of the "
    "call in its parent are on record when the outer flow returns. DBOS: a child workflow.",
    [Side("Noria", _noria), Side(DBOS, _dbos, 2, DBOS), Side(PREFECT, _prefect, 1, PREFECT)],
    [
        Figure("CPU a sub-flow", "µs", _OURS, None, Goal(Kind.AT_MOST, 400)),
        Figure("Prefect's client alone", "µs", _OURS, Reading(PREFECT, "cpu")),
        Figure(
            "wall time, Prefect's client", "µs", Reading("Noria", "wall"), Reading(PREFECT, "wall")
        ),
        Figure("DBOS, a child workflow", "µs", _OURS, Reading(DBOS, "cpu")),
    ],
)
