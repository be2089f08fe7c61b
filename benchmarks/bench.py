"""What the rows are measured with: interpreters, homes, sizes."""

from __future__ import annotations

import itertools
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks import peers, process
from benchmarks.model import Readings
from benchmarks.postgres_server import PostgresServer
from benchmarks.prefect_server import PrefectServer
from benchmarks.process import Ended


class Options(NamedTuple):
    """What a run of the benchmarks was asked for.

    Attributes:
        only: Numbers of rows; empty for all.
        repeat: Repetitions of each side.
        small: Everything a tenth of its size.
        peers: Whether environments of peers are used.
        cache: Folder of these environments.
    """

    only: tuple[str, ...]
    repeat: int
    small: bool
    peers: bool
    cache: Path


class Bench:
    """The means of measuring.

    Parameters:
        options: What was asked for.
        scratch: An empty folder for homes and output.
        stack: Ends what has been started.
    """

    def __init__(self, options: Options, scratch: Path, stack: ExitStack) -> None:
        self.options = options
        self._scratch = scratch
        self._stack = stack
        self._numbers = itertools.count(1)
        self._server: PrefectServer | None = None
        self._postgres: PostgresServer | None = None

    def size(self, count: int) -> int:
        """How many of something, smaller with `--small`."""
        return max(1, count // 10) if self.options.small else count

    def folder(self) -> Path:
        """A new empty folder."""
        folder = self._scratch / str(next(self._numbers))
        folder.mkdir()
        return folder

    def peer(self, name: str) -> Path:
        """The interpreter of a peer."""
        return peers.interpreter(name, self.options.cache)

    @property
    def server(self) -> PrefectServer:
        """The Prefect server, started when first asked for."""
        if self._server is None:
            server = PrefectServer(self.peer(peers.PREFECT), self._scratch / "prefect")
            self._server = self._stack.enter_context(server)
        return self._server

    @property
    def postgres(self) -> PostgresServer:
        """The PostgreSQL server, started when first asked for."""
        if self._postgres is None:
            self._postgres = self._stack.enter_context(PostgresServer())
        return self._postgres

    def noria(
        self, script: str, *arguments: object, folder: Path | None = None, code: int = 0, **env: str
    ) -> Ended:
        """Run one of `benchmarks.scripts` with Noria.

        Parameters:
            script: Its name.
            arguments: Its arguments.
            folder: Where it runs and has its home; a new one by default.
            code: The exit code that it is to end with.
            env: Further variables.
        """
        folder = folder or self.folder()
        program = ["-m", f"benchmarks.scripts.{script}", *map(str, arguments)]
        extra = process.with_benchmarks({**env, "NORIA_HOME": str(folder / "home")})
        return process.run([sys.executable, *program], folder, extra, code)

    def dbos(self, what: str, count: int) -> Readings:
        """Run the script for DBOS; readings are for one step."""
        program = ("-m", "benchmarks.scripts.dbos_steps", what, str(count))
        extra = process.with_benchmarks({})
        ended = process.run([self.peer(peers.DBOS), *program], self.folder(), extra)
        return each(ended, count)

    def prefect(self, script: str, *arguments: object, count: int, tasks: int = 0) -> Readings:
        """Run one of `benchmarks.scripts` with Prefect; readings are for one of `count`.

        Parameters:
            script: Its name.
            arguments: Its arguments.
            count: What the readings are divided by.
            tasks: How many task runs are to be on record afterwards: then the server's CPU until
                they are is part of the readings.
        """
        server = self.server
        before, cpu, began = server.completed(), server.cpu(), time.perf_counter()
        program = ["-m", f"benchmarks.scripts.{script}", *map(str, arguments)]
        extra = process.with_benchmarks({**server.settings, "BENCH_ENGINE": "prefect"})
        ended = process.run([self.peer(peers.PREFECT), *program], self.folder(), extra)
        readings = each(ended, count)
        if tasks:
            spent, found = server.cost_until(before + tasks, cpu, began)
            readings["server"] = spent / max(1, found - before)
            readings["all"] = readings["cpu"] + readings["server"]
            readings["recorded"] = (found - before) / tasks
        return readings


def each(ended: Ended, count: int) -> Readings:
    """CPU and wall time that the program measured, for one of `count`."""
    return {name: ended.report[name] / count for name in ("cpu", "wall")}
