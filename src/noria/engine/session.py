"""A session: the store, the journal and the results of this process, opened when first needed."""

from __future__ import annotations

import atexit
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from noria.backend import processes
from noria.backend.local import LocalBackend
from noria.backend.port import Backend
from noria.console import attach
from noria.core import clock
from noria.core.records import CacheRow
from noria.core.settings import Settings, level_number, load
from noria.journal.fold import Folder
from noria.journal.journal import Journal, Lease
from noria.journal.spool import spooled
from noria.journal.tap import Tap
from noria.values.results import ResultKeeper

if TYPE_CHECKING:
    from noria.engine.execution import FlowExecution


class Session:
    """What the runs of one process share.

    Parameters:
        settings: As read at the edge.
        backend: Where records are kept.
        taps: Listeners on the journal.
    """

    def __init__(self, settings: Settings, backend: Backend, taps: tuple[Tap, ...] = ()) -> None:
        self.settings = settings
        self.backend = backend
        self.pid = os.getpid()
        self.log_level = level_number(settings)
        self.results = ResultKeeper(settings)
        self.journal = Journal(
            backend,
            settings.spool_path,
            taps,
            settings.journal_buffer,
            settings.journal_flush_timeout,
        )
        self.recent_cache: OrderedDict[str, CacheRow] = OrderedDict()
        self.executions: dict[bytes, FlowExecution] = {}
        lease = int(settings.lease_seconds * 1_000_000)
        row = processes.this_process(clock.now(), lease)
        self.process = row.id
        backend.register_process(row)
        self.journal.lease = Lease(self.process, settings.lease_seconds, self._cancel)
        self.journal.on_refused = self._abandon

    def start(self) -> None:
        """Take care of what earlier processes left: spooled records and runs without a process."""
        for path, records in spooled(self.settings.spool_path):
            self.backend.append(Folder().fold(records))
            os.unlink(path)
        self.backend.reap(clock.now())

    def _cancel(self, flow_runs: list[bytes]) -> None:
        for flow_run in flow_runs:
            execution = self.executions.get(flow_run)
            if execution is not None:
                execution.cancel("The run was asked to cancel.")

    def _abandon(self, flow_runs: list[bytes]) -> None:
        for flow_run in flow_runs:
            execution = self.executions.get(flow_run)
            if execution is not None:
                execution.cancel("Another process has taken the run over.")

    def close(self) -> None:
        """Write everything and release the store."""
        if os.getpid() != self.pid:
            return
        self.journal.close()
        try:
            self.backend.end_process(self.process, clock.now(), None)
            self.backend.close()
        except Exception:  # noqa: BLE001 - the process is ending; all records are safe by now
            return


_lock = threading.Lock()
_current: Session | None = None
_override: Session | None = None


def open_session() -> Session:
    """The session that the environment's settings ask for, opened when there is none yet.

    Raises:
        StoreError: The store cannot be opened.
        ConfigurationError: A setting cannot be used.
    """
    global _current
    if _override is not None:
        return _override
    settings = load(os.environ)
    current = _current
    if current is not None and current.settings == settings and current.pid == os.getpid():
        return current
    with _lock:
        if _current is not None and _current.pid == os.getpid():
            if _current.settings == settings:
                return _current
            if not _current.executions:
                _current.close()
        _current = _open(settings)
    return _current


def _open(settings: Settings) -> Session:
    tap = attach(settings)
    session = Session(settings, open_backend(settings), () if tap is None else (tap,))
    session.start()
    atexit.register(session.close)
    return session


def open_backend(settings: Settings) -> Backend:
    """The backend alone, for who only reads.

    Raises:
        StoreError: The store cannot be opened.
    """
    return LocalBackend(settings.database_path)


@contextmanager
def use(session: Session) -> Iterator[Session]:
    """Make `session` the one that every run of this process uses until the block ends."""
    global _override
    previous, _override = _override, session
    try:
        yield session
    finally:
        _override = previous


def temporary_session(settings: Settings, make_backend: Callable[[], Backend]) -> Session:
    """A session of its own, for tests: no console, nothing replayed, closed by the caller."""
    return Session(settings, make_backend())
