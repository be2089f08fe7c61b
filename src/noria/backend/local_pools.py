"""The part of the local backend that is about pools; see `noria.backend.pools_port`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from noria.backend.pools_port import PoolUse, QueueUse, WorkerUse
from noria.backend.processes import is_alive
from noria.core.pools import HEAD_START, SERVED, OwedHook, PoolRow, QueueRow, WorkerRow, takes
from noria.core.records import ProcessRow
from noria.store import deployments, owed_hooks, pools, processes, work
from noria.store.database import Connection, Database


class LocalPools:
    """Pools of work, their queues and workers, over a store in this process."""

    _database: Database

    def pools(self, now: int) -> list[PoolUse]:
        with self._database.read() as connection:
            said = {row.name: row for row in pools.all_pools(connection)}
            deployed = Counter(row.pool for row in deployments.page(connection))
            queued = pools.queued(connection)
            alive = [each.worker for each in _workers(connection, now) if each.lives]
            busy = Counter(entry.pool for entry in work.under_way(connection))
            waiting: Counter[str] = Counter()
            for name, _, count in work.pools(connection, now):
                waiting[name] += count
        named = {name for worker in alive for name in worker.pools or ()}
        names = sorted({*said, *queued, *deployed, *named, *busy, *waiting})
        return [
            PoolUse(
                said.get(name) or PoolRow(name),
                deployed[name],
                sum(takes(worker, name) for worker in alive),
                busy[name],
                waiting[name],
            )
            for name in names
        ]

    def set_pool(self, row: PoolRow, now: int) -> PoolRow:
        with self._database.write() as connection:
            pools.save(connection, row._replace(created=now, updated=now))
            return pools.get(connection, row.name) or row

    def delete_pool(self, name: str) -> bool:
        with self._database.write() as connection:
            said = pools.queues(connection, name)
            for row in said:
                _rerank(connection, row, QueueRow(name, row.name).rank)
            return pools.delete(connection, name) or bool(said)

    def queues(self, pool: str, now: int) -> list[QueueUse]:
        with self._database.read() as connection:
            said = {row.name: row for row in pools.queues(connection, pool)}
            busy = Counter(
                entry.queue for entry in work.under_way(connection) if entry.pool == pool
            )
            waiting = {
                queue: count for name, queue, count in work.pools(connection, now) if name == pool
            }
        rows = [said.get(name) or QueueRow(pool, name) for name in {*said, *busy, *waiting}]
        return [
            QueueUse(row, busy[row.name], waiting.get(row.name, 0))
            for row in sorted(rows, key=lambda row: (row.rank, row.name))
        ]

    def set_queue(self, row: QueueRow, now: int) -> QueueRow:
        with self._database.write() as connection:
            before = pools.queue(connection, row.pool, row.name) or QueueRow(row.pool, row.name)
            pools.save_queue(connection, row._replace(created=now, updated=now))
            _rerank(connection, before, row.rank)
            return pools.queue(connection, row.pool, row.name) or row

    def delete_queue(self, pool: str, name: str) -> bool:
        with self._database.write() as connection:
            before = pools.queue(connection, pool, name)
            if before is None:
                return False
            _rerank(connection, before, QueueRow(pool, name).rank)
            return pools.delete_queue(connection, pool, name)

    def register_worker(self, row: WorkerRow) -> None:
        with self._database.write() as connection:
            pools.save_worker(connection, row)

    def workers(self, now: int) -> list[WorkerUse]:
        with self._database.read() as connection:
            return _workers(connection, now)

    def forget_workers(self, now: int) -> int:
        with self._database.read() as connection:
            dead = [each for each in _workers(connection, now) if not each.lives]
        if dead:
            with self._database.write() as connection:
                for each in dead:
                    pools.delete_worker(connection, each.worker.process)
        return len(dead)

    def lead(self, role: str, process: bytes, now: int) -> bool:
        # Mostly somebody leads, and looking takes no lock.
        with self._database.read() as connection:
            leads = _leads(connection, role, process, now)
        if leads is None:
            with self._database.write() as connection:
                leads = _leads(connection, role, process, now)
                if leads is None:
                    pools.set_leader(connection, role, process, now)
                    leads = True
        return leads

    def leader(self, role: str, now: int) -> tuple[ProcessRow, int] | None:
        with self._database.read() as connection:
            found = pools.leader(connection, role)
            row = found and processes.get(connection, found.process)
            return (row, found.since) if found and row and is_alive(row, now) else None

    def leave(self, process: bytes) -> None:
        with self._database.write() as connection:
            pools.leave(connection, process)

    def take_owed_hooks(
        self, names: Sequence[str] | None, teller: bytes, now: int, limit: int = 100
    ) -> list[OwedHook]:
        with self._database.read() as connection:
            if not _owed(connection, names, teller, now):
                return []
        with self._database.write() as connection:
            found = _owed(connection, names, teller, now)[:limit]
            for hook in found:
                owed_hooks.take(connection, hook, teller)
            return found

    def hooks_called(self, flow_run: bytes, epoch: int) -> None:
        with self._database.write() as connection:
            owed_hooks.done(connection, flow_run, epoch)


def _workers(connection: Connection, now: int) -> list[WorkerUse]:
    busy = Counter(entry.worker for entry in work.under_way(connection))
    found = []
    for worker in pools.workers(connection):
        process = processes.get(connection, worker.process)
        if process is not None:
            lives = is_alive(process, now)
            found.append(WorkerUse(worker, process, lives, busy[worker.process]))
    return found


def _rerank(connection: Connection, before: QueueRow, rank: int) -> None:
    if before.rank != rank:
        work.shift(connection, before.pool, before.name, (rank - before.rank) * HEAD_START)


def _leads(connection: Connection, role: str, process: bytes, now: int) -> bool | None:
    """Whether it is this process that has a role; None when nobody has it who lives."""
    found = pools.leader(connection, role)
    if found is None:
        return None
    if found.process == process:
        return True
    row = processes.get(connection, found.process)
    return False if row is not None and is_alive(row, now) else None


def _owed(
    connection: Connection, names: Sequence[str] | None, teller: bytes, now: int
) -> list[OwedHook]:
    found = []
    for hook in owed_hooks.owed(connection):
        if hook.pool.startswith(SERVED) if names is None else hook.pool not in names:
            continue
        row = None if hook.teller is None else processes.get(connection, hook.teller)
        if hook.teller is None or (
            hook.teller != teller and (row is None or not is_alive(row, now))
        ):
            found.append(hook)
    return found
