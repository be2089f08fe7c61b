"""Deployments in the spelling of Prefect 2."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from noria.deployments.runner import RunnerDeployment
from noria.schedules import Schedule

__all__ = ["Deployment"]


class Deployment:
    """A deployment that is built from a flow and applied.

    Attributes:
        runner: The same, as `to_deployment` of a flow makes it.

    Example:
        >>> from noria.deployments import RunnerDeployment
        >>> runner = RunnerDeployment("生产", flow_name="etl", entrypoint="etl.py:etl")
        >>> deployment = Deployment(runner)
        >>> deployment.apply() == deployment.apply()
        True
    """

    def __init__(self, runner: RunnerDeployment) -> None:
        self.runner = runner

    @classmethod
    def build_from_flow(
        cls,
        flow: Any,
        name: str,
        output: str | None = None,
        *,
        schedule: Schedule | None = None,
        schedules: Iterable[Any] | None = None,
        is_schedule_active: bool | None = None,
        apply: bool = False,
        **options: Any,
    ) -> Deployment:
        """The deployment of a flow.

        Parameters:
            flow: The flow.
            name: The deployment's name.
            output: Kept for compatibility; nothing is written to a file.
            schedule: When runs are due.
            schedules: Several schedules.
            is_schedule_active: False lets the schedules rest.
            apply: Whether to apply it at once.
            options: `tags`, `parameters`, `description`, `version`, `work_pool_name` and further
                fields of `RunnerDeployment`.

        Raises:
            ValueError: Parameters or schedules do not fit.
            DeploymentError: The flow was not written in a file.
        """
        for unused in ("skip_upload", "load_existing", "ignore_file", "infrastructure", "storage"):
            options.pop(unused, None)
        paused = None if is_schedule_active is None else not is_schedule_active
        runner = RunnerDeployment.from_flow(
            flow, name, schedule=schedule, schedules=schedules, paused=paused, **options
        )
        deployment = cls(runner)
        if apply:
            deployment.apply()
        return deployment

    @property
    def name(self) -> str:
        """The deployment's name."""
        return self.runner.name

    @property
    def full_name(self) -> str:
        """`flow/deployment`."""
        return self.runner.full_name

    def apply(self, upload: bool = False, work_queue_concurrency: int | None = None) -> uuid.UUID:
        """Write it to the store.

        Parameters:
            upload: Kept for compatibility: code stays where it is.
            work_queue_concurrency: Kept for compatibility.

        Returns:
            The deployment's id.
        """
        return self.runner.apply()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runner, name)
