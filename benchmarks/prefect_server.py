"""A Prefect server on loopback, with a home of its own, for as long as the benchmark lasts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import process
from benchmarks.model import ScenarioError

START_SECONDS = 120.0
RECORD_SECONDS = 90.0
IDLE_SECONDS = 3.0
"""How long the server is watched doing nothing, so that this can be taken off."""
POLL_SECONDS = 0.1


class PrefectServer:
    """The server, as a context manager.

    Parameters:
        python: The interpreter that has Prefect.
        folder: Where its home is made.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._idle = 0.0

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which a client finds the server."""
        return {
            "PREFECT_HOME": str(self._folder / "home"),
            "PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        command: list[str | Path] = [self._python, "-m", "prefect", "server", "start", "--no-ui"]
        command += ["--host", "127.0.0.1", "--port", str(self._port)]
        with (self._folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=process.environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._await("the server to start", self._healthy, START_SECONDS)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        before = self.cpu()
        time.sleep(IDLE_SECONDS)
        self._idle = (self.cpu() - before) / IDLE_SECONDS
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        server = self._process
        if server is None:
            return
        ours = _family(server.pid)
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        for pid in ours - {server.pid}:
            if os.path.exists(f"/proc/{pid}"):
                os.kill(pid, signal.SIGKILL)

    def cpu(self) -> float:
        """Seconds of CPU of the server so far, with its children; 0 where there is no /proc."""
        if self._process is None:
            return 0.0
        return sum(map(_cpu_of, _family(self._process.pid)))

    def completed(self) -> int:
        """How many task runs are on record as Completed."""
        body = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
        return int(json.loads(self._ask("task_runs/count", body)))

    def cost_until(self, completed: int, cpu: float, began: float) -> tuple[float, int]:
        """Wait until so many task runs are on record, at most RECORD_SECONDS.

        Parameters:
            completed: How many there are to be.
            cpu: The server's CPU before the client began.
            began: When that was, on `time.perf_counter`.

        Returns:
            Seconds of CPU since then beyond what an idle server takes, and how many there are.
        """
        deadline = time.perf_counter() + RECORD_SECONDS
        while (found := self.completed()) < completed and time.perf_counter() < deadline:
            time.sleep(POLL_SECONDS)
        idle = self._idle * (time.perf_counter() - began)
        return max(0.0, self.cpu() - cpu - idle), found

    def _healthy(self) -> bool:
        try:
            return self._ask("health").strip() == b"true"
        except (urllib.error.URLError, OSError):
            return False

    def _ask(self, path: str, body: object = None) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        # No proxy stands between two ends of one machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return bytes(answer.read())

    def _await(self, what: str, happened: Callable[[], bool], seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        while not happened():
            dead = self._process is not None and self._process.poll() is not None
            if dead or time.perf_counter() > deadline:
                raise ScenarioError(f"waited in vain for {what}; see server.log")
            time.sleep(POLL_SECONDS)


def _family(pid: int) -> set[int]:
    """A process with all below it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        stat = _stat(int(folder.name))
        if stat:
            parents[int(folder.name)] = int(stat[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _cpu_of(pid: int) -> float:
    """User and system time of a process and of the children it has waited for, seconds."""
    stat = _stat(pid)
    return sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK") if stat else 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name before them may hold spaces and parentheses.
    return text.rpartition(")")[2].split()
