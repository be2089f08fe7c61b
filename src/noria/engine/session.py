"""The session of this process: found here, opened by `noria.engine.opening`."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
        # Loads the store, the journal and the console: see there.
        from noria.engine.opening import open_for  # noqa: PLC0415 - with the first run

        _current = open_for(settings)
    return _current


@contextmanager
def use(session: Session) -> Iterator[Session]:
    """Make `session` the one that every run of this process uses until the block ends."""
    global _override
    previous, _override = _override, session
    try:
        yield session
    finally:
        _override = previous
