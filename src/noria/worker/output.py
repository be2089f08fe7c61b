"""What the processes of runs print: through a file to the worker's terminal and the run's log.

A file never makes who prints wait, and outlives the worker. Lines of Noria's own console bear a
mark: they are shown, and not kept, for the log has them already.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import sys
from collections.abc import Callable, Iterator

from noria.backend.port import Backend
from noria.console.stream import show_on
from noria.core import clock
from noria.core.errors import StoreError
from noria.core.records import Batch, LogRow
from noria.core.redaction import redactor
from noria.core.states import TERMINAL_STATES

LOGGER = "noria.worker.output"
MARK = b"\x1e"
HEAD = 20
"""The file begins with so many bytes that say how far it has been read."""
PORTION = 1 << 18
LONGEST = 1 << 16
"""A line that is longer is cut into several."""
KEPT = 10 << 20
"""So many bytes of a run are kept; the rest is shown only."""
_INFO = 20
_SUFFIX = ".out"
_NAME = re.compile(r"([0-9a-f]{32})(-[0-9]+)?\.out")


class _Masked(io.TextIOWrapper):
    """A stream that does not tell secrets."""

    def write(self, text: str) -> int:
        super().write(redactor.mask(text))
        return len(text)


class _Marked(io.StringIO):
    """The stream of Noria's own console."""

    def write(self, text: str) -> int:
        lines = text.encode("utf-8", "backslashreplace").splitlines(keepends=True)
        os.write(2, b"".join(MARK + line for line in lines))
        return len(text)


def take_over(path: str) -> None:
    """Have everything that this process and those below it print go into a file."""
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
        sys.stdout, sys.stderr = _stream(1), _stream(2)
        show_on(_Marked())


def _stream(descriptor: int) -> _Masked:
    raw = open(descriptor, "wb", closefd=False)  # noqa: SIM115 - as long as the process
    return _Masked(raw, "utf-8", "backslashreplace", line_buffering=True)


class Output:
    """What a run prints.

    Parameters:
        path: The file; made when there is none.
        flow_run: The run.
        name: Its name.
        say: Shows a line.
    """

    def __init__(
        self, path: str, flow_run: bytes | None, name: str, say: Callable[[str], None]
    ) -> None:
        self.path = path
        self._run = flow_run
        self._name = name
        self._say = say
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Free again when this process is no more.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise
        self._at = int(os.pread(self._file, HEAD, 0) or HEAD)
        self._note()

    def tell(self, backend: Backend, last: bool = False) -> bool:
        """Show and keep what has been printed since.

        Parameters:
            backend: Where it is kept.
            last: Whether nobody will go on with a line that has not ended.

        Returns:
            Whether there was anything.
        """
        if os.fstat(self._file).st_size <= self._at:
            return False
        data = os.pread(self._file, PORTION, self._at)
        end = data.rfind(b"\n") + 1
        if end == 0 and (last or len(data) >= LONGEST):
            end = len(data) if last else LONGEST
            while 0 < end < len(data) and data[end] & 0xC0 == 0x80:
                end -= 1  # In the midst of a character.
        lines = list(_lines(data[:end]))
        kept = [text for own, text in lines if not own] if self._at < KEPT else []
        if end and self._at < KEPT <= self._at + end:
            kept.append(f"... more than {KEPT >> 20} MB: what follows is not kept")
        now = clock.now()
        rows = [LogRow(self._run, None, now, _INFO, LOGGER, text, None) for text in kept]
        if rows:
            try:
                backend.append(Batch([], [], [], rows, [], []))
            except StoreError:
                return False  # Busy; it is still there the next time.
        self._at += end
        self._note()
        for own, text in lines:
            self._say(text if own else f"{self._name} | {text}")
        return end > 0

    def finish(self, backend: Backend) -> None:
        """Tell the rest, and forget it; what the store does not take now is told later."""
        while self.tell(backend, last=True):
            pass
        if os.fstat(self._file).st_size <= self._at:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
        self.close()

    def close(self) -> None:
        """Leave it to whoever comes next."""
        os.close(self._file)

    def _note(self) -> None:
        os.pwrite(self._file, b"%019d\n" % self._at, 0)


def _lines(data: bytes) -> Iterator[tuple[bool, str]]:
    for line in data.split(b"\n")[: None if data[-1:] != b"\n" else -1]:
        # Noria's console may begin in the midst of a line of somebody else's.
        printed, mark, own = line.partition(MARK)
        if printed or not mark:
            yield False, printed.decode("utf-8", "replace").rstrip("\r")
        if mark:
            yield True, own.decode("utf-8", "replace")


def path_of(folder: str, flow_run: bytes, part: str = "") -> str:
    """The file of a run, or of what else is done for it."""
    return os.path.join(folder, flow_run.hex() + part + _SUFFIX)


def tell_leftovers(folder: str, backend: Backend, say: Callable[[str], None]) -> None:
    """Keep what runs have printed whose worker has died before them."""
    for name in os.listdir(folder):
        found = _NAME.fullmatch(name)
        if found is None:
            continue  # Somebody else's.
        row = backend.flow_run(bytes.fromhex(found[1]))
        if row is not None and row.state not in TERMINAL_STATES:
            continue
        with contextlib.suppress(OSError):
            flow_run, run_name = (None, name) if row is None else (row.id, row.name)
            Output(os.path.join(folder, name), flow_run, run_name, say).finish(backend)
