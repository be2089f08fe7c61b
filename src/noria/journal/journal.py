"""The journal: one queue, one writer thread, one transaction a batch.

Producers only append to a queue in memory. The writer drains it every few milliseconds, folds the
records of the same run, hands the batch to the backend, and once it is committed shows it to the
taps. When the backend cannot take it, the batch is kept and tried again with growing pauses; a full
queue slows the producers, and what is left when the process must end is spooled to a file that the
next start replays. Between batches the same thread renews the process's lease and listens for
cancel requests.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from noria.backend.port import Backend
from noria.core import clock
from noria.core.records import Record
from noria.journal.fold import Folder
from noria.journal.lease import LISTEN_SECONDS, Lease
from noria.journal.masking import Protect, masked_all
from noria.journal.spool import remove_spool, write_spool
from noria.journal.tap import Tap
from noria.journal.telling import tell

GATHER_SECONDS = 0.004
"""How long records gather before they are written."""
IDLE_ROUNDS = 25
"""Empty rounds after which the writer sleeps until it is woken."""
BATCH_RECORDS = 4096
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Pauses between attempts to write a batch that the store refused; the last one repeats."""


class _Mark:
    """Stands in the queue; everything before it is committed once it is reached."""

    __slots__ = ("reached",)

    def __init__(self, reached: Callable[[], object]) -> None:
        self.reached = reached


class Journal:
    """Takes records from any thread and sees them to the backend in order.

    Parameters:
        backend: Where batches go.
        spool_folder: Where records go that the backend never took.
        taps: Listeners, shown every record once it is committed.
        buffer: Records that may wait before `append` blocks its caller.
        flush_timeout: Seconds that `close` waits for the backend before spooling.
        process: The id of this process, which owns what it spools.
    """

    def __init__(
        self,
        backend: Backend,
        spool_folder: str,
        taps: Sequence[Tap] = (),
        buffer: int = 20_000,
        flush_timeout: float = 30.0,
        process: bytes = b"",
    ) -> None:
        self._backend = backend
        self._spool_folder = spool_folder
        self._taps = tuple(taps)
        self._buffer = buffer
        self.flush_timeout = flush_timeout
        self._process = process
        self._queue: deque[Record | _Mark] = deque()
        self._folder = Folder()
        self._unwritten: list[Record] = []
        self._wake = threading.Lock()
        self._wake.acquire()
        self._drain_lock = threading.Lock()
        self._idle = False
        self._closing = False
        self._told = False
        self._hurried = False
        self._spooled: str | None = None
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        self.lease: Lease | None = None
        self.pause = clock.pause
        """How a producer waits for room; to be replaced where a wait has to be interruptible."""
        self.protect: Protect = lambda flow_run, arguments: None
        """What is written of arguments of a flow run that hold a secret."""
        self.on_refused: Callable[[list[bytes]], None] = lambda runs: None
        """Told of runs that a later execution owns."""
        self.give_up: Callable[[], None] = lambda: None
        """Ends the backend's patience with a store that has not taken all before the end."""

    def append(self, record: Record) -> None:
        """Take a record; blocks only while the store is far behind."""
        queue = self._queue
        queue.append(record)
        if self._idle or self._thread is None:
            self._rouse()
        elif len(queue) > self._buffer:
            self._wait_for_room()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything appended so far is committed.

        Parameters:
            timeout: Seconds to wait at most; None waits as long as the journal is told to.

        Returns:
            Whether it is; False when the store has not taken it in time.
        """
        reached = threading.Event()
        self.when_committed(reached.set)
        try:
            return reached.wait(self.flush_timeout if timeout is None else timeout)
        except BaseException:
            self._hurried = True
            raise

    def watch(self) -> None:
        """See to it that somebody looks whether other processes write, also before a first run."""
        if self._thread is None:
            self._start()

    def when_committed(self, fn: Callable[[], object]) -> None:
        """Call `fn`, on the writer's thread, once everything appended so far is committed."""
        self._queue.append(_Mark(fn))
        self._rouse()

    def commit(self) -> None:
        """Wait until everything appended so far is safe: in the store, or if it will not take it
        in time, in a spool file."""
        if not self.flush():
            self.spool_pending()

    def spool_pending(self, last: bool = False) -> None:
        """Put a copy of what the store has not taken yet into a file; writing goes on, and the file
        goes away when the store has taken it all."""
        left = self._left()
        if not left:
            return
        try:
            path = write_spool(self._spool_folder, masked_all(left, self.protect), self._process)
        except OSError as exc:
            if last:
                tell(f"{len(left)} records are lost: {exc}.")
            return
        before, self._spooled = self._spooled, path
        if before is None:
            tell(
                f"the store has not taken {len(left)} records in {self.flush_timeout:g} s; "
                f"they are kept in {os.path.dirname(path)} and will be stored when Noria next "
                "starts."
            )
        else:
            remove_spool(before)
        self._queue.append(_Mark(lambda: self._unspool(path)))

    def _unspool(self, path: str) -> None:
        remove_spool(path)
        if self._spooled == path:
            self._spooled = None

    def close(self) -> None:
        """Write what is left, spool what cannot be written, stop the writer."""
        if self._thread is not None:
            # Whoever has waited once already, or cannot wait, is not made to wait again.
            patient = self._spooled is None and not self._hurried
            written = self.flush(None if patient else 0)
            self._closing = True
            if not written:
                self.give_up()
            self._rouse()
            self._thread.join(timeout=5)
        self.spool_pending(last=True)
        self._show(lambda tap: tap.close())

    def _left(self) -> list[Record]:
        with self._drain_lock:
            return self._unwritten + [r for r in list(self._queue) if not isinstance(r, _Mark)]

    def _rouse(self) -> None:
        if self._thread is None:
            self._start()
        self._idle = False
        # A lock used as a signal: releasing an unlocked one only means the writer is awake already.
        with suppress(RuntimeError):
            self._wake.release()

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="noria-journal", daemon=True)
                self._thread = thread
                thread.start()

    def _wait_for_room(self) -> None:
        if threading.current_thread() is self._thread:
            return
        try:
            while len(self._queue) > self._buffer and not (self._closing or self._hurried):
                self._rouse()
                self.pause(GATHER_SECONDS)
        except BaseException:
            # Interrupted: how the run ended is still to be recorded, without another wait.
            self._hurried = True
            raise

    def _run(self) -> None:
        empty_rounds = 0
        while True:
            self._wake.acquire(timeout=LISTEN_SECONDS if self._idle else GATHER_SECONDS)
            records, marks = self._drain()
            if records:
                empty_rounds = 0
                if not self._write(records):
                    return
            else:
                empty_rounds += 1
                if empty_rounds >= IDLE_ROUNDS and not self._queue:
                    self._idle = True
                    self._show(lambda tap: tap.idle())
            for mark in marks:
                # An event loop that waited for the mark may be closed by now.
                with suppress(Exception):
                    mark.reached()
            self._keep_lease()
            if self._closing and not self._queue:
                return

    def _drain(self) -> tuple[list[Record], list[_Mark]]:
        queue = self._queue
        records: list[Record] = []
        marks: list[_Mark] = []
        with self._drain_lock:
            for _ in range(min(len(queue), BATCH_RECORDS)):
                item = queue.popleft()
                if isinstance(item, _Mark):
                    marks.append(item)
                else:
                    records.append(item)
            self._unwritten = records
        return records, marks

    def _write(self, records: list[Record]) -> bool:
        """Write a batch, however often it takes; False when the journal closes before it could."""
        records = masked_all(records, self.protect)
        batch = self._folder.fold(records)
        attempt = 0
        while True:
            try:
                refused = self._backend.append(batch)
            except Exception as exc:  # noqa: BLE001 - whatever it is, no record may be lost
                if self._closing:
                    return False
                self._tell_once(exc)
                clock.pause(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
                self._keep_lease()
            else:
                break
        self._unwritten = []
        self._hurried = False
        if self._told:
            self._told = False
            tell("the store takes records again; nothing was lost.")
        # Only now: nobody is told of anything that is not committed.
        self._show(lambda tap: tap.see(records))
        if refused:
            self._hand_on(self.on_refused, refused)
        return True

    @staticmethod
    def _hand_on(stop: Callable[[list[bytes]], None], runs: list[bytes]) -> None:
        def hand_on() -> None:
            try:
                stop(runs)
            except Exception as exc:  # noqa: BLE001 - there is nobody else to tell
                tell(f"a run could not be stopped: {exc!r}")

        # Callbacks of the user's are called for what is stopped, and may wait for this writer.
        threading.Thread(target=hand_on, name="noria-stop", daemon=True).start()

    def _show(self, show: Callable[[Tap], None]) -> None:
        for tap in self._taps:
            try:
                show(tap)
            except Exception as exc:  # noqa: BLE001 - a listener must not end the writing
                self._taps = tuple(other for other in self._taps if other is not tap)
                tell(f"{type(tap).__name__} has failed and is left out: {exc!r}")

    def _keep_lease(self) -> None:
        lease = self.lease
        if lease is None:
            return
        try:
            asked = lease.keep()
        except Exception as exc:  # noqa: BLE001 - a missed beat must not end the writer
            self._tell_once(exc)
            return
        if asked:
            self._hand_on(lease.on_cancel, asked)

    def _tell_once(self, exc: Exception) -> None:
        if not self._told:
            self._told = True
            tell(
                f"the store does not take records just now ({exc}). "
                "They are kept in memory and tried again; the run goes on."
            )
