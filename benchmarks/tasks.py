"""E1: a task that does nothing, called in a flow."""

from __future__ import annotations

from benchmarks.bench import Bench, each
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import DBOS, PREFECT

CALLS = 5_000
PREFECT_CALLS = 300
PREFECT_WARM_UP = 20
DBOS_CALLS = 500


def _noria(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("called", count), count)


def _silent(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    return each(bench.noria("called", count, NORIA_LOG_FORMAT="off"), count)


def _on_postgres(bench: Bench) -> Readings:
    count = bench.size(CALLS)
    found: list[Readings] = []
    url = bench.postgres.url
    server = bench.postgres.cost(
        lambda: found.append(each(bench.noria("called", count, NORIA_DATABASE_URL=url), count))
    )
    return {**found[0], "all": found[0]["cpu"] + server / count}


def _prefect(bench: Bench) -> Readings:
    count = bench.size(PREFECT_CALLS)
    return bench.prefect("called", count, count=count, tasks=count + PREFECT_WARM_UP)


def _dbos(bench: Bench) -> Readings:
    return bench.dbos("steps", bench.size(DBOS_CALLS))


_OURS = Reading("Noria", "cpu")
_NORIA = Side("Noria", _noria)

ROW = Row(
    "E1",
    "no-op task, called",
    "A flow calls a task that returns its argument plus one. CPU of the process, with the thread "
    "that writes, from the call of the flow until it has returned; then the store is read, and "
    "every task run must be there. Prefect's client is measured likewise; its server from then "
    "until its API counts every task run as Completed, without what it needs when idle.",
    [
        _NORIA,
        Side(DBOS, _dbos, 5, DBOS),
        _NORIA,
        Side(PREFECT, _prefect, 3, PREFECT),
        _NORIA,
        Side("Noria, silent", _silent),
        Side("Noria on PostgreSQL", _on_postgres),
    ],
    [
        Figure("CPU a task", "µs", _OURS, None, Goal(Kind.AT_MOST, 100)),
        Figure(
            "Prefect's client alone",
            "µs",
            _OURS,
            Reading(PREFECT, "cpu"),
            Goal(Kind.TIMES_LESS, 120),
        ),
        Figure(
            "Prefect with its server",
            "µs",
            _OURS,
            Reading(PREFECT, "all"),
            Goal(Kind.TIMES_LESS, 700),
        ),
        Figure("DBOS, a step", "µs", _OURS, Reading(DBOS, "cpu"), Goal(Kind.TIMES_LESS, 40)),
        Figure(
            "wall time, Prefect's client", "µs", Reading("Noria", "wall"), Reading(PREFECT, "wall")
        ),
        Figure("CPU, console off", "µs", Reading("Noria, silent", "cpu")),
        Figure("CPU, on PostgreSQL", "µs", Reading("Noria on PostgreSQL", "cpu")),
        Figure("CPU, on PostgreSQL, with its server", "µs", Reading("Noria on PostgreSQL", "all")),
        Figure("wall time, on PostgreSQL", "µs", Reading("Noria on PostgreSQL", "wall")),
    ],
)
