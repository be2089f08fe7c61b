"""In a child: talking to the flow's process, from whatever thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from noria.engine.gate import gate
from noria.engine.processes.channel import Channel
from noria.engine.processes.messages import Kind


class Home:
    """The flow's process, as its child sees it.

    While a message is on its way the thread's gate is shut: the deadline of a nested task or a
    signal would otherwise leave half of it behind.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._asking = threading.Lock()
        self._pid = os.getpid()

    def record(self, record: Any) -> None:
        """Send a record for the journal."""
        self._send((Kind.RECORD, record))

    def tell(self, what: str, *content: Any) -> None:
        """Send news that need no answer."""
        self._send((Kind.TELL, what, content))

    def ask(self, what: str, *content: Any) -> Any:
        """Ask a question and wait for the answer; raises what was raised in finding it."""
        if os.getpid() != self._pid:
            raise RuntimeError(
                "This process was forked by a task that itself runs in a process of a "
                "ProcessPoolTaskRunner. Tasks and flows cannot be called here."
            )
        with _undisturbed(), self._asking:
            try:
                self._channel.send((Kind.ASK, what, content))
                answered, value = self._channel.receive()
            except (EOFError, BrokenPipeError):
                raise RuntimeError("The process of the flow has ended.") from None
        if answered:
            return value
        raise value

    def _send(self, message: object) -> None:
        if os.getpid() != self._pid:
            # Forked by the task: the pipe is not this process's to write to.
            return
        with _undisturbed():
            try:
                self._channel.send(message)
            except BrokenPipeError:
                # Nobody is left to tell; the watch over the flow's process ends this one.
                return


@contextmanager
def _undisturbed() -> Iterator[None]:
    own = gate()
    was_open = own.shut()
    try:
        yield
    finally:
        own.restore(was_open)
