"""Telling whoever started this process that it is ready."""

from __future__ import annotations

import os
import socket

import pytest

from noria.services.readiness import READY, VARIABLE, say_ready


@pytest.mark.parametrize("address", ["{folder}/notify", "@noria-test-{pid}"])
def test_it_is_told_once(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    address = address.format(folder=".", pid=os.getpid())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind("\0" + address[1:] if address[0] == "@" else address)
        monkeypatch.setenv(VARIABLE, address)
        say_ready()
        say_ready()
        assert link.recv(100) == READY
        link.setblocking(False)
        with pytest.raises(BlockingIOError):
            link.recv(100)


def test_nobody_may_want_to_know(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    say_ready()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    say_ready()
