"""The backend over a store in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from noria.backend import breakers as breaker_steps
from noria.backend import dispatch, executions, locks, pausing
from noria.backend.local_backfills import LocalBackfills
from noria.backend.local_deployments import LocalDeployments
from noria.backend.local_pools import LocalPools
from noria.backend.local_retention import LocalRetention
from noria.backend.local_slots import LocalSlots
from noria.backend.port import (
    ArtifactFilter,
    CrashVerdict,
    MemoEntry,
    RunFilter,
    RunSummary,
    StoreInfo,
)
from noria.backend.processes import is_alive
from noria.backend.silences import Silences
from noria.core.breakers import Answer, BreakerRow, Event, Moment, Rules
from noria.core.conditions import Condition
from noria.core.records import (
    ArtifactRow,
    Batch,
    BlockRow,
    CacheRow,
    FlowRunRow,
    GroupRow,
    LockRow,
    LogRow,
    ProcessRow,
    SealedField,
    TaskRunRow,
    VariableRow,
)
from noria.core.states import StateType
from noria.core.task_stats import TaskStats
from noria.store import (
    artifacts,
    batches,
    blocks,
    breakers,
    cache,
    filters,
    flow_runs,
    groups,
    logs,
    pauses,
    processes,
    task_runs,
    task_stats,
    upkeep,
    values,
    variables,
)
from noria.store.locks import release as release_lock
from noria.store.migrations import SCHEMA_VERSION
from noria.store.opening import copy_database, open_database
from noria.store.task_runs import forget as forget_calls

FOUND_LIMIT = 20


class LocalBackend(
    LocalSlots,
    pausing.PausingBackend,
    LocalDeployments,
    LocalPools,
    LocalBackfills,
    LocalRetention,
):
    """The port, answered from a store; see `Backend` for what each method does.

    Parameters:
        location: Absolute path of a SQLite file, created with its folder when absent; `:memory:`
            for none; or the URL of a PostgreSQL database.

    Raises:
        StoreError: It cannot be the store; the message says why and what to do. Any method
            raises it when the store cannot be read or written.

    Example:
        >>> backend = LocalBackend(":memory:")
        >>> backend.find_flow_runs("@last")
        []
        >>> backend.close()
    """

    def __init__(self, location: str) -> None:
        super().__init__(open_database(location))
        self._silences = Silences()

    def append(self, batch: Batch) -> list[bytes]:
        return batches.append(self._database, batch)

    def register_process(self, row: ProcessRow) -> None:
        with self._database.write() as connection:
            processes.save(connection, row)

    def beat(self, process: bytes, now: int) -> list[bytes]:
        # That others live is no news: processes would keep one another awake.
        with self._database.write(alone=False, patient=False, news=False) as connection:
            processes.beat(connection, process, now)
            return flow_runs.asked_to_cancel(connection, process)

    def end_process(self, process: bytes, now: int, verdict: str | None) -> None:
        with self._database.write(patient=False) as connection:
            processes.end(connection, process, now, verdict)
        self.release_slots_of(process, now)

    def process(self, process: bytes) -> ProcessRow | None:
        with self._database.read() as connection:
            return processes.get(connection, process)

    def lives(self, process: bytes, now: int) -> bool:
        with self._database.read() as connection:
            row = processes.get(connection, process)
        return row is not None and is_alive(row, now)

    def reap(self, now: int) -> list[CrashVerdict]:
        self.release_slots_of_the_dead(now)
        # Mostly all are alive, and looking takes no lock; who is dead does not come back.
        with self._database.read() as connection:
            self._silences.listen(executions.live_processes(connection))
            dead = executions.dead_processes(connection, self._silences, now)
            overdue = pauses.overdue(connection, now)
        if not dead and not overdue:
            return []
        with self._database.write() as connection:
            pausing.expire(connection, now)
            dead = executions.dead_processes(connection, self._silences, now)
            return [
                verdict
                for process, message in dead.items()
                for verdict in executions.crash_runs_of(connection, process, message, now)
            ]

    def begin_execution(self, flow_run: bytes, process: bytes, now: int) -> FlowRunRow | None:
        with self._database.write() as connection:
            return executions.begin(connection, flow_run, process, now)

    def taken_over(self, epochs: Mapping[bytes, int]) -> list[bytes]:
        with self._database.read() as connection:
            found = {run: flow_runs.epoch(connection, run) for run in epochs}
        return [run for run, epoch in found.items() if epoch is not None and epoch > epochs[run]]

    def request_cancel(
        self, flow_run: bytes, now: int, reason: str = executions.CANCEL_REQUESTED
    ) -> FlowRunRow | None:
        with self._database.write() as connection:
            return dispatch.cancel(connection, flow_run, now, reason)

    def flow_run(self, flow_run: bytes) -> FlowRunRow | None:
        with self._database.read() as connection:
            return flow_runs.get(connection, flow_run)

    def find_flow_runs(self, reference: str) -> list[FlowRunRow]:
        with self._database.read() as connection:
            return flow_runs.find(connection, values.mended(reference), FOUND_LIMIT)

    def flow_runs(self, where: RunFilter) -> list[RunSummary]:
        with self._database.read() as connection:
            query = filters.flow_runs(connection.dialect, **where._asdict())
            found = flow_runs.select(connection, *query)
            return [RunSummary(row, groups.counts(connection, row.id)) for row in found]

    def children(self, flow_run: bytes) -> list[FlowRunRow]:
        with self._database.read() as connection:
            return flow_runs.children(connection, flow_run)

    def groups(self, flow_run: bytes) -> list[GroupRow]:
        with self._database.read() as connection:
            return groups.of_run(connection, flow_run)

    def task_run(self, task_run: bytes) -> TaskRunRow | None:
        with self._database.read() as connection:
            return task_runs.get(connection, task_run)

    def task_runs(
        self,
        flow_run: bytes,
        group: int | None = None,
        states: Sequence[StateType] | None = None,
        after: bytes | None = None,
        limit: int = 1000,
    ) -> list[TaskRunRow]:
        with self._database.read() as connection:
            query = filters.task_runs(connection.dialect, flow_run, group, states, after, limit)
            return task_runs.select(connection, *query)

    def slowest_tasks(self, flow_run: bytes, limit: int) -> list[TaskRunRow]:
        with self._database.read() as connection:
            return task_runs.slowest(connection, flow_run, limit)

    def memo(self, flow_run: bytes) -> Iterator[tuple[bytes, MemoEntry]]:
        for identity, entry in task_runs.memo(self._database, flow_run):
            yield identity, MemoEntry(*entry)

    def forget(self, flow_run: bytes, task_runs: Sequence[bytes]) -> None:
        with self._database.write() as connection:
            forget_calls(connection, flow_run, task_runs)

    def task_stats(
        self, name: str, flow_name: str | None = None, since: int | None = None, slices: int = 40
    ) -> TaskStats | None:
        with self._database.read() as connection:
            return task_stats.of_task(connection, name, flow_name, since, slices)

    def task_names(self) -> list[str]:
        with self._database.read() as connection:
            return task_stats.names(connection)

    def logs(
        self,
        flow_run: bytes,
        task_run: bytes | None = None,
        level: int = 0,
        text: str | None = None,
        after: int = 0,
        limit: int = 1000,
        where: Sequence[Condition] = (),
    ) -> list[tuple[int, LogRow]]:
        with self._database.read() as connection:
            alone = not flow_runs.has_children(connection, flow_run)
            query = filters.logs(
                connection.dialect, flow_run, alone, task_run, level, text, after, limit, where
            )
            return logs.select(connection, *query)

    def cached(self, key: str, now: int) -> CacheRow | None:
        with self._database.read() as connection:
            return cache.get(connection, values.mended(key), now)

    def artifact(self, artifact: bytes) -> ArtifactRow | None:
        with self._database.read() as connection:
            return artifacts.get(connection, artifact)

    def artifacts(self, where: ArtifactFilter) -> list[ArtifactRow]:
        with self._database.read() as connection:
            query = filters.artifacts(connection.dialect, **where._asdict())
            return artifacts.select(connection, *query)

    def find_artifacts(self, reference: str) -> list[ArtifactRow]:
        newest = ArtifactFilter(key=values.mended(reference), latest=True)
        with self._database.read() as connection:
            by_key = filters.artifacts(connection.dialect, **newest._asdict())
            found = artifacts.select(connection, *by_key)
            return found or artifacts.by_id(connection, reference, FOUND_LIMIT)

    def variable(self, name: str) -> VariableRow | None:
        with self._database.read() as connection:
            return variables.get(connection, values.mended(name))

    def variables(
        self, text: str | None = None, after: str | None = None, limit: int = 1000
    ) -> list[VariableRow]:
        with self._database.read() as connection:
            return variables.page(connection, values.mended(text), after, limit)

    def set_variable(self, row: VariableRow, overwrite: bool) -> VariableRow | None:
        row = VariableRow._make(map(values.mended, row))
        with self._database.write() as connection:
            return variables.save(connection, row, overwrite)

    def unset_variable(self, name: str) -> bool:
        with self._database.write() as connection:
            return variables.delete(connection, values.mended(name))

    def block(self, slug: str, name: str, version: int | None = None) -> BlockRow | None:
        with self._database.read() as connection:
            slug, name = values.mended(slug), values.mended(name)
            return blocks.by_name(connection, slug, name, version)

    def block_by_id(self, block: bytes, version: int | None = None) -> BlockRow | None:
        with self._database.read() as connection:
            return blocks.by_id(connection, block, version)

    def blocks(
        self, slug: str | None = None, after: tuple[str, str] | None = None, limit: int = 1000
    ) -> list[BlockRow]:
        with self._database.read() as connection:
            return blocks.page(connection, values.mended(slug), after, limit)

    def block_versions(self, block: bytes) -> list[BlockRow]:
        with self._database.read() as connection:
            return blocks.versions(connection, block)

    def save_block(self, row: BlockRow) -> bool:
        row = row._replace(data=values.mended(row.data))
        with self._database.write() as connection:
            return blocks.save(connection, row)

    def delete_block(self, block: bytes) -> bool:
        with self._database.write() as connection:
            return blocks.delete(connection, block)

    def sealed_fields(self) -> list[SealedField]:
        with self._database.read() as connection:
            return blocks.all_sealed(connection)

    def sealing_keys(self) -> list[str]:
        with self._database.read() as connection:
            return blocks.keys(connection)

    def reseal(self, before: Sequence[SealedField], after: Sequence[SealedField]) -> bool:
        with self._database.write() as connection:
            return blocks.reseal(connection, before, after)

    def breaker(self, name: str) -> BreakerRow | None:
        with self._database.read() as connection:
            return breakers.get(connection, values.mended(name))

    def breakers(self, after: str | None = None, limit: int = 1000) -> list[BreakerRow]:
        with self._database.read() as connection:
            return breakers.page(connection, after, limit)

    def change_breaker(
        self, name: str, event: Event, moment: Moment, rules: Rules | None = None
    ) -> Answer | None:
        return breaker_steps.change(self._database, values.mended(name), event, moment, rules)

    def lock(self, key: str, now: int) -> LockRow | None:
        with self._database.read() as connection:
            return locks.holder(connection, values.mended(key), now)

    def acquire_lock(self, row: LockRow) -> bool:
        row = LockRow._make(map(values.mended, row))
        with self._database.write() as connection:
            return locks.acquire(connection, row)

    def release_lock(self, key: str, holder: str) -> bool:
        with self._database.write() as connection:
            return release_lock(connection, values.mended(key), values.mended(holder))

    def referenced_results(self) -> set[str]:
        with self._database.read() as connection:
            return upkeep.references(connection)

    def expire_cache(self, now: int) -> int:
        with self._database.write() as connection:
            return cache.expire(connection, now)

    def info(self) -> StoreInfo:
        with self._database.read() as connection:
            rows, results_size = upkeep.totals(connection)
        return StoreInfo(
            self._database.location, SCHEMA_VERSION, self._database.size(), rows, results_size
        )

    def vacuum(self) -> None:
        self._database.compact()

    def copy_into(self, other: LocalBackend) -> None:
        """Make another store, which is to be empty, a copy of this one.

        Raises:
            StoreError: One of them is not in SQLite.
        """
        copy_database(self._database, other._database)

    def change_counter(self) -> int:
        number = self._database.change_counter()
        self.hear_of_limits(number)
        return number

    def wait_for_change(self, counter: int, seconds: float) -> int:
        return self._database.wait_for_change(counter, seconds)

    def close(self) -> None:
        self._database.close()
