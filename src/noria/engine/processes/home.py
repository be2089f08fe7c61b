"""In a child: talking to the flow's process, from whatever thread."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

from noria.engine.processes.channel import Channel
from noria.engine.processes.messages import Kind

_ATOMIC = 4096 - 8
"""A write of up to so many bytes (PIPE_BUF, less the header) is made whole or not at all."""


class Home:
    """The flow's process, as its child sees it.

    The deadline of a nested task is an exception that may strike at any moment. What would leave
    half a message behind is therefore done in a thread that no exception is aimed at.
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
        answers: list[tuple[bool, Any]] = []
        _beside(lambda: answers.append(self._converse((Kind.ASK, what, content))))
        if not answers:
            raise RuntimeError("The process of the flow has ended.")
        answered, value = answers[0]
        if answered:
            return value
        raise value

    def _converse(self, question: object) -> tuple[bool, Any]:
        with self._asking:
            self._channel.send(question)
            answer: tuple[bool, Any] = self._channel.receive()
        return answer

    def _send(self, message: object) -> None:
        if os.getpid() != self._pid:
            # Forked by the task: the pipe is not this process's to write to.
            return
        blob = pickle.dumps(message, 5)
        if len(blob) > _ATOMIC:
            _beside(lambda: self._channel.send_pickle(blob))
            return
        try:
            self._channel.send_pickle(blob)
        except BrokenPipeError:
            # Nobody is left to tell; the watch over the flow's process ends this one.
            return


def _beside(fn: Callable[[], object]) -> None:
    """Call `fn` in a thread of its own, to its end even if the caller is called off."""

    def call() -> None:
        try:
            fn()
        except (EOFError, BrokenPipeError):
            # As above.
            return

    thread = threading.Thread(target=call, name="noria-home", daemon=True)
    thread.start()
    thread.join()
