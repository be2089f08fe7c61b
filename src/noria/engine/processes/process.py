"""One child process, as the thread that owns it sees it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading

from noria.engine.processes.channel import Channel

GRACE = 2.0
"""Seconds between asking a process to end and killing it."""
CLOSE_SECONDS = 5.0
"""Seconds that an idle process has to end by itself."""
_ROOT = __name__.partition(".")[0]
_ALIAS = f"{_ROOT}.compat.prefect"
"""The module that has others found under another name, for whoever has imported it."""
_PROGRAM = """\
import os, sys
path = b""
while len(path) < {length}:
    path += os.read({read}, {length} - len(path)) or sys.exit()
sys.path[:] = os.fsdecode(path).split("\\0")
{hooks}
from {root}.engine.processes.child import main
main({read}, {write})
"""


class ChildProcess:
    """A process that makes the calls it is sent.

    It leads a process group of its own: Ctrl-C in the terminal does not reach it, and ending it
    also ends what its task has started.

    Parameters:
        set_up: Pickle of the `SetUp`.

    Raises:
        OSError: The system gives no process.
    """

    def __init__(self, set_up: bytes) -> None:
        self.tasks: set[bytes] = set()
        """Digests of the tasks that it has."""
        self.groups: set[int] = set()
        """Numbers of the groups that it knows."""
        self.flow_run: bytes | None = None
        """The flow run that it knows."""
        self._killer: threading.Timer | None = None
        incoming, its_outgoing = os.pipe()
        its_incoming, outgoing = os.pipe()
        # Before anything can be imported there, this one's search path has to be in place.
        path = os.fsencode("\0".join(map(str, sys.path)))
        program = _PROGRAM.format(
            read=its_incoming,
            write=its_outgoing,
            length=len(path),
            root=_ROOT,
            hooks=f"import {_ALIAS}" if _ALIAS in sys.modules else "",
        )
        try:
            self._popen = subprocess.Popen(
                [sys.executable, *_interpreter_flags(), "-c", program],
                stdin=subprocess.DEVNULL,
                pass_fds=(its_incoming, its_outgoing),
                process_group=0,
            )
        except BaseException:
            os.close(incoming)
            os.close(outgoing)
            raise
        finally:
            os.close(its_incoming)
            os.close(its_outgoing)
        self.pid = self._popen.pid
        self.channel = Channel(incoming, outgoing)
        try:
            self.channel.send_bytes(path)
            self.channel.send_pickle(set_up)
        except BrokenPipeError:
            # It ended at once; whoever hands it a task is told how.
            return

    def lives(self) -> bool:
        """Whether the process is still there."""
        return self._popen.poll() is None

    def interrupt(self) -> None:
        """Ask the process to end, and kill it if it does not; any thread may."""
        if self._killer is None:
            self._killer = threading.Timer(GRACE, self._popen.kill)
            self._killer.daemon = True
            self._killer.start()
        self._popen.terminate()

    def end(self) -> None:
        """Wait until the process has ended, by force if need be, and what it has started too."""
        if not self._ends_within(GRACE):
            self._popen.kill()
            self._popen.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._release()

    def close(self) -> None:
        """Let an idle process end by itself."""
        with contextlib.suppress(BrokenPipeError):
            # Closing the pipe may not reach it: what the flow has forked may hold it open.
            self.channel.send(None)
        self.channel.close_outgoing()
        if self._ends_within(CLOSE_SECONDS):
            self._release()
        else:
            self.interrupt()
            self.end()

    def _ends_within(self, seconds: float) -> bool:
        if self._popen.returncode is not None:
            return True
        with contextlib.suppress(OSError, AttributeError):
            # Where there is such a thing, it tells at once; `Popen.wait` looks now and then.
            file = os.pidfd_open(self.pid)
            try:
                ended = select.poll()
                ended.register(file, select.POLLIN)
                ended.poll(seconds * 1000)
            finally:
                os.close(file)
            seconds = 0.0
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def epitaph(self) -> str:
        """How an ended process has come to its end: `was killed by SIGKILL`."""
        code = self._popen.returncode
        if code is None:
            return "has closed its pipe"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def _release(self) -> None:
        if self._killer is not None:
            self._killer.cancel()
        self.channel.close()


def _interpreter_flags() -> list[str]:
    """The options that this interpreter was started with, `-O`, `-W` and `-X` among them."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return flags
