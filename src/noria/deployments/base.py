"""Deployments in the spelling of Prefect 2."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from noria.deployments.runner import RunnerDeployment
from noria.logging import get_logger
from noria.schedules import Schedule

__all__ = ["Deployment", "DeploymentTemplate"]

_UNUSED = (
    "skip_upload", "load_existing", "ignore_file", "manifest_path", "infrastructure", "storage",
    "parameter_openapi_schema", "timestamp",
)  # fmt: skip


class Deployment:
    """A deployment that is built from a flow and applied.

    Attributes:
        runner: The same, as `to_deployment` of a flow makes it.
        parameters: What was given; runs get those of them that the flow takes.

    Example:
        >>> from noria.deployments import RunnerDeployment
        >>> runner = RunnerDeployment("生产", flow_name="etl", entrypoint="etl.py:etl")
        >>> deployment = Deployment(runner)
        >>> deployment.apply() == deployment.apply()
        True
    """

    runner: RunnerDeployment
    parameters: dict[str, Any]

    def __init__(self, runner: RunnerDeployment, parameters: dict[str, Any] | None = None) -> None:
        given = runner.parameters if parameters is None else parameters
        self.__dict__.update(runner=runner, parameters=given)

    @classmethod
    def build_from_flow(
        cls,
        flow: Any,
        name: str,
        output: str | None = None,
        *,
        schedule: Any = None,
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
                keywords of `Flow.to_deployment`; `path` and `entrypoint`, where the flow is on the
                machines that run it; `infra_overrides`, the older name of `job_variables`. What
                told of storage and infrastructure (`skip_upload`, `load_existing`, `ignore_file`,
                `manifest_path`, `storage`, `infrastructure`) is kept for compatibility.

        Parameters that the flow does not take are left out, with a warning: a template gives the
        same ones to many flows.

        Raises:
            ValueError: Schedules do not fit.
            DeploymentError: The flow was not written in a file.
        """
        for unused in _UNUSED:
            options.pop(unused, None)
        place = {key: options.pop(key) for key in ("path", "entrypoint") if key in options}
        overrides = options.pop("infra_overrides", None)
        if overrides:
            options.setdefault("job_variables", overrides)
        paused = None if is_schedule_active is None else not is_schedule_active
        given = dict(options.pop("parameters", None) or {})
        taken = _taken(flow, name, given)
        runner = RunnerDeployment.from_flow(
            flow,
            name,
            schedule=schedule,
            schedules=schedules,
            paused=paused,
            parameters=taken,
            **options,
        )
        deployment = cls(dataclasses.replace(runner, **place), given)
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
        made: uuid.UUID = self.runner.apply()
        return made

    @property
    def schedule(self) -> Schedule | None:
        """The first of its schedules."""
        return self.runner.schedules[0] if self.runner.schedules else None

    def __getattr__(self, name: str) -> Any:
        if name == "runner":
            # Of a copy that has none yet.
            raise AttributeError(name)
        return getattr(self.runner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """What is changed before `apply` is applied."""
        if name == "schedule":
            name, value = "schedules", [] if value is None else [value]
        if not hasattr(self.runner, name):
            raise AttributeError(f"A deployment has no field {name!r}.", name=name, obj=self)
        if name == "parameters":
            self.__dict__["parameters"] = value
        setattr(self.runner, name, value)


@dataclasses.dataclass(frozen=True)
class DeploymentTemplate:
    """What the deployments of a team have in common.

    Parameters:
        tags: They stand before those of a deployment.
        parameters: For flows that take them; those of a deployment go before them.
        description: Of deployments that have none; `{name}` stands for the name.
        checks: Called with each deployment; what they return, unless None, is why there is none.
        options: Further fields of `RunnerDeployment`.

    Example:
        >>> from noria.deployments import Deployment, DeploymentTemplate
        >>> def has_an_owner(deployment: Deployment) -> str | None:
        ...     owned = any(tag.startswith("team:") for tag in deployment.tags)
        ...     return None if owned else "it has no tag team:..."
        >>> template = DeploymentTemplate(tags=["automated"], checks=[has_an_owner])
        >>> template.tags
        ['automated']
    """

    tags: Sequence[str] = ()
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    description: str | None = None
    checks: Sequence[Callable[[Deployment], str | None]] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def build(
        self,
        flow: Any,
        name: str,
        schedule: Schedule | None = None,
        tags: Iterable[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Deployment:
        """The deployment of a flow after this template.

        Parameters:
            flow: The flow.
            name: The deployment's name.
            schedule: When runs are due.
            tags: Further tags.
            parameters: Its own parameters.
            options: As for `Deployment.build_from_flow`; they go before those of the template.

        Raises:
            ValueError: A check refuses it, or schedules do not fit.
            DeploymentError: The flow was not written in a file.
        """
        merged = {**self.options, **options}
        if self.description is not None:
            merged.setdefault("description", self.description.replace("{name}", name))
        deployment = Deployment.build_from_flow(
            flow,
            name,
            schedule=schedule,
            tags=[*self.tags, *(tags or ())],
            parameters={**self.parameters, **(parameters or {})},
            **merged,
        )
        refusals = [text for check in self.checks if (text := check(deployment)) is not None]
        if refusals:
            raise ValueError(f"Deployment {deployment.full_name!r}: {'; '.join(refusals)}.")
        return deployment


def _taken(flow: Any, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if flow.spec.has_var_keyword:
        return dict(given)
    left = sorted(set(given) - set(flow.spec.names))
    if left:
        get_logger("deployments").warning(
            "Deployment %r: flow %r does not take %s; runs are not given %s.",
            name,
            flow.name,
            ", ".join(left),
            "it" if len(left) == 1 else "them",
        )
    return {key: value for key, value in given.items() if key not in left}
