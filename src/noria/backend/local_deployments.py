"""The part of the local backend that deploys, schedules and hands out."""

from __future__ import annotations

from collections.abc import Sequence

from noria.backend import claiming, deploying, dispatch, executions
from noria.backend.deployments_port import Claim, RunRequest
from noria.core.deployments import DeploymentSpec, Step
from noria.core.errors import InvalidSchedule
from noria.core.records import DeploymentRow, FlowRunRow, ScheduleRow
from noria.store import deployments, flow_runs, work
from noria.store.database import Database


class LocalDeployments:
    """See `Backend` for what each method does."""

    _database: Database
    _took = False
    """Whether the last claim has taken something."""

    def plan_deployments(self, wanted: Sequence[DeploymentSpec], prune: bool = False) -> list[Step]:
        with self._database.read() as connection:
            return deploying.plan(connection, wanted, prune)

    def apply_deployments(
        self, wanted: Sequence[DeploymentSpec], now: int, prune: bool = False
    ) -> list[Step]:
        with self._database.write() as connection:
            return deploying.apply(connection, wanted, prune, now)

    def deployment(self, deployment: bytes) -> DeploymentRow | None:
        with self._database.read() as connection:
            return deployments.get(connection, deployment)

    def find_deployments(self, reference: str) -> list[DeploymentRow]:
        with self._database.read() as connection:
            return deployments.find(connection, reference)

    def deployments(self) -> list[DeploymentRow]:
        with self._database.read() as connection:
            return deployments.page(connection)

    def delete_deployment(self, deployment: bytes, now: int) -> bool:
        with self._database.write() as connection:
            return deploying.remove(connection, deployment, now)

    def pause_deployment(self, deployment: bytes, paused: bool, now: int) -> bool:
        with self._database.write() as connection:
            return deploying.pause(connection, deployment, paused, now)

    def schedules(self, deployment: bytes) -> list[ScheduleRow]:
        with self._database.read() as connection:
            return deployments.schedules(connection, deployment)

    def last_fired(self, deployment: bytes, slug: str) -> int | None:
        with self._database.read() as connection:
            return work.last_of_schedule(connection, deployment, slug)

    def activate_schedule(
        self, deployment: bytes, slug: str, active: bool, now: int
    ) -> ScheduleRow | None:
        with self._database.write() as connection:
            return deploying.activate(connection, deployment, slug, active, now)

    def request_run(self, wish: RunRequest, now: int) -> FlowRunRow | None:
        with self._database.write() as connection:
            return dispatch.request(connection, wish, now)

    def deployment_runs(self, deployment: bytes, limit: int = 20) -> list[FlowRunRow]:
        with self._database.read() as connection:
            found = work.of_deployment(connection, deployment, limit)
            rows = [flow_runs.get(connection, flow_run) for flow_run in found]
        return [row for row in rows if row is not None]

    def make_due_runs(self, now: int) -> list[FlowRunRow]:
        # Mostly nothing is due, and looking takes no lock.
        with self._database.read() as connection:
            if not deployments.due(connection, now):
                return []
        with self._database.write() as connection:
            ticked = dispatch.tick(connection, now)
        if ticked.faults:
            # What others have due has been made all the same.
            raise InvalidSchedule("; ".join(ticked.faults))
        return ticked.made

    def next_schedule_due(self) -> int | None:
        with self._database.read() as connection:
            return deployments.next_due(connection)

    def claim(self, pools: Sequence[str], worker: bytes, limit: int, now: int) -> list[Claim]:
        # Mostly nothing waits, or must go on waiting, and looking takes no lock. Who has just taken
        # something will take more: to go through the line twice would cost more than the lock.
        with self._database.read() as connection:
            if self._took and limit > 0:
                there_is = any(work.waiting(connection, pool, now, 1) for pool in pools)
            else:
                there_is = any(claiming.candidates(connection, pools, limit, now))
        if not there_is:
            self._took = False
            return []
        with self._database.write() as connection:
            found = claiming.claim(connection, pools, worker, limit, now)
        self._took = bool(found)
        return found

    def next_work_due(self, pools: Sequence[str]) -> int | None:
        with self._database.read() as connection:
            found = [work.next_due(connection, pool) for pool in pools]
        return min((due for due in found if due is not None), default=None)

    def pools_waited_in(self) -> list[str]:
        with self._database.read() as connection:
            return work.waited_in(connection)

    def claimed(self, worker: bytes) -> list[FlowRunRow]:
        with self._database.read() as connection:
            return flow_runs.live_in_process(connection, worker)

    def executor(self, flow_run: bytes) -> bytes | None:
        with self._database.read() as connection:
            return flow_runs.executor(connection, flow_run)

    def begin_claimed(
        self, flow_run: bytes, worker: bytes, process: bytes, now: int
    ) -> FlowRunRow | None:
        with self._database.write() as connection:
            return dispatch.begin(connection, flow_run, worker, process, now)

    def requeue(self, flow_run: bytes, now: int) -> FlowRunRow | None:
        with self._database.write() as connection:
            return dispatch.requeue(connection, flow_run, now)

    def abandon(self, flow_run: bytes, worker: bytes, message: str, now: int) -> FlowRunRow | None:
        with self._database.write() as connection:
            return dispatch.abandon(connection, flow_run, worker, message, now)

    def time_out(
        self, flow_run: bytes, process: bytes, message: str, now: int
    ) -> FlowRunRow | None:
        with self._database.write() as connection:
            return executions.time_out(connection, flow_run, process, message, now)

    def mark_late(self, now: int) -> list[FlowRunRow]:
        with self._database.read() as connection:
            if not work.late(connection, now - dispatch.LATE, 1):
                return []
        with self._database.write() as connection:
            return dispatch.mark_late(connection, now)

    def recover(self, now: int) -> list[FlowRunRow]:
        with self._database.read() as connection:
            if not work.crashed(connection):
                return []
        with self._database.write() as connection:
            return dispatch.recover(connection, now)
