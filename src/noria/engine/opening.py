"""Opening a session: everything that recording a run needs.

Imported only when a run first begins, so that a script which merely defines flows and tasks does
not load a database.
"""

from __future__ import annotations

import atexit
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from noria.backend import processes
from noria.backend.local import LocalBackend
from noria.backend.port import Backend
from noria.backend.retention import Housekeeper
from noria.console import attach
from noria.core import clock
from noria.core.records import CacheRow
from noria.core.settings import Settings, level_number
from noria.engine import caching, interrupts, suspension
from noria.engine.bell import Bell
from noria.engine.sealed_arguments import protect
from noria.journal.inherited import InheritedJournal
from noria.journal.journal import Journal
from noria.journal.lease import Lease
from noria.journal.replay import replay
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
        self.backend = backend
        self.pid = os.getpid()
        self._closed = False
        self._housekeeper: Housekeeper | None = None
        self._set_up(settings)
        self.recent_cache: OrderedDict[str, CacheRow] = OrderedDict()
        self.executions: dict[bytes, FlowExecution] = {}
        self.bell = Bell()
        lease = int(settings.lease_seconds * 1_000_000)
        row = processes.this_process(clock.now(), lease)
        self.process = row.id
        backend.register_process(row)
        self.journal = self._make_journal(Journal, taps)
        self.journal.lease = Lease(backend, row.id, settings.lease_seconds, self._cancel)
        self.journal.give_up = backend.close
        self.journal.lease.on_change = self.changed
        self.journal.on_refused = self._abandon

    def _set_up(self, settings: Settings) -> None:
        self.settings = settings
        self.log_level = level_number(settings)
        self.results = ResultKeeper(settings)

    def adopt(self, settings: Settings) -> None:
        """Use other settings from the next run on, with the same store."""
        if settings != self.settings:
            self._set_up(settings)

    def _make_journal(self, kind: type[Journal], taps: tuple[Tap, ...] = ()) -> Journal:
        settings = self.settings
        journal = kind(
            self.backend,
            settings.spool_path,
            taps,
            settings.journal_buffer,
            settings.journal_flush_timeout,
            self.process,
        )
        journal.pause = interrupts.pause
        journal.protect = partial(protect, settings, self.backend)
        return journal

    def leave_to_parent(self) -> None:
        """In a forked child: the runs and what is still to be written are the parent's; what the
        child logs in them has a journal of its own."""
        for execution in self.executions.values():
            execution.leave_to_parent()
        self.journal = self._make_journal(InheritedJournal)

    def start(self) -> None:
        """Take care of what earlier processes left: spooled records and runs without a process."""
        replay(self.backend, self.settings.spool_path, self.process)
        self.backend.reap(clock.now())

    def keep_house(self) -> None:
        """See to it now and then, and at the end, that runs whose time is over are deleted."""
        rules = self.settings.retention_rules
        self._housekeeper = Housekeeper(self.backend, rules, self.results)
        if self.journal.lease is not None:
            self.journal.lease.on_rest = self._keep_house

    def _keep_house(self, now: int) -> None:
        # Whatever is wrong with it is not worth a word in the midst of a run: a service says it.
        with suppress(Exception):
            if self._housekeeper is not None:
                self._housekeeper.step(now)

    def _cancel(self, flow_runs: list[bytes]) -> None:
        for flow_run in flow_runs:
            execution = self.executions.get(flow_run)
            # A run below another that is asked as well is stopped by what stops that one.
            if execution is not None and execution.flow_run.parent_run not in flow_runs:
                execution.cancel("The run was asked to cancel.")

    def changed(self) -> None:
        """Something in the store has changed, or may have: tell those who wait for it, and the runs
        that are to stop for a suspension that somebody has asked for."""
        self.bell.ring()
        caching.forget(self)
        if self.executions:
            asked = self.backend.asked_suspensions(self.process)
            suspension.announce(self.executions, asked)
            self._abandon(self.backend.taken_over(self._epochs()))

    def _epochs(self) -> dict[bytes, int]:
        """The executions that this process has begun; those below them end with them."""
        return {
            flow_run: execution.epoch
            for flow_run, execution in list(self.executions.items())
            if execution.tracking is None and not execution.inherited
        }

    def _abandon(self, flow_runs: list[bytes]) -> None:
        for flow_run in flow_runs:
            execution = self.executions.get(flow_run)
            if execution is not None:
                execution.cancel("Another process has taken the run over.")

    def close(self) -> None:
        """Write everything and release the store."""
        if self._closed:
            return
        self._closed = True
        self.journal.close()
        if os.getpid() != self.pid:
            return
        with suppress(Exception):
            if self._housekeeper is not None:
                self._housekeeper.close(clock.now())
        try:
            self.backend.end_process(self.process, clock.now(), None)
            self.backend.close()
        except Exception:  # noqa: BLE001 - the process is ending; all records are safe by now
            return


def open_for(settings: Settings) -> Session:
    """Open a session for good: what earlier processes left is taken care of, and the end of this
    one too."""
    tap = attach(settings)
    session = Session(settings, open_backend(settings), () if tap is None else (tap,))
    session.start()
    session.keep_house()
    atexit.register(session.close)
    return session


def open_backend(settings: Settings) -> Backend:
    """The backend alone, for who only reads.

    Raises:
        StoreError: The store cannot be opened.
    """
    return LocalBackend(settings.database)


def temporary_session(settings: Settings, make_backend: Callable[[], Backend]) -> Session:
    """A session of its own, for tests: no console, nothing replayed, closed by the caller."""
    return Session(settings, make_backend())
