"""Messages over a pair of pipes."""

from __future__ import annotations

import os
import pickle
import select
import struct
import threading
from typing import Any

_HEADER = struct.Struct("<Q")
_AT_ONCE = 1 << 16
"""Up to so many bytes are copied into one write; more cost less in two."""

NOTHING = object()
"""What `receive` gives when no message came in time."""


class Channel:
    """Messages to and from one other process. One thread receives, any thread may send.

    Parameters:
        incoming: File descriptor that the other process writes to.
        outgoing: File descriptor that it reads from.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._sending = threading.Lock()
        self._poll = select.poll()
        self._poll.register(incoming, select.POLLIN)

    def send(self, message: object) -> None:
        """Send any value that pickle knows.

        Raises:
            BrokenPipeError: The other process has ended.
        """
        self.send_pickle(pickle.dumps(message, 5))

    def send_pickle(self, blob: bytes) -> None:
        """Send a message that is pickled already."""
        header = _HEADER.pack(len(blob))
        with self._sending:
            if len(blob) <= _AT_ONCE:
                _write(self._outgoing, header + blob)
            else:
                _write(self._outgoing, header)
                _write(self._outgoing, blob)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes that are no message, before the other process listens for messages."""
        with self._sending:
            _write(self._outgoing, data)

    def receive(self, seconds: float | None = None) -> Any:
        """The next message.

        Parameters:
            seconds: How long to wait for it to begin; None for ever.

        Returns:
            The message, or `NOTHING` when none has begun in time.

        Raises:
            EOFError: The other process has ended.
        """
        if seconds is not None and not self._poll.poll(seconds * 1000):
            return NOTHING
        (length,) = _HEADER.unpack(_read(self._incoming, _HEADER.size))
        return pickle.loads(_read(self._incoming, length))

    def close_outgoing(self) -> None:
        """Let the other process read to the end."""
        if self._outgoing >= 0:
            os.close(self._outgoing)
            self._outgoing = -1

    def close(self) -> None:
        """Release both pipes."""
        self.close_outgoing()
        if self._incoming >= 0:
            os.close(self._incoming)
            self._incoming = -1


def _write(file: int, data: bytes) -> None:
    written = os.write(file, data)
    if written < len(data):
        rest = memoryview(data)
        while written < len(data):
            written += os.write(file, rest[written:])


def _read(file: int, length: int) -> bytes | bytearray:
    first = os.read(file, length)
    if len(first) == length:
        return first
    if not first:
        raise EOFError
    whole = bytearray(length)
    whole[: len(first)] = first
    done = len(first)
    with memoryview(whole) as view:
        while done < length:
            count = os.readv(file, [view[done:]])
            if not count:
                raise EOFError
            done += count
    return whole
