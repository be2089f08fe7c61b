"""Workers and loops that run in the background of this machine: what is known of them, in files.

Each has a minder, a process that starts it, keeps its log, and starts it again when it dies. While
the minder lives it holds a lock, so that nobody takes another process with its number for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from noria.core import clock

_NAME = re.compile(r"[\w.-]+")
LOOK_SECONDS = 0.05


class Standing(StrEnum):
    """How a service stands."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """It has died, and is started again in a moment."""
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    """Its minder is gone without having stopped it."""


@dataclass
class Daemon:
    """A service as its minder has last written it down.

    Attributes:
        name: Unique in its folder.
        command: What it is started with, behind `python -m noria`.
        folder: Where it runs.
        standing: How it stands.
        minder: The process that looks after it.
        pid: Its own process.
        since: When it was started last, microseconds since the epoch.
        restarts: How often it has died and was started again.
        verdict: How it ended last.
    """

    name: str
    command: list[str]
    folder: str
    standing: str = Standing.STOPPED
    minder: int | None = None
    pid: int | None = None
    since: int | None = None
    restarts: int = 0
    verdict: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that it is started with beside those of the minder."""


class Daemons:
    """The services of a home.

    Parameters:
        home: The folder of Noria; they have a folder in it.

    Example:
        >>> import tempfile
        >>> daemons = Daemons(tempfile.mkdtemp())
        >>> daemons.save(Daemon("worker", ["worker", "start"], "/srv"))
        >>> [each.name for each in daemons.all()], daemons.is_minded("worker")
        (['worker'], False)
    """

    def __init__(self, home: str) -> None:
        self.folder = os.path.join(home, "services")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)

    def all(self) -> list[Daemon]:
        """All that were ever started, by name, as they stand now."""
        names = [name[:-5] for name in os.listdir(self.folder) if name.endswith(".json")]
        found = (self.get(name) for name in sorted(names))
        return [each for each in found if each is not None]

    def get(self, name: str) -> Daemon | None:
        """One as it stands now; None when it was never started."""
        try:
            with open(self.path(name, "json"), encoding="utf-8") as file:
                found = Daemon(**json.load(file))
        except (OSError, ValueError, TypeError):
            return None
        if found.standing != Standing.STOPPED and not self.is_minded(name):
            found.standing, found.pid = Standing.FAILED, None
        return found

    def save(self, daemon: Daemon) -> None:
        """Write down how one stands."""
        path = self.path(daemon.name, "json")
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(asdict(daemon), file, ensure_ascii=False)
        os.replace(path + ".new", path)

    def path(self, name: str, kind: str) -> str:
        """One of its files: `json`, `log` or `lock`."""
        return os.path.join(self.folder, f"{name}.{kind}")

    def is_minded(self, name: str) -> bool:
        """Whether its minder lives."""
        with contextlib.suppress(OSError), self._lock(name) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        return True

    @contextlib.contextmanager
    def minding(self, name: str) -> Iterator[None]:
        """In a minder: be known as the one of a service.

        Raises:
            BlockingIOError: It has one.
        """
        with self._lock(name) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def start(self, daemon: Daemon) -> bool:
        """Start the minder of a service, and with it the service; False when it has one."""
        if self.is_minded(daemon.name):
            return False
        daemon.standing, daemon.verdict, daemon.restarts = Standing.STARTING, None, 0
        self.save(daemon)
        launched = subprocess.run(
            [sys.executable, "-m", "noria.services.minder", self.folder, daemon.name],
            cwd=daemon.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
        return launched.returncode == 0

    def wait_until_ready(self, name: str, seconds: float) -> Daemon | None:
        """How a service that was started stands once it is ready, or has failed to start."""
        end = clock.monotonic() + seconds
        while True:
            found = self.get(name)
            if found is None or found.standing != Standing.STARTING or clock.monotonic() > end:
                return found
            clock.pause(LOOK_SECONDS)

    def stop(self, name: str, seconds: float) -> bool:
        """Ask a service to end, and wait for it.

        Parameters:
            name: The service.
            seconds: How long to wait before it is asked again, which stops what is under way.

        Returns:
            Whether it has ended by itself in that time.
        """
        asked = self._signal(name)
        in_time = self._wait_until_gone(name, seconds)
        if asked and not in_time:
            self._signal(name)
            self._wait_until_gone(name, None)
        return in_time

    def _signal(self, name: str) -> bool:
        found = self.get(name)
        if found is None or found.minder is None or not self.is_minded(name):
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.minder, signal.SIGTERM)
        return True

    def _wait_until_gone(self, name: str, seconds: float | None) -> bool:
        end = None if seconds is None else clock.monotonic() + seconds
        while self.is_minded(name):
            if end is not None and clock.monotonic() > end:
                return False
            clock.pause(LOOK_SECONDS)
        return True

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        lock = os.open(self.path(name, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield lock
        finally:
            os.close(lock)


def check_name(name: str) -> str | None:
    """What is wrong with the name of a service; None if nothing is.

    Example:
        >>> check_name("worker-1"), check_name("a/b")
        (None, 'expected letters, digits, and any of . _ -')
    """
    return None if _NAME.fullmatch(name) else "expected letters, digits, and any of . _ -"


def noria_command(arguments: Sequence[str]) -> list[str]:
    """The command line of a call of noria by the Python that runs now."""
    return [sys.executable, "-m", "noria", *arguments]
