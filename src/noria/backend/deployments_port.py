"""The part of the port that is about deployments, their schedules, and runs that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from noria.core.deployments import NOTHING, DeploymentSpec, Step
from noria.core.records import DeploymentRow, FlowRunRow, ScheduleRow, WorkRow


class RunRequest(NamedTuple):
    """A wish for a run of a deployment."""

    deployment: bytes
    due: int
    """When it may begin."""
    parameters: Mapping[str, Any] = NOTHING
    """They go before those of the deployment."""
    tags: tuple[str, ...] = ()
    name: str | None = None
    key: str | None = None
    """Asked for twice with one key, a deployment makes one run."""
    schedule: str | None = None
    queue: str | None = None
    """The deployment's own if None."""
    backfill: bytes | None = None
    job_variables: Mapping[str, Any] = NOTHING
    parent_run: bytes | None = None
    parent_task: bytes | None = None
    root_run: bytes | None = None
    scheduled: int | None = None
    """The time that it stands for, if that is another one."""


class Claim(NamedTuple):
    """A run that a worker has taken."""

    run: FlowRunRow
    spec: DeploymentSpec
    work: WorkRow


class Deployments(Protocol):
    """Deployments, and who runs what is due."""

    def plan_deployments(self, wanted: Sequence[DeploymentSpec], prune: bool = False) -> list[Step]:
        """What applying specifications would change; see `apply_deployments`."""

    def apply_deployments(
        self, wanted: Sequence[DeploymentSpec], now: int, prune: bool = False
    ) -> list[Step]:
        """Deploy what is specified, in one transaction. With `prune`, deployments from the same
        folders that are not specified any more are removed. Returns what was changed."""

    def deployment(self, deployment: bytes) -> DeploymentRow | None:
        """One deployment."""

    def find_deployments(self, reference: str) -> list[DeploymentRow]:
        """Deployments that `reference` may name: `flow/name`, a name, an id or its beginning."""

    def deployments(self) -> list[DeploymentRow]:
        """All deployments by flow and name."""

    def delete_deployment(self, deployment: bytes, now: int) -> bool:
        """Delete a deployment; its runs that wait are cancelled. False when there is none."""

    def pause_deployment(self, deployment: bytes, paused: bool, now: int) -> bool:
        """Stop all schedules of a deployment, or let them go on from now; False when there is
        none."""

    def schedules(self, deployment: bytes) -> list[ScheduleRow]:
        """The schedules of a deployment, and where they have got to."""

    def last_fired(self, deployment: bytes, slug: str) -> int | None:
        """When the newest run that a schedule has made was due."""

    def activate_schedule(
        self, deployment: bytes, slug: str, active: bool, now: int
    ) -> ScheduleRow | None:
        """Let one schedule make runs or none; None when there is no such schedule."""

    def request_run(self, wish: RunRequest, now: int) -> FlowRunRow | None:
        """Make a run of a deployment, to be executed when it is due: the one that was made before
        when the request has its key. None when there is no such deployment."""

    def deployment_runs(self, deployment: bytes, limit: int = 20) -> list[FlowRunRow]:
        """The newest runs of a deployment."""

    def make_due_runs(self, now: int) -> list[FlowRunRow]:
        """Make the runs that schedules have due. Whoever calls it, and how often: each time of a
        schedule makes one run.

        Raises:
            InvalidSchedule: One of the schedules cannot be reckoned, by this Noria; it is tried
                again in a minute, and what others have due has been made.
        """

    def next_schedule_due(self) -> int | None:
        """When the next schedule is due."""

    def claim(self, pools: Sequence[str], worker: bytes, limit: int, now: int) -> list[Claim]:
        """Take up to `limit` runs of some pools that are due for a worker, a registered process, in
        the order of their turn; what must wait lets those behind it go first."""

    def next_work_due(self, pools: Sequence[str]) -> int | None:
        """When the next of the runs that wait in some pools is due."""

    def pools_waited_in(self) -> list[str]:
        """The pools that runs wait in, due or not."""

    def claimed(self, worker: bytes) -> list[FlowRunRow]:
        """The runs that a worker has claimed and that no process has begun."""

    def executor(self, flow_run: bytes) -> bytes | None:
        """The process that has a run: the worker that has claimed it, or the one that has begun
        it."""

    def begin_claimed(
        self, flow_run: bytes, worker: bytes, process: bytes, now: int
    ) -> FlowRunRow | None:
        """Begin the execution of a claimed run in a process of its own; None when the run is not
        the worker's any more."""

    def requeue(self, flow_run: bytes, now: int) -> FlowRunRow | None:
        """Let a suspended run of a deployment, which has got what it waited for, be taken by a
        worker. None when it is no such run."""

    def abandon(self, flow_run: bytes, worker: bytes, message: str, now: int) -> FlowRunRow | None:
        """End a claimed run that no process has begun: Crashed, or Cancelled when that was asked
        for. None when the run is not the worker's any more."""

    def time_out(
        self, flow_run: bytes, process: bytes, message: str, now: int
    ) -> FlowRunRow | None:
        """End a run as timed out whose process was ended because it did not stop by itself; None
        when the run had ended, or has another process."""

    def mark_late(self, now: int) -> list[FlowRunRow]:
        """Say of runs that nobody took in time that they are Late. Returns those newly so."""

    def recover(self, now: int) -> list[FlowRunRow]:
        """Let runs of deployments whose process has died wait for another one, as `on_crash` has
        it. Returns them."""
