"""E10: the start of the command line."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import process
from benchmarks.bench import Bench
from benchmarks.model import Figure, Goal, Kind, Reading, Readings, Row, Side
from benchmarks.peers import PREFECT

RUNS = 30
"""What there is to list."""


def _noria(bench: Bench) -> Readings:
    folder = bench.folder()
    command = Path(sys.executable).with_name("noria")
    home = {"NORIA_HOME": str(folder / "home")}
    # Sub-flows would not be listed: each of these runs is one of its own.
    bench.noria("runs", RUNS, folder=folder, NORIA_LOG_FORMAT="off")
    helped = process.run([command, "--help"], folder, home)
    listed = process.run([command, "runs", "ls"], folder, home)
    return {"help": helped.cpu, "ls": listed.cpu, "help wall": helped.wall, "ls wall": listed.wall}


def _prefect(bench: Bench) -> Readings:
    folder, settings = bench.folder(), bench.server.settings
    python = bench.peer(PREFECT)
    helped = process.run([python, "-m", "prefect", "--help"], folder, settings)
    listed = process.run([python, "-m", "prefect", "flow-run", "ls"], folder, settings)
    return {"help": helped.cpu, "ls": listed.cpu}


_HELP, _LS = Reading("Noria", "help"), Reading("Noria", "ls")

ROW = Row(
    "E10",
    "noria --help; noria runs ls",
    f"CPU of a whole process; `runs ls` lists from a store with {RUNS} runs. Prefect's `flow-run "
    "ls` asks its server.",
    [Side("Noria", _noria), Side(PREFECT, _prefect, 3, PREFECT)],
    [
        Figure("CPU, noria --help", "s", _HELP, None, Goal(Kind.AT_MOST, 0.15)),
        Figure("CPU, noria runs ls", "s", _LS, None, Goal(Kind.AT_MOST, 0.25)),
        Figure("prefect --help", "s", _HELP, Reading(PREFECT, "help")),
        Figure("prefect flow-run ls", "s", _LS, Reading(PREFECT, "ls")),
    ],
    starts=True,
)
