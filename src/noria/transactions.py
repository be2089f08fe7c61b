"""Transactions: tasks whose work is kept together, or undone together.

Example:
    >>> from noria import flow, task
    >>> @task
    ... def write(path: str) -> None:
    ...     print("write", path)
    >>> @write.on_rollback
    ... def remove(txn) -> None:
    ...     print("remove", txn.get("path"))
    >>> @flow
    ... def publish() -> None:
    ...     with transaction() as txn:
    ...         txn.set("path", "report.csv")
    ...         write("report.csv")
    ...         raise ValueError("the report is empty")
    >>> publish(return_state=True).name
    write report.csv
    remove report.csv
    'Failed'
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from noria.core.transactions import CommitMode, IsolationLevel, TransactionState
from noria.engine.transactions import AsyncTransaction, Transaction, current
from noria.engine.transactions import BaseTransaction as BaseTransaction
from noria.results import get_result_store

if TYPE_CHECKING:
    import logging

    from noria.results import ResultStore

__all__ = [
    "AsyncTransaction",
    "CommitMode",
    "IsolationLevel",
    "Transaction",
    "TransactionState",
    "atransaction",
    "get_transaction",
    "transaction",
]


@contextmanager
def transaction(
    key: str | None = None,
    store: ResultStore | None = None,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
) -> Iterator[Transaction]:
    """A block of sync code whose tasks are committed together, or rolled back together.

    At the end of the block the `on_commit` hooks of its tasks are called and their cached results
    are written. When the block raises, or one of its tasks fails, the `on_rollback` hooks of the
    tasks that have finished are called instead, the last one first.

    Parameters:
        key: What the staged value is known by. A block whose key is written already begins
            committed: `is_committed()` tells, and `read()` gives the record.
        store: Where the value is written; the store of the current run by default.
        commit_mode: `EAGER` commits at the end of each block and task, `LAZY` with the outermost
            block, `OFF` by `commit()` only; that of the block around it, or `LAZY`.
        isolation_level: `SERIALIZABLE` lets one block of a key at a time begin, in all processes;
            that of the block around it, or `READ_COMMITTED`.
        overwrite: Begin as if nothing were written under the key, and replace it.
        write_on_commit: Whether the staged value is written.
        logger: What is told of hooks; the log of the current run by default.

    Yields:
        The transaction.

    Example:
        >>> for attempt in range(2):
        ...     with transaction(key="rates 2024-05-01") as txn:
        ...         if not txn.is_committed():
        ...             print("computing")
        ...             txn.stage({"EUR": 1.08})
        ...     print(txn.read().result)
        computing
        {'EUR': 1.08}
        {'EUR': 1.08}
    """
    with Transaction(
        key=key,
        store=_store(key, store),
        commit_mode=commit_mode,
        isolation_level=isolation_level,
        overwrite=overwrite,
        write_on_commit=write_on_commit,
        logger=logger,
    ) as txn:
        yield txn


@asynccontextmanager
async def atransaction(
    key: str | None = None,
    store: ResultStore | None = None,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
) -> AsyncIterator[AsyncTransaction]:
    """As `transaction`, for async code.

    Parameters:
        key: As for `transaction`, like all the others.
        store: Where the value is written.
        commit_mode: When it commits.
        isolation_level: Whether blocks of one key exclude one another.
        overwrite: Whether a value that is already written is replaced.
        write_on_commit: Whether the staged value is written.
        logger: What is told of hooks.

    Yields:
        The transaction, whose `read`, `commit` and `rollback` are awaited.

    Example:
        >>> import asyncio
        >>> async def work():
        ...     async with atransaction() as txn:
        ...         txn.set("rows", 3)
        ...     return txn.is_committed()
        >>> asyncio.run(work())
        True
    """
    async with AsyncTransaction(
        key=key,
        store=_store(key, store),
        commit_mode=commit_mode,
        isolation_level=isolation_level,
        overwrite=overwrite,
        write_on_commit=write_on_commit,
        logger=logger,
    ) as txn:
        yield txn


def get_transaction() -> BaseTransaction | None:
    """The innermost transaction around the call: a block's, or the one that each task has.

    Returns:
        The transaction; None outside blocks and tasks.

    Example:
        >>> from noria import task
        >>> @task
        ... def write(path):
        ...     get_transaction().set("path", path)
        >>> @write.on_commit
        ... def announce(txn):
        ...     print("written:", txn.get("path"))
        >>> write("report.csv")
        written: report.csv
    """
    return current()


def _store(key: str | None, store: ResultStore | None) -> ResultStore | None:
    # Without a key nothing is written.
    return get_result_store() if key and store is None else store
