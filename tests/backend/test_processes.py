"""Which process lives, as the operating system tells it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from noria.backend import processes
from noria.backend.processes import epitaph, is_alive, this_process
from tests.conformance.rows import LEASE, NOON, process

LATER = NOON + 100 * LEASE


@pytest.fixture
def child():
    """A process of our own that waits until it is told to end."""
    command = [sys.executable, "-c", "import sys; print(); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stdout.readline()
        yield started


def row_of(pid: int):
    started = processes.start_time(pid)
    assert started is not None
    return this_process(NOON, LEASE)._replace(pid=pid, started=started)


def test_this_process_lives_however_silent():
    row = this_process(NOON, LEASE)
    assert (row.pid, row.created, row.beat, row.lease) == (os.getpid(), NOON, NOON, LEASE)
    assert row.python == ".".join(map(str, sys.version_info[:3]))
    assert is_alive(row, LATER)


def test_a_process_that_has_ended_does_not_live(child):
    row = row_of(child.pid)
    assert is_alive(row, LATER)
    child.communicate()
    assert not is_alive(row, NOON)


def test_a_killed_process_that_nobody_has_waited_for_does_not_live(child):
    row = row_of(child.pid)
    child.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(row, NOON)


def test_a_pid_that_belongs_to_another_process_now_is_not_ours():
    row = this_process(NOON, LEASE)
    assert not is_alive(row._replace(started=row.started + 1), NOON)


@pytest.mark.parametrize("changes", [{"host": "elsewhere"}, {"boot": "another boot"}])
def test_what_this_host_cannot_see_is_judged_by_its_lease(changes):
    row = this_process(NOON, LEASE)._replace(started=0, **changes)
    assert is_alive(row, NOON + LEASE)
    assert not is_alive(row, NOON + LEASE + 1)


def test_a_process_that_said_goodbye_does_not_live():
    assert not is_alive(this_process(NOON, LEASE)._replace(ended=NOON), NOON)


class TestWithoutProc:
    """As on a system that has no /proc."""

    @pytest.fixture(autouse=True)
    def no_proc(self, monkeypatch):
        monkeypatch.setattr(processes, "_read", lambda path: "")

    def test_a_pid_that_answers_lives_while_its_lease_lasts(self):
        row = this_process(NOON, LEASE)
        assert row.started == 0
        assert is_alive(row, NOON + LEASE)
        assert not is_alive(row, NOON + LEASE + 1)

    def test_a_pid_that_does_not_answer_is_gone_at_once(self, child):
        row = this_process(NOON, LEASE)._replace(pid=child.pid)
        assert is_alive(row, NOON)
        child.communicate()
        assert not is_alive(row, NOON)


def test_a_command_of_any_name_is_read(child, monkeypatch):
    stat = "4711 (a ) b) S " + " ".join(["0"] * 18) + " 12345 0"
    monkeypatch.setattr(processes, "_read", lambda path: stat)
    assert processes.start_time(4711) == 12345


def test_an_epitaph_names_pid_and_host():
    assert epitaph(process(verdict="exit code 3", ended=NOON)).startswith(
        "process 4711 on host lab ended: exit code 3; last beat"
    )
    assert epitaph(None) == "its process is not known to the store"
