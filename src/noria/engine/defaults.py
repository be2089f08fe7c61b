"""Defaults of options, read from the environment when a flow or task is marked."""

from __future__ import annotations

import atexit
import os
from typing import Any

from noria.engine.configuration import settings, sources

_RETRY_VARIABLES = ("_DEFAULT_RETRIES", "_DEFAULT_RETRY_DELAY_SECONDS")
_background: Any = None
_process: int | None = None


def _asked(prefix: str) -> bool:
    found = sources()
    return any(prefix + name in found for name in _RETRY_VARIABLES)


def task_retries() -> tuple[int, float]:
    """Retries and delay in seconds of tasks that do not say."""
    if not _asked("NORIA_TASKS"):
        return 0, 0
    found = settings()
    return found.tasks_default_retries, found.tasks_default_retry_delay_seconds


def flow_retries() -> tuple[int, float]:
    """Retries and delay in seconds of flows that do not say."""
    if not _asked("NORIA_FLOWS"):
        return 0, 0
    found = settings()
    return found.flows_default_retries, found.flows_default_retry_delay_seconds


def background_runner(make: Any) -> Any:
    """The runner of tasks that are started outside flows; ended with the process."""
    global _background, _process
    if _background is None or _process != os.getpid():
        _background, _process = make(), os.getpid()
        _background.__enter__()
        atexit.register(_background.__exit__, None, None, None)
    return _background
