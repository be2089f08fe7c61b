"""Concurrency limits: how much may happen at a time, or in a second, over all processes.

The module itself can be called, so that `from noria import concurrency` and
`from noria.concurrency.sync import concurrency` are the same thing.

Example:
    >>> from noria import concurrency
    >>> set_limit("database", 10).slots
    10
    >>> with concurrency("database", occupy=2):
    ...     "at most five of these at a time"
    'at most five of these at a time'
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from noria.concurrency.limits import Limit, remove_limit, set_limit
from noria.concurrency.slots import concurrency as _concurrency
from noria.concurrency.slots import rate_limit

__all__ = ["Limit", "concurrency", "rate_limit", "remove_limit", "set_limit"]


class _Callable(ModuleType):
    """A module that makes slots when it is called."""

    __call__ = staticmethod(_concurrency)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        # A task that is sent to another process may have it among its globals.
        return import_module, (self.__name__,)


# `noria.concurrency` is a package and a function: whichever is imported first, both work.
sys.modules[__name__].__class__ = _Callable
concurrency: Any = sys.modules[__name__]
