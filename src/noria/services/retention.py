"""Runs whose time is over are deleted, with their files; the store shrinks."""

from __future__ import annotations

from noria.backend import retention
from noria.backend.port import Backend
from noria.core.retention import Removed
from noria.core.settings import Settings
from noria.values.results import ResultKeeper


def run_once(backend: Backend, settings: Settings, now: int) -> Removed:
    """Take one small step; whoever calls it lets others have the store between two of them.

    Parameters:
        backend: The store.
        settings: Say how long runs are kept, and where result files are.
        now: Microseconds since the epoch.

    Returns:
        What has gone. With `more`, another step is worth taking soon; without, in some minutes.

    Raises:
        StoreError: The store or the place of the results cannot be used.

    Example:
        >>> from noria.backend.local import LocalBackend
        >>> backend = LocalBackend(":memory:")
        >>> run_once(backend, Settings(), now=0).more
        False
        >>> backend.close()
    """
    # Nobody else needs to look meanwhile.
    backend.claim_upkeep(retention.NAME, now, retention.UNFINISHED)
    return retention.run_once(backend, settings.retention_rules, ResultKeeper(settings), now)
