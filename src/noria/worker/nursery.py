"""The warm process that runs are forked from: it has imported Noria, has one thread, no store.

It is a program of its own (`python -m noria.worker.nursery FD`), so that what the worker has open
is not inherited by anybody. When its socket is closed, whoever runs in it goes on, and it ends.

Once a flow has run, a process is forked that imports the flow's file, a nursery itself, and further
runs of the flow are forked from that one; see `noria.worker.template` for when it must not be.
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
from typing import Any

from noria.worker.orders import Birth, Death, Order, Refusal, Unfit, from_line, to_line
from noria.worker.templates import Templates

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
    "noria.worker.leaving",
    "noria.worker.output",
    "noria.worker.template",
    "sqlite3",
    "uuid_utils",
)
"""What almost every run needs and takes long to import."""
SIZE = 1 << 16


class Nursery:
    """Forks a process for each order, and tells of births and deaths.

    Parameters:
        link: The socket to whoever orders.
        flow: What the processes execute, where it has been loaded already.
    """

    def __init__(self, link: socket.socket, flow: Any = None) -> None:
        self._link = link
        self._flow = flow
        self._pending = b""
        self._children: dict[int, str] = {}
        self._templates = Templates(self._make_template)

    def run(self) -> None:
        """Obey until whoever orders has gone; one that has loaded a flow then sees its children
        off."""
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        self._own = (wake, waker)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Ctrl-C reaches the whole group of a terminal; the worker decides what it means.
        # So does a service manager's SIGTERM.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        obeys = True
        while obeys or (self._flow is not None and self._children):
            listened: list[Any] = [wake, *self._templates.listened()]
            ready, _, _ = select.select([*listened, self._link] if obeys else listened, [], [])
            if wake in ready:
                os.read(wake, SIZE)
                self._bury()
            for template in ready:
                if template not in (wake, self._link):
                    self._hear(template)
            if self._link in ready:
                obeys = self._obey()

    def _obey(self) -> bool:
        received = self._link.recv(SIZE)
        self._pending += received
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            order = from_line(line)
            # One that has loaded a flow is itself what further runs are forked from.
            if self._flow is not None or not self._templates.take(order):
                self._bear(order)
        return bool(received)

    def _hear(self, template: Any) -> None:
        relayed, orphans = self._templates.hear(template)
        for message in relayed:
            self._tell(message)
        for order in orphans:
            self._bear(order)

    def _bear(self, order: Order) -> None:
        pid = self._fork(Refusal(order.key, ""))
        if pid == 0:
            self._live(order)
        elif pid is not None:
            self._children[pid] = order.key
            self._tell(Birth(order.key, pid))

    def _fork(self, refusal: Refusal | None) -> int | None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        try:
            pid = os.fork()
        except OSError as error:
            if refusal is not None:
                self._tell(refusal._replace(why=str(error)))
            return None
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for descriptor in self._own:
                os.close(descriptor)
            self._link.close()
            self._templates.forget()
        return pid

    def _live(self, order: Order) -> None:
        """In the child: never returns."""
        status = 1
        try:
            # A group of its own: whoever ends the run ends what it has started, too.
            os.setpgid(0, 0)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            importlib.import_module("noria.worker.output").take_over(order.output)
            if "numpy.random" in sys.modules:
                # Other generators are seeded anew by whoever made them.
                sys.modules["numpy.random"].seed()
            child = importlib.import_module("noria.worker.child")
            status = child.run(order, self._flow)
            importlib.import_module("noria.worker.leaving").see_off()
        except BaseException:  # noqa: BLE001 - nothing may return into the nursery's loop
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _make_template(self, order: Order) -> socket.socket | None:
        """A process that imports the flow of an order, and the link to it."""
        ours, theirs = socket.socketpair()
        pid = self._fork(None)
        if pid == 0:
            ours.close()
            _be_template(order, theirs)
        theirs.close()
        if pid is None:
            ours.close()
            return None
        return ours

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            key = self._children.pop(pid, None)
            if key is not None:
                self._tell(Death(key, pid, status))
                if self._flow is None:
                    self._templates.used(key)

    def _tell(self, message: Any) -> None:
        # When whoever orders has gone, the end of its orders says so.
        with contextlib.suppress(OSError):
            self._link.sendall(to_line(message))


def _be_template(order: Order, link: socket.socket) -> None:
    """In the process that is to be forked for a flow's runs: never returns."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            # What the file prints when it is imported was in the log of the run before.
            os.dup2(nothing, stream)
        os.close(nothing)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        flow, verdict = importlib.import_module("noria.worker.template").prepare(order)
        link.sendall(to_line(verdict))
        if not isinstance(verdict, Unfit):
            gc.collect()
            gc.freeze()
            Nursery(link, flow).run()
    finally:
        os._exit(0)


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
