"""The journal of a forked child for the runs of its parent."""

from __future__ import annotations

from noria.core.records import FlowRunRow, GroupRow, Record, TaskRunRow
from noria.journal.journal import Journal

_OF_THE_PARENT = frozenset({FlowRunRow, TaskRunRow, GroupRow})


class InheritedJournal(Journal):
    """Takes what the child says in a run, lines and artifacts; how the run goes on is for the
    parent alone to say."""

    def append(self, record: Record) -> None:
        """Take a record, if the child may say that."""
        if type(record) not in _OF_THE_PARENT:
            super().append(record)
