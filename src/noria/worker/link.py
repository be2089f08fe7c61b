"""The worker's end of the link to its nursery."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

from noria.worker.orders import Birth, Death, Lost, Order, Refusal, from_line, to_line

SIZE = 1 << 16
WELL = (0, 1, 3)
"""Exit codes of processes that have said how their runs ended; see `noria.worker.child`."""


class Link:
    """A nursery that runs, and what it says.

    Example:
        >>> link = Link()
        >>> link.close()
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._pending = b""
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "noria.worker.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
            )

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def order(self, order: Order) -> None:
        """Have a run executed.

        Raises:
            OSError: The nursery has gone.
        """
        self._socket.sendall(to_line(order))

    def hear(self) -> Iterator[Birth | Death | Refusal | Lost]:
        """What it has said; waits for something if there is nothing.

        Raises:
            EOFError: The nursery has gone.
        """
        received = self._socket.recv(SIZE)
        if not received:
            raise EOFError("the nursery has ended")
        self._pending += received
        *lines, self._pending = self._pending.split(b"\n")
        yield from map(from_line, lines)

    def close(self) -> None:
        """Let the nursery end; what was forked from it goes on."""
        self._socket.close()
        self._process.wait()


def how_it_ended(status: int) -> str | None:
    """A sentence on a process that did not end well; None for one that did.

    Example:
        >>> how_it_ended(9), how_it_ended(0)
        ('killed by signal 9 (SIGKILL)', None)
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return None if code in WELL else f"ended with exit code {code}"
    import signal  # noqa: PLC0415 - few processes are killed

    try:
        return f"killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"killed by signal {-code}"
