"""A deployment as code says it."""

from __future__ import annotations

import dataclasses
import os
import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from noria.core import clock, ids
from noria.core.deployments import (
    DEFAULT_POOL,
    DeploymentSpec,
    OnCrash,
    Overlap,
    ScheduleSpec,
    key_fault,
)
from noria.core.errors import DeploymentError
from noria.core.names import check_name
from noria.core.schedules.rules import Catchup, to_record, words
from noria.deployments.parameters import as_json
from noria.engine.session import open_session
from noria.schedules import Cron, Interval, RRule, Schedule
from noria.utilities.callables import parameter_schema

__all__ = ["RunnerDeployment"]

Many = Iterable[Any] | Any


@dataclasses.dataclass
class RunnerDeployment:
    """A flow that can be loaded, with when and how it is to run.

    `from_flow`, or `to_deployment` of a flow, makes one; `apply` writes it to the store.

    Parameters:
        name: The deployment's name, unique for the flow.
        flow_name: The flow's name.
        entrypoint: Where the flow is: `path/to/file.py:name`, seen from `path`.
        path: The folder that it is loaded from and runs in; the current one by default.
        schedules: When runs are due.
        parameters: What runs are given, unless they are asked for with other values.
        tags: What runs bear.
        description: For people; the flow's by default.
        version: The flow's by default.
        enforce_parameter_schema: Whether a run can only be asked for with parameters that fit.
        paused: Whether its schedules rest; None leaves it as it is.
        concurrency_limit: How many of its runs may be under way at once.
        concurrency_key: `"{customer}"`: limit and overlap hold for each value of this parameter by
            itself.
        overlap: What a run does that is due while others are under way: `allow`, `queue`, `skip`
            or `cancel_running`.
        catchup: What becomes of times that passed while nobody was there: `none`, `last` or `all`.
        jitter: Runs start up to so many seconds later than they are due.
        on_crash: What becomes of a run whose process dies: `resume`, `retry` or `fail`.
        priority: Higher ones are claimed first.
        work_pool_name: The pool whose workers run it.
        work_queue_name: The queue of that pool; its rank and limit are said with
            `noria pool queue set`.
        job_variables: For the process: `{"env": {"NAME": "value"}}`.
        parameter_openapi_schema: JSON Schema of the flow's parameters.

    Example:
        >>> deployment = RunnerDeployment("nightly", flow_name="etl", entrypoint="etl.py:etl")
        >>> deployment.full_name
        'etl/nightly'
    """

    name: str
    flow_name: str
    entrypoint: str
    path: str | None = None
    schedules: list[Schedule] = dataclasses.field(default_factory=list)
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    tags: list[str] = dataclasses.field(default_factory=list)
    description: str | None = None
    version: str | None = None
    enforce_parameter_schema: bool = True
    paused: bool | None = None
    concurrency_limit: int | None = None
    concurrency_key: str | None = None
    overlap: str = "allow"
    catchup: str = "last"
    jitter: float = 0.0
    on_crash: str = "resume"
    priority: int = 0
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] = dataclasses.field(default_factory=dict)
    parameter_openapi_schema: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        # A file's ending is easily left on: `serve(__file__)` means the file's own name.
        if self.name.endswith(".py"):
            self.name = os.path.splitext(os.path.basename(self.name))[0]
        check_name(self.name, "deployment")
        self.spec()

    @property
    def full_name(self) -> str:
        """`flow/deployment`, by which it is asked for."""
        return f"{self.flow_name}/{self.name}"

    @classmethod
    def from_flow(
        cls,
        flow: Any,
        name: str,
        interval: Many = None,
        cron: Many = None,
        rrule: Many = None,
        paused: bool | None = None,
        schedule: Schedule | None = None,
        schedules: Iterable[Any] | None = None,
        **options: Any,
    ) -> RunnerDeployment:
        """The deployment of a flow.

        Parameters:
            flow: The flow.
            name: The deployment's name.
            interval: Seconds or a timedelta, or several.
            cron: A cron expression, or several.
            rrule: A recurrence rule, or several.
            paused: Whether its schedules rest.
            schedule: A schedule.
            schedules: Several, as `Schedule` or as dicts of its fields.
            options: Further fields of the class.

        Raises:
            ValueError: More than one of the ways to give schedules is used, or parameters do not
                fit the flow.
            DeploymentError: The flow was not written in a file, so that no other process finds it.
        """
        entrypoint = flow.entrypoint
        if entrypoint is None:
            raise DeploymentError(
                f"Flow {flow.name!r} cannot be deployed: it was not written in a file, or is a "
                "method of an object, so no other process can load it. Put it into a file."
            )
        folder = os.getcwd()
        file, _, qualname = entrypoint.rpartition(":")
        options.setdefault("description", flow.description)
        options.setdefault("version", flow.version)
        given = options.get("parameters") or {}
        unknown = sorted(set(given) - set(flow.spec.names))
        if unknown and flow.spec.var_keyword is None:
            raise ValueError(
                f"Deployment {name!r} has parameters that flow {flow.name!r} does not take: "
                f"{', '.join(unknown)}. It takes: {', '.join(flow.spec.names) or 'none'}."
            )
        key = options.get("concurrency_key")
        if key is not None and (fault := key_fault(key, flow.spec.names)):
            raise ValueError(f"Deployment {name!r} has the concurrency_key {key!r}: {fault}.")
        concurrency = options.pop("concurrency_limit", None)
        return cls(
            name=name,
            flow_name=flow.name,
            entrypoint=f"{_seen_from(folder, file)}:{qualname}",
            path=folder,
            schedules=_schedules(interval, cron, rrule, schedule, schedules),
            paused=paused,
            parameter_openapi_schema=parameter_schema(flow.fn).model_dump(),
            **_concurrency(concurrency),
            **{field: value for field, value in options.items() if value is not None},
        )

    def spec(self) -> DeploymentSpec:
        """What is compared with the store."""
        return DeploymentSpec(
            flow_name=self.flow_name,
            name=self.name,
            entrypoint=self.entrypoint,
            path=self.path,
            description=self.description,
            version=self.version,
            tags=tuple(self.tags),
            parameters=as_json(self.parameters, self.full_name),
            parameter_schema=self.parameter_openapi_schema,
            enforce_parameter_schema=self.enforce_parameter_schema,
            pool=self.work_pool_name or DEFAULT_POOL,
            queue=self.work_queue_name,
            job_variables=self.job_variables,
            priority=self.priority,
            concurrency_limit=self.concurrency_limit,
            concurrency_key=self.concurrency_key,
            overlap=Overlap(self.overlap),
            catchup=Catchup(self.catchup),
            jitter=int(self.jitter * 1_000_000),
            on_crash=OnCrash(self.on_crash),
            schedules=tuple(_specs(self.schedules, self.full_name)),
        )

    def apply(self) -> uuid.UUID:
        """Write it to the store: a new one, or in place of the one of its name.

        Returns:
            The deployment's id.
        """
        backend = open_session().backend
        backend.apply_deployments([self.spec()], clock.now())
        (row,) = backend.find_deployments(self.full_name)
        if self.paused is not None and self.paused != row.paused:
            backend.pause_deployment(row.id, self.paused, clock.now())
        return ids.to_uuid(row.id)


def _seen_from(folder: str, file: str) -> str:
    relative = os.path.relpath(file, folder)
    return file if relative.startswith("..") else relative


def _schedules(
    interval: Many,
    cron: Many,
    rrule: Many,
    schedule: Schedule | None,
    schedules: Iterable[Any] | None,
) -> list[Schedule]:
    ways = (interval, cron, rrule, schedule, schedules)
    if sum(each is not None for each in ways) > 1:
        raise ValueError(
            "Only one of interval, cron, rrule, schedule, or schedules can be provided."
        )
    if schedule is not None:
        return [schedule]
    found = [Interval(each) for each in _many(interval, (int, float, timedelta))]
    found += [Cron(each) for each in _many(cron, str)]
    found += [RRule(each) for each in _many(rrule, str)]
    for each in schedules or ():
        found.append(Schedule(**each) if isinstance(each, Mapping) else each)
    return found


def _many(given: Many, single: Any) -> list[Any]:
    if given is None:
        return []
    return [given] if isinstance(given, single) else list(given)


def _concurrency(limit: Any) -> dict[str, Any]:
    """A number, or a limit with what is done beyond it."""
    if limit is None or isinstance(limit, int):
        return {"concurrency_limit": limit}
    strategy = str(getattr(limit, "collision_strategy", "ENQUEUE"))
    found: dict[str, Any] = {"concurrency_limit": limit.limit}
    if strategy.upper().endswith("CANCEL_NEW"):
        found["overlap"] = "skip"
    return found


def _specs(schedules: list[Schedule], full_name: str) -> list[ScheduleSpec]:
    found: list[ScheduleSpec] = []
    for schedule in schedules:
        rule = schedule.rule()
        slug = schedule.slug or words(rule)
        if any(each.slug == slug for each in found):
            raise ValueError(
                f"Deployment {full_name!r} has two schedules {slug!r}; give one of them a slug of "
                "its own."
            )
        parameters = as_json(schedule.parameters, full_name)
        found.append(ScheduleSpec(slug, to_record(rule), schedule.active, parameters))
    return found
