"""The session of this process: found here, opened by `noria.engine.opening`."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from noria.core.errors import StoreError
from noria.engine import configuration, interrupts
from noria.engine.forks import new_lock
from noria.engine.futures import serving

if TYPE_CHECKING:
    from noria.engine.opening import Session

_lock = new_lock()
_current: Session | None = None
_override: Session | None = None
_follows = False
_inherited: list[Session] = []
"""Those of the processes that this one was forked from, whose runs its code may still stand in."""


def open_session() -> Session:
    """The session that the environment's settings ask for, opened when there is none yet.

    Raises:
        StoreError: The store cannot be opened.
        ConfigurationError: A setting cannot be used.
    """
    global _current
    if _override is not None:
        if _follows:
            _override.adopt(configuration.settings())
        return _override
    settings = configuration.settings()
    current = _current
    if current is not None and current.settings == settings:
        return current
    with _lock:
        if _current is not None:
            if _current.settings == settings:
                return _current
            if not _current.executions:
                _current.close()
                _current = None
        # Loads the store, the journal and the console: see there.
        from noria.engine.opening import open_for  # noqa: PLC0415 - with the first run

        _watch_forks()
        try:
            _current = open_for(settings)
        except StoreError as exc:
            # The sentence says it all; what SQLite said first would only stand before it.
            raise exc.with_traceback(None) from None
    return _current


@functools.cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=interrupts.prepare_fork,
            after_in_parent=interrupts.go_on_after_fork,
            after_in_child=_after_fork,
        )


def _after_fork() -> None:
    """In a forked child: its runs are its own, in a session of its own."""
    global _current, _override
    interrupts.begin_after_fork()
    serving.pool = None
    for session in (_current, _override):
        if session is not None and session not in _inherited:
            _inherited.append(session)
    for session in _inherited:
        session.leave_to_parent()
    _current = _override = None


@contextmanager
def use(session: Session, follow_settings: bool = False) -> Iterator[Session]:
    """Make `session` the one that every run of this process uses until the block ends.

    Parameters:
        session: The session.
        follow_settings: Whether settings that change meanwhile count for its next runs; the store
            stays what it is.
    """
    global _override, _follows
    _watch_forks()
    previous, _override, _follows = (_override, _follows), session, follow_settings
    try:
        yield session
    finally:
        _override, _follows = previous
