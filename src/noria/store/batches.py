"""The way in: one batch of the journal, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from noria.core.records import Batch
from noria.store import (
    artifacts,
    cache,
    flow_runs,
    groups,
    logs,
    task_runs,
    transactions,
    values,
)
from noria.store.database import Connection, Database

Execution = tuple[bytes, int]
"""A flow run and its epoch."""

Columns = list[list[Any]]
"""The rows of each noun, made flat."""

_WRITES = (
    flow_runs.FLOW_RUN.write,
    task_runs.TASK_RUN.write,
    groups.TASK_GROUP.write,
    logs.LOG.write,
    cache.CACHE.write,
    artifacts.ARTIFACT.write,
    transactions.TRANSACTION.write,
)


def append(database: Database, batch: Batch) -> list[bytes]:
    """Write a batch in one transaction.

    Returns:
        The flow runs that a later execution owns; of them nothing but log lines, cached results
        and artifacts was written.
    """
    try:
        return _write(database, batch, _flatten)
    except UnicodeEncodeError:
        # Half a surrogate pair (an undecodable file name, say) has no place in UTF-8; the journal
        # must not be stuck with it for ever.
        return _write(database, batch, _flatten_mended)


def _write(database: Database, batch: Batch, flatten: Callable[[Batch], Columns]) -> list[bytes]:
    # What takes time in Python happens before the lock is taken: others may be waiting for it.
    columns = flatten(batch)
    executions = _executions(batch)
    # Rows are whole, so batches may be written side by side; versions of a key are counted, though.
    alone = any(row.key is not None for row in batch.artifacts)
    with database.write(alone=alone, patient=False) as connection:
        fenced = _fenced(connection, executions)
        if fenced:
            columns = flatten(_without(batch, fenced))
        for statement, flat in zip(_WRITES, columns, strict=True):
            connection.write_rows(statement, flat)
        transactions.mark_rolled_back(connection, batch.transactions, fenced)
    return sorted({flow_run for flow_run, _ in fenced})


def _flatten(batch: Batch) -> Columns:
    return [
        flow_runs.flatten(batch.flow_runs),
        task_runs.flatten(batch.task_runs),
        groups.flatten(batch.groups),
        logs.flatten(batch.logs),
        cache.flatten(batch.cache),
        artifacts.flatten(batch.artifacts),
        transactions.flatten(batch.transactions),
    ]


def _flatten_mended(batch: Batch) -> Columns:
    return [[values.mended(value) for value in flat] for flat in _flatten(batch)]


def _executions(batch: Batch) -> set[Execution]:
    found = {(row.id, row.epoch) for row in batch.flow_runs}
    found.update([(row.flow_run, row.epoch) for row in batch.task_runs])
    found.update([(row.flow_run, row.epoch) for row in batch.groups])
    found.update([(row.flow_run, row.epoch) for row in batch.transactions])
    return found


def _fenced(connection: Connection, executions: Collection[Execution]) -> set[Execution]:
    return {
        (flow_run, epoch)
        for flow_run, epoch in executions
        if (flow_runs.epoch(connection, flow_run) or 0) > epoch
    }


def _without(batch: Batch, fenced: Collection[Execution]) -> Batch:
    return batch._replace(
        flow_runs=[row for row in batch.flow_runs if (row.id, row.epoch) not in fenced],
        task_runs=[row for row in batch.task_runs if (row.flow_run, row.epoch) not in fenced],
        groups=[row for row in batch.groups if (row.flow_run, row.epoch) not in fenced],
        transactions=[row for row in batch.transactions if (row.flow_run, row.epoch) not in fenced],
    )
