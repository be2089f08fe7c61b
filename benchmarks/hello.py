"""E6: `python hello.py`, a whole process with one flow and one task."""

from __future__ import annotations

import sys

from benchmarks import process
from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import DBOS, PREFECT

# Written to a folder of its own, because a script is run where a user has it.
_PROGRAM = """\
from {engine} import flow, task


@task
def greet(name):
    return f"Hello, {{name}}!"


@flow
def hello(name="world"):
    return greet(name)


if __name__ == "__main__":
    print(hello())
"""

_DBOS_PROGRAM = """\
from dbos import DBOS

DBOS(config={"name": "hello", "system_database_url": "sqlite:///hello.sqlite"})


@DBOS.step()
def greet(name):
    return f"Hello, {name}!"


@DBOS.workflow()
def hello(name="world"):
    return greet(name)


if __name__ == "__main__":
    DBOS.launch()
    print(hello())
    DBOS.destroy()
"""


def _noria(bench: Bench) -> Readings:
    folder = bench.folder()
    (folder / "hello.py").write_text(_PROGRAM.format(engine="noria"), encoding="utf-8")
    home = {"NORIA_HOME": str(folder / "home")}
    first, second = (process.run([sys.executable, "hello.py"], folder, home) for _ in range(2))
    return {"first": first.cpu, "second": second.cpu, "wall": second.wall}


def _prefect(bench: Bench) -> Readings:
    folder = bench.folder()
    (folder / "hello.py").write_text(_PROGRAM.format(engine="prefect"), encoding="utf-8")
    ended = process.run([bench.peer(PREFECT), "hello.py"], folder, bench.server.settings)
    return {"cpu": ended.cpu, "wall": ended.wall}


def _dbos(bench: Bench) -> Readings:
    folder = bench.folder()
    (folder / "hello.py").write_text(_DBOS_PROGRAM, encoding="utf-8")
    first, second = (process.run([bench.peer(DBOS), "hello.py"], folder, {}) for _ in range(2))
    return {"first": first.cpu, "cpu": second.cpu, "wall": second.wall}


_SECOND = Reading("Noria", "second")

ROW = Row(
    "E6",
    "python hello.py",
    "CPU of a whole process, from start to exit, that runs one flow with one task: first without "
    "a store, then again with the store that is there. Prefect has its server up already.",
    [
        Side("Noria", _noria),
        Side(DBOS, _dbos, 3, DBOS),
        Side(PREFECT, _prefect, 3, PREFECT),
    ],
    [
        Figure("CPU, first run", "s", Reading("Noria", "first"), None, Goal(Kind.AT_MOST, 0.4)),
        Figure("CPU, second run", "s", _SECOND, None, Goal(Kind.AT_MOST, 0.3)),
        Figure("Prefect, CPU", "s", _SECOND, Reading(PREFECT, "cpu")),
        Figure("Prefect, wall time", "s", Reading("Noria", "wall"), Reading(PREFECT, "wall")),
        Figure("DBOS, CPU", "s", _SECOND, Reading(DBOS, "cpu")),
    ],
    starts=True,
)
