"""Stores and forks: no connection of a store outlives one."""

from __future__ import annotations

import functools
import os
import threading
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """An open store that has something to do when its process forks."""

    def prepare_fork(self) -> None:
        """Let no thread begin anything, and close what is open once it is at rest."""

    def go_on_after_fork(self) -> None:
        """In the parent: the next who needs a connection opens one."""

    def begin_after_fork(self) -> None:
        """In the child: locks that nobody holds, and connections of its own."""


_opened: WeakSet[Forkable] = WeakSet()
_one_fork = threading.Lock()
_forking: list[Forkable] = []


def watch(store: Forkable) -> None:
    """Tell a store of all forks from now on."""
    _watch()
    _opened.add(store)


@functools.cache
def _watch() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)


def _before() -> None:
    _one_fork.acquire()
    _forking[:] = _opened
    for store in _forking:
        store.prepare_fork()


def _in_parent() -> None:
    for store in _forking:
        store.go_on_after_fork()
    _one_fork.release()


def _in_child() -> None:
    for store in _forking:
        store.begin_after_fork()
    _one_fork.release()
