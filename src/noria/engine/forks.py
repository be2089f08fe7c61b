"""Locks that a forked child finds open, whichever thread of its parent held them."""

from __future__ import annotations

import os
import threading


def new_lock() -> threading.Lock:
    """A lock for a module to keep."""
    lock = threading.Lock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock._at_fork_reinit)  # type: ignore[attr-defined]
    return lock
