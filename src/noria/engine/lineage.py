"""Which run a value came from, so that passing it on records an edge and needs no hashing.

Values are known by their identity as objects. A value that only this table still holds can never be
passed on, so it is dropped: every new entry looks at two old ones, which keeps the table about as
large as what the flow itself holds on to.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any, NamedTuple

_UNTRACKABLE = (bool, type(None), type(Ellipsis), type(NotImplemented))
_SHARED_WHEN_EMPTY = (tuple, str, bytes, frozenset)
_OURS = 3
"""References to a value that nobody else holds: the table's, the local variable, the argument."""


class Origin(NamedTuple):
    """The run that made a value."""

    value: Any
    task_run: bytes
    identity: bytes | None
    group: int


class Lineage:
    """The table of one flow run."""

    __slots__ = ("table",)

    def __init__(self) -> None:
        self.table: OrderedDict[int, Origin] = OrderedDict()

    def note(self, value: Any, task_run: bytes, identity: bytes | None, group: int) -> None:
        """Remember that a run gave this value."""
        kind = type(value)
        if kind in _UNTRACKABLE or (kind in _SHARED_WHEN_EMPTY and not value):
            return
        table = self.table
        table[id(value)] = Origin(value, task_run, identity, group)
        if len(table) > 2:
            self._sweep()
            self._sweep()

    def origin(self, value: Any) -> Origin | None:
        """Where a value came from, if a run of this flow gave it."""
        found = self.table.get(id(value))
        return found if found is not None and found.value is value else None

    def _sweep(self) -> None:
        table = self.table
        try:
            key, origin = table.popitem(last=False)
        except KeyError:
            # Another thread was quicker.
            return
        if sys.getrefcount(origin.value) > _OURS - 1:
            table[key] = origin

    def __len__(self) -> int:
        return len(self.table)
