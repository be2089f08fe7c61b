"""Groups: all calls of one task at one place of a flow."""

from __future__ import annotations

import os
from types import CodeType
from typing import NamedTuple

from noria.core.hashing import blake2b
from noria.core.jsontext import to_json
from noria.core.records import GroupCount, GroupRow

_NO_COUNTS = (0,) * len(GroupCount.NAMES)


class Place(NamedTuple):
    """Where a call stands in the user's code."""

    code: CodeType | None
    instruction: int
    line: int


NOWHERE = Place(None, 0, 0)


class Group:
    """All calls of one task at one place, or within one map."""

    __slots__ = (
        "epoch",
        "expected",
        "flow_run",
        "key",
        "kind",
        "name",
        "number",
        "parent",
        "place",
        "tags",
        "task_key",
        "upstream",
    )

    def __init__(
        self,
        flow_run: bytes,
        number: int,
        epoch: int,
        parent: Group | None,
        task_key: str,
        name: str,
        kind: str,
        place: Place,
        tags: frozenset[str],
        key: bytes,
    ) -> None:
        self.flow_run = flow_run
        self.number = number
        self.epoch = epoch
        self.parent = parent
        self.task_key = task_key
        self.name = name
        self.kind = kind
        self.place = _spell(place)
        self.tags = tags
        self.key = key
        self.expected: int | None = None
        self.upstream: set[int] = set()

    def to_row(self) -> GroupRow:
        """The row of the group, with sums at zero: the journal counts."""
        return GroupRow(
            flow_run=self.flow_run,
            number=self.number,
            epoch=self.epoch,
            parent=None if self.parent is None else self.parent.number,
            task_key=self.task_key,
            name=self.name,
            kind=self.kind,
            place=self.place,
            tags=to_json(sorted(self.tags)) if self.tags else None,
            expected=self.expected,
            counts=_NO_COUNTS,
            upstream=to_json(sorted(self.upstream)) if self.upstream else None,
            first_start=None,
            last_end=None,
            busy=0,
            longest=0,
            cpu=0,
        )


def identity_key(qualname: str, name: str) -> bytes:
    """What a task is called in the identities of its calls.

    The module is left out: a script is `__main__` when it is run and has its own name when a
    resume loads it.
    """
    return blake2b(f"{qualname}\0{name}".encode(), digest_size=8).digest()


def _spell(place: Place) -> str:
    if place.code is None:
        return ""
    file = os.path.basename(place.code.co_filename)
    return f"{file}:{place.line} in {place.code.co_qualname}"
