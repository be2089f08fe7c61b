"""The process that looks after a service in the background: `python -m noria.services.minder`.

It starts the service, writes what that prints to a log, and starts it again when it dies. SIGTERM
is passed on; when the service has ended, so does its minder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from typing import Any

from noria.core import clock
from noria.services.daemons import Daemon, Daemons, Standing, noria_command
from noria.services.readiness import READY, VARIABLE
from noria.services.signals import Signals, listening

LOG_SIZE = 10 << 20
LOGS = 3
"""So many old logs are kept."""
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
"""How long to wait before it is started again, seconds: longer each time."""
STEADY_SECONDS = 60.0
"""Who has lived so long has not died of being started."""
LOOK_SECONDS = 1.0
SIZE = 1 << 16


class Minder:
    """Looks after one service.

    Parameters:
        daemons: Where it is written down.
        daemon: The service.
    """

    def __init__(self, daemons: Daemons, daemon: Daemon) -> None:
        self._daemons = daemons
        self._daemon = daemon
        self._log = _log(daemons.path(daemon.name, "log"))
        self._failures = 0

    def run(self) -> None:
        """Keep the service running until it is told to stop."""
        self._daemon.minder = os.getpid()
        with listening() as signals:
            while not signals.heard:
                status = self._live(signals)
                if status == 0 or signals.heard:
                    break
                self._pause(signals)
        self._note(Standing.STOPPED)

    def _live(self, signals: Signals) -> int:
        """One life of the service; how it ended."""
        daemon, born = self._daemon, clock.monotonic()
        with _notices() as (notices, address):
            child = subprocess.Popen(
                noria_command(daemon.command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=daemon.folder,
                env={**os.environ, **daemon.environment, VARIABLE: address},
            )
            daemon.pid, daemon.since = child.pid, clock.now()
            self._note(Standing.STARTING)
            self._listen(child, notices, signals)
        status = child.wait()
        daemon.pid = None
        daemon.verdict = _verdict(status)
        self._say(f"ended: {daemon.verdict}")
        if clock.monotonic() - born > STEADY_SECONDS:
            self._failures = 0
        return status

    def _listen(
        self, child: subprocess.Popen[bytes], notices: socket.socket, signals: Signals
    ) -> None:
        """Write down what the service prints, and pass on what it is to hear, until it ends."""
        assert child.stdout is not None
        passed, pending = 0, b""
        listened: list[Any] = [child.stdout, notices, signals.wake]
        while True:
            ready, _, _ = select.select(listened, [], [], LOOK_SECONDS)
            if not ready and child.poll() is not None:
                return  # Something that it has started holds its output open.
            if signals.wake in ready:
                signals.drain()
            for _ in signals.heard[passed:]:
                passed += 1
                self._note(Standing.STOPPING)
                child.send_signal(signal.SIGTERM)
            if notices in ready and READY in notices.recv(SIZE) and not signals.heard:
                self._note(Standing.RUNNING)
            if child.stdout in ready:
                data = os.read(child.stdout.fileno(), SIZE)
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._log.info("%s", line.decode("utf-8", "replace"))
                if not data:
                    if pending:
                        self._log.info("%s", pending.decode("utf-8", "replace"))
                    return

    def _pause(self, signals: Signals) -> None:
        seconds = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._daemon.restarts += 1
        self._say(f"started again in {seconds:g} s")
        self._note(Standing.WAITING)
        if select.select([signals.wake], [], [], seconds)[0]:
            signals.drain()

    def _note(self, standing: Standing) -> None:
        self._daemon.standing = standing
        self._daemons.save(self._daemon)

    def _say(self, text: str) -> None:
        now = clock.to_datetime(clock.now())
        self._log.info("%s", f"{now:%Y-%m-%d %H:%M:%S} UTC  {self._daemon.name} {text}")


@contextlib.contextmanager
def _notices() -> Iterator[tuple[socket.socket, str]]:
    """Where the service says that it is ready."""
    with tempfile.TemporaryDirectory(prefix="noria-") as folder:
        address = os.path.join(folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.bind(address)
            yield notices, address


def _log(path: str) -> logging.Logger:
    logger = logging.Logger("minder", logging.INFO)
    handler = RotatingFileHandler(path, maxBytes=LOG_SIZE, backupCount=LOGS, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    return logger


def _verdict(status: int) -> str:
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"killed by signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"killed by signal {-status}"


def main(folder: str, name: str) -> None:
    """The program.

    Parameters:
        folder: Of the services.
        name: Of the service.
    """
    daemons = Daemons(os.path.dirname(folder))
    daemon = daemons.get(name)
    if daemon is None:
        sys.exit(f"there is no service {name} in {folder}")
    told, tell = os.pipe()
    if os.fork():
        # Whoever has started this waits no longer than until the service has a minder.
        os.close(tell)
        sys.exit(0 if os.read(told, 1) else 1)
    os.close(told)
    with daemons.minding(name):
        os.write(tell, b"1")
        os.close(tell)
        Minder(daemons, daemon).run()


if __name__ == "__main__":
    main(*sys.argv[1:3])
