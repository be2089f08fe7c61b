"""Telling whoever has started this process that it is ready.

The protocol is that of systemd: a datagram to the socket that `NOTIFY_SOCKET` names, see
sd_notify(3).
"""

from __future__ import annotations

import contextlib
import os
import socket

VARIABLE = "NOTIFY_SOCKET"
READY = b"READY=1"


def say_ready() -> None:
    """Tell it; nothing happens when nobody wants to know, or is there no more."""
    address = os.environ.pop(VARIABLE, "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto(READY, address)
