"""The session of this process: found here, opened by `noria.engine.opening`."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from noria.core.errors import StoreError
from noria.engine import configuration

if TYPE_CHECKING:
    from noria.engine.opening import Session

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
    settings = configuration.settings()
    current = _current
    if current is not None and current.settings == settings and current.pid == os.getpid():
        return current
    with _lock:
        if _current is not None and _current.pid == os.getpid():
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
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    """In a forked child: its runs are its own, in a session of its own."""
    global _lock, _override
    # Another thread of the parent may have held it.
    _lock = threading.Lock()
    for session in (_current, _override):
        if session is not None:
            session.leave_to_parent()
    _override = None


@contextmanager
def use(session: Session) -> Iterator[Session]:
    """Make `session` the one that every run of this process uses until the block ends."""
    global _override
    _watch_forks()
    previous, _override = _override, session
    try:
        yield session
    finally:
        _override = previous
