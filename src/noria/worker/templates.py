"""The processes that have imported the files of flows, as the nursery sees them."""

from __future__ import annotations

import contextlib
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from noria.core import clock
from noria.worker.orders import Birth, Death, Lost, Order, Ready, Refusal, Unfit, from_line, to_line
from noria.worker.template import stamp

MOST = 8
"""How many there are at most."""
AGE_SECONDS = 900.0
"""How long one is forked at most: what a file has fetched when it was imported grows old."""
AGAIN_SECONDS = 300.0
"""When to look again whether what could not be forked has been changed."""
SIZE = 1 << 16

Name = tuple[str, str | None, tuple[tuple[str, str], ...]]


def name_of(order: Order) -> Name:
    """What runs must have in common to be forked from one process."""
    return order.entrypoint, order.path, tuple(sorted(order.environment.items()))


class Template:
    """A process that has imported the file of a flow, or is about to."""

    def __init__(self, name: Name, link: socket.socket) -> None:
        self.name = name
        self.link = link
        self.made = clock.monotonic()
        self.files: dict[str, list[int] | None] | None = None
        """None until it can be forked."""
        self.pending = b""
        self.waiting: dict[str, Order] = {}
        """What it has been told to fork and has not yet."""
        self.born: set[str] = set()

    def is_current(self) -> bool:
        """Whether another import would find the same."""
        if self.files is None or clock.monotonic() - self.made > AGE_SECONDS:
            return False
        return all(stamp(path) == before for path, before in self.files.items())

    def retire(self) -> None:
        """Let it end when its last run has."""
        with contextlib.suppress(OSError):
            self.link.shutdown(socket.SHUT_WR)


class Templates:
    """All of them.

    Parameters:
        make: Forks a process that imports the flow of an order; returns the link to it.
    """

    def __init__(self, make: Callable[[Order], socket.socket | None]) -> None:
        self._make = make
        self._current: OrderedDict[Name, Template] = OrderedDict()
        self._all: dict[socket.socket, Template] = {}
        self._seen: dict[str, Order] = {}
        self._unfit: dict[Name, float] = {}

    def listened(self) -> list[socket.socket]:
        """For `select`."""
        return list(self._all)

    def take(self, order: Order) -> bool:
        """Have an order done by a process that has imported its flow; False when there is none."""
        name = name_of(order)
        template = self._current.get(name)
        if template is None:
            if order.warm:
                self._seen[order.key] = order
            return False
        if template.files is None:
            return False
        if not template.is_current() or not self._send(template, order):
            del self._current[name]
            template.retire()
            self._seen[order.key] = order
            return False
        self._current.move_to_end(name)
        return True

    def used(self, key: str) -> None:
        """A run has ended that was not forked from one of them: the next may be."""
        order = self._seen.pop(key, None)
        if order is None or name_of(order) in self._current:
            return
        name = name_of(order)
        if clock.monotonic() < self._unfit.get(name, 0.0):
            return
        link = self._make(order)
        if link is None:
            return
        self._current[name] = self._all[link] = Template(name, link)
        if len(self._current) > MOST:
            self._current.popitem(last=False)[1].retire()

    def hear(self, link: socket.socket) -> tuple[list[Any], list[Order]]:
        """What one of them says.

        Returns:
            What is to be told to the worker, and what is to be done without that process.
        """
        template = self._all[link]
        try:
            received = link.recv(SIZE)
        except OSError:
            received = b""
        if not received:
            return self._bury(template)
        *lines, template.pending = (template.pending + received).split(b"\n")
        return [message for line in lines if self._note(template, message := from_line(line))], []

    def forget(self) -> None:
        """In a forked child: they belong to the parent."""
        for link in self._all:
            link.close()
        self._all, self._current = {}, OrderedDict()

    def _send(self, template: Template, order: Order) -> bool:
        try:
            template.link.sendall(to_line(order))
        except OSError:
            return False
        template.waiting[order.key] = order
        return True

    def _note(self, template: Template, message: Any) -> bool:
        """Whether the worker is to be told."""
        if isinstance(message, Ready):
            template.files = message.files
        elif isinstance(message, Unfit):
            self._unfit[template.name] = clock.monotonic() + AGAIN_SECONDS
        elif isinstance(message, Birth):
            template.waiting.pop(message.key, None)
            template.born.add(message.key)
        elif isinstance(message, Death):
            template.born.discard(message.key)
        elif isinstance(message, Refusal):
            template.waiting.pop(message.key, None)
        return not isinstance(message, Ready | Unfit)

    def _bury(self, template: Template) -> tuple[list[Any], list[Order]]:
        del self._all[template.link]
        if self._current.get(template.name) is template:
            del self._current[template.name]
        template.link.close()
        return [Lost(key) for key in sorted(template.born)], list(template.waiting.values())
