"""What the operating system says of processes: which one this is, and whether another lives."""

from __future__ import annotations

import functools
import os
import sys

from noria.core import clock, ids
from noria.core.breakers import Holder, Moment
from noria.core.records import ProcessRow

COMMAND_LENGTH = 500
_GONE_STATES = "ZXx"


def this_process(now: int, lease: int) -> ProcessRow:
    """This process as a row, with a new id.

    Parameters:
        now: Microseconds since the epoch.
        lease: How long it may be silent before another host calls it dead, in microseconds.
    """
    pid = os.getpid()
    return ProcessRow(
        id=ids.new_id(),
        host=host_name(),
        boot=boot_id(),
        pid=pid,
        started=start_time(pid) or 0,
        command=" ".join(sys.argv)[:COMMAND_LENGTH],
        python=sys.version.split()[0],
        created=now,
        beat=now,
        lease=lease,
        ended=None,
        verdict=None,
    )


def host_name() -> str:
    """The name of this host."""
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "?")


def boot_id() -> str:
    """What pids of this boot have in common; empty where the system does not say."""
    boot = _read("/proc/sys/kernel/random/boot_id").strip()
    try:
        # Two containers on one host can have the same host name, but their pids are not the same.
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return boot


def start_time(pid: int) -> int | None:
    """When a process of this host started, in ticks; None when it has gone or nobody can tell."""
    # The command's name, in parentheses, may itself contain blanks and parentheses.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in _GONE_STATES:
        return None
    return int(fields[19])


def is_stopped(pid: int) -> bool:
    """Whether somebody has stopped a process of this host, as SIGSTOP does."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] in (["T"], ["t"])


def is_alive(row: ProcessRow, now: int) -> bool:
    """Whether a process lives: this host knows its own, of others only the lease can tell."""
    if row.ended is not None:
        return False
    if is_here(row):
        if row.started:
            return start_time(row.pid) == row.started
        if not _answers(row.pid):
            return False
    return now <= row.beat + row.lease


def is_here(row: ProcessRow) -> bool:
    """Whether a process is one of this host, since it was last booted."""
    return (row.host, row.boot) == (host_name(), boot_id())


def moment() -> Moment:
    """Now, in a form in which spans of time can be measured however clocks are set."""
    boot = _boot() if clock.is_steady() else ""
    return Moment(clock.now(), int(clock.monotonic() * 1_000_000), boot)


def holder(process: bytes) -> Holder:
    """This process, or child of a process, as one that holds something.

    Parameters:
        process: The id of the session's process.
    """
    pid = os.getpid()
    return Holder(process, pid, _started(pid))


@functools.cache
def _boot() -> str:
    return boot_id()


@functools.lru_cache(maxsize=1)
def _started(pid: int) -> int:
    return start_time(pid) or 0


def epitaph(row: ProcessRow | None) -> str:
    """A sentence on how a process that is not alive has come to its end."""
    if row is None:
        return "its process is not known to the store"
    who = f"process {row.pid} on host {row.host}"
    last = f"last beat {clock.to_datetime(row.beat):%Y-%m-%d %H:%M:%S} UTC"
    if row.verdict:
        return f"{who} ended: {row.verdict}; {last}"
    if row.ended is not None:
        return f"{who} ended without finishing the run; {last}"
    if is_here(row) and not is_alive(row, row.beat):
        return f"{who} is gone; {last}; killed or crashed without a word"
    return f"{who} has been silent for longer than its lease of {row.lease / 1e6:g} s; {last}"


def _answers(pid: int) -> bool:
    if os.name == "nt":  # There, os.kill would end the process; the lease has to tell.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
