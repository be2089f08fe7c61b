"""Tasks in transactions, as a resume finds them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from noria.core.records import TransactionMark, TransactionRow
from noria.core.states import STATE_CODES, Name, StateType
from noria.store.database import Connection
from noria.store.statements import Statements
from noria.store.task_runs import TASK_RUN
from noria.store.values import columns as columns_of

TRANSACTION = Statements("task_transaction")
MESSAGE = "Task rolled back as part of transaction"


def flatten(rows: Iterable[TransactionRow]) -> list[Any]:
    """The columns of all rows, one after another."""
    flat: list[Any] = []
    for row in rows:
        *columns, has_inner, kept = row
        flat += columns
        flat.append(int(has_inner))
        flat += columns_of(kept)
    return flat


def mark_rolled_back(
    connection: Connection,
    rows: Iterable[TransactionRow],
    fenced: Collection[tuple[bytes, int]] = (),
) -> None:
    """Say of the task runs that were undone that they are, and drop their results."""
    undone = [
        {
            "id": row.task_run,
            "epoch": row.epoch,
            "state": STATE_CODES[StateType.COMPLETED],
            "name": Name.ROLLED_BACK,
            "message": MESSAGE,
        }
        for row in rows
        if row.mark == TransactionMark.ROLLED_BACK and (row.flow_run, row.epoch) not in fenced
    ]
    if undone:
        connection.executemany(TASK_RUN.roll_back, undone)
