"""The warm process that runs are forked from: it has imported Noria, has one thread, no store.

It is a program of its own (`python -m noria.worker.nursery FD`), so that what the worker has open
is not inherited by anybody. When its socket is closed, whoever runs in it goes on, and it ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys

from noria.worker.orders import Birth, Death, Order, Refusal, from_line, to_line

PRELOADED = (
    "asyncio",
    "logging",
    "noria.backend.local",
    "noria.engine.opening",
    "noria.engine.logs",
    "noria.flows",
    "noria.loading",
    "noria.tasks",
    "noria.task_runners",
    "noria.worker.child",
    "noria.worker.output",
    "sqlite3",
    "uuid_utils",
)
"""What almost every run needs and takes long to import."""
SIZE = 1 << 16


class Nursery:
    """Forks a process for each order, and tells of births and deaths.

    Parameters:
        link: The socket to the worker.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._pending = b""
        self._children: dict[int, str] = {}

    def run(self) -> None:
        """Obey until the worker has gone."""
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Ctrl-C reaches the whole group of a terminal; the worker decides what it means.
        # So does a service manager's SIGTERM.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        while True:
            ready, _, _ = select.select([self._link.fileno(), wake], [], [])
            if wake in ready:
                os.read(wake, SIZE)
                self._bury()
            if self._link.fileno() in ready and not self._obey(wake, waker):
                return

    def _obey(self, *own: int) -> bool:
        received = self._link.recv(SIZE)
        self._pending += received
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            self._bear(from_line(line), own)
        return bool(received)

    def _bear(self, order: Order, own: tuple[int, ...]) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(Refusal(order.flow_run, str(error)))
            return
        if pid == 0:
            self._live(order, own)
        self._children[pid] = order.flow_run
        self._tell(Birth(order.flow_run, pid))

    def _live(self, order: Order, own: tuple[int, ...]) -> None:
        """In the child: never returns."""
        status = 1
        try:
            # A group of its own: whoever ends the run ends what it has started, too.
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for descriptor in own:
                os.close(descriptor)
            self._link.close()
            importlib.import_module("noria.worker.output").take_over(order.output)
            child = importlib.import_module("noria.worker.child")
            status = child.run(order)
        except BaseException:  # noqa: BLE001 - nothing may return into the nursery's loop
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            flow_run = self._children.pop(pid, None)
            if flow_run is not None:
                self._tell(Death(flow_run, pid, status))

    def _tell(self, message: Birth | Death | Refusal) -> None:
        # When the worker has gone, the end of its orders says so.
        with contextlib.suppress(OSError):
            self._link.sendall(to_line(message))


def main() -> None:
    """The program."""
    for module in PRELOADED:
        importlib.import_module(module)
    # What is there already is shared with all children for as long as nobody touches it.
    gc.collect()
    gc.freeze()
    Nursery(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
