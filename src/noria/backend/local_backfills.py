"""The part of the local backend that is about backfills; see `noria.backend.backfills_port`."""

from __future__ import annotations

from collections.abc import Sequence

from noria.backend import backfilling
from noria.backend.backfills_port import BackfillRequest, BackfillUse
from noria.backend.deploying import name_of
from noria.core.backfills import KeyedRun
from noria.core.records import BackfillRow, FlowRunRow
from noria.core.states import StateType
from noria.store import backfills, deployments, filters, flow_runs, work
from noria.store.database import Connection, Database


class LocalBackfills:
    """Runs for times that have passed, over a store in this process."""

    _database: Database

    def keyed_runs(self, deployment: bytes, keys: Sequence[str]) -> dict[str, KeyedRun]:
        with self._database.read() as connection:
            return work.keyed(connection, deployment, keys)

    def begin_backfill(self, wish: BackfillRequest, now: int) -> BackfillRow | None:
        with self._database.write() as connection:
            return backfilling.begin(connection, wish, now)

    def backfills(
        self, deployment: bytes | None = None, limit: int = 20, before: bytes | None = None
    ) -> list[BackfillUse]:
        with self._database.read() as connection:
            rows = backfills.page(connection, deployment, limit, before)
            return [_use(connection, row) for row in rows]

    def find_backfills(self, reference: str) -> list[BackfillUse]:
        with self._database.read() as connection:
            return [_use(connection, row) for row in backfills.find(connection, reference)]

    def backfill_runs(
        self, backfill: bytes, states: Sequence[StateType] | None = None, limit: int = 100
    ) -> list[FlowRunRow]:
        with self._database.read() as connection:
            sql, facts = filters.backfill_runs(connection.dialect, states)
            facts |= {"backfill": backfill, "limit": limit}
            return flow_runs.select(connection, sql, facts)

    def cancel_backfill(self, backfill: bytes, running: bool, now: int) -> int:
        with self._database.write() as connection:
            return backfilling.cancel(connection, backfill, running, now)


def _use(connection: Connection, row: BackfillRow) -> BackfillUse:
    deployment = deployments.get(connection, row.deployment)
    name = None if deployment is None else name_of(deployment)
    return BackfillUse(row, name, work.of_backfill(connection, row.id))
