"""A deployment as code says it."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import uuid
from collections.abc import Generator, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar, Unpack

from noria.client.schemas.objects import (
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
)
from noria.core import clock, ids
from noria.core.deployments import DeploymentSpec, OnCrash, Overlap, key_fault
from noria.core.errors import DeploymentError
from noria.core.names import check_name
from noria.core.pools import DEFAULT_POOL, SERVED, name_fault
from noria.core.schedules.rules import Catchup
from noria.deployments.parameters import as_json, check_defaults, nested
from noria.deployments.scheduling import Many, as_schedule, schedules_of, specs_of
from noria.engine.dispatch import async_dispatch, in_thread, signed_as
from noria.engine.session import open_session
from noria.loading import load_flow_from_entrypoint
from noria.logging import get_logger
from noria.options import DeploymentOptions
from noria.schedules import Schedule
from noria.types.entrypoint import EntrypointType
from noria.utilities.callables import parameter_schema

__all__ = ["RunnerDeployment"]

_STRATEGIES = {
    Overlap.QUEUE.value: ConcurrencyLimitStrategy.ENQUEUE,
    Overlap.SKIP.value: ConcurrencyLimitStrategy.CANCEL_NEW,
}
"""What Noria calls an overlap -> what Prefect calls its strategy."""
_KEYWORDS = ("interval", "cron", "rrule", "schedule", "schedules", "paused", "parameters", "tags")
"""Those that are most often misspelled."""
E = TypeVar("E", bound=StrEnum)


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
            `noria queue set`.
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
        if str(self.name).endswith(".py"):
            self.name = os.path.splitext(os.path.basename(self.name))[0]
        check_name(self.name, "deployment")
        if isinstance(self.tags, str):
            raise ValueError(
                f"The tags of deployment {self.full_name!r} are {self.tags!r}; expected a list: "
                f"[{self.tags!r}]."
            )
        limit = self.concurrency_limit
        if limit is not None and (type(limit) is not int or limit < 0):
            raise ValueError(
                f"The concurrency_limit of deployment {self.full_name!r} is {limit!r}; expected a "
                "number of runs, or a ConcurrencyLimitConfig."
            )
        if type(self.priority) is not int:
            raise ValueError(
                f"The priority of deployment {self.full_name!r} is {self.priority!r}; expected a "
                "whole number."
            )
        jitter: Any = self.jitter
        if not isinstance(jitter, int | float) or not 0 <= jitter < math.inf:
            raise ValueError(
                f"The jitter of deployment {self.full_name!r} is {jitter!r}; expected a number of "
                "seconds."
            )
        self.job_variables = nested(self.job_variables)
        self.tags = [str(tag) for tag in self.tags if tag != ""]
        self.spec()

    @property
    def full_name(self) -> str:
        """`flow/deployment`, by which it is asked for."""
        return f"{self.flow_name}/{self.name}"

    @property
    def entrypoint_type(self) -> EntrypointType:
        """Whether it is loaded from a file, or from a module by its name."""
        return EntrypointType.FILE_PATH if ":" in self.entrypoint else EntrypointType.MODULE_PATH

    @property
    def concurrency_options(self) -> ConcurrencyOptions | None:
        """What is done beyond the limit, in Prefect's words; None when nothing was said of it."""
        strategy = _STRATEGIES.get(self.overlap)
        return None if strategy is None else ConcurrencyOptions(strategy)

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
        concurrency_limit: Any = None,
        parameters: dict[str, Any] | None = None,
        triggers: list[Any] | None = None,
        description: str | None = None,
        tags: list[str] | None = None,
        version: str | None = None,
        version_type: Any = None,
        enforce_parameter_schema: bool = True,
        work_pool_name: str | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
        entrypoint_type: EntrypointType = EntrypointType.FILE_PATH,
        **options: Unpack[DeploymentOptions],
    ) -> RunnerDeployment:
        """The deployment of a flow; `Flow.to_deployment` tells of the parameters.

        Raises:
            ValueError: More than one of the ways to give schedules is used, or parameters do not
                fit the flow.
            DeploymentError: The flow was not written in a file, so that no other process finds it.
        """
        _check_keywords(name, options)
        _check_parameters(flow, name, parameters or {})
        if triggers:
            get_logger("deployments").warning(
                "Deployment %r was given triggers; there are none yet, and they start nothing.",
                name,
            )
        key = options.get("concurrency_key")
        if key is not None and (fault := key_fault(key, flow.spec.names)):
            raise ValueError(f"Deployment {name!r} has the concurrency_key {key!r}: {fault}.")
        folder, entrypoint = _place(flow, entrypoint_type)
        given = {
            "parameters": parameters,
            "tags": tags,
            "work_pool_name": work_pool_name,
            "work_queue_name": work_queue_name,
            "job_variables": job_variables,
            **_concurrency(concurrency_limit),
            **options,
        }
        return cls(
            name=name,
            flow_name=flow.name,
            entrypoint=entrypoint,
            path=folder,
            schedules=schedules_of(interval, cron, rrule, schedule, schedules),
            paused=paused,
            description=description or flow.description,
            version=version or flow.version,
            enforce_parameter_schema=enforce_parameter_schema,
            parameter_openapi_schema=parameter_schema(flow.fn).model_dump(),
            **{field: value for field, value in given.items() if value is not None},
        )

    @classmethod
    def from_entrypoint(
        cls, entrypoint: str, name: str, flow_name: str | None = None, **options: Any
    ) -> RunnerDeployment:
        """The deployment of a flow that is loaded.

        Parameters:
            entrypoint: `path/to/file.py:name`, seen from the current folder.
            name: The deployment's name.
            flow_name: The flow's own by default.
            options: As for `Flow.to_deployment`.

        Raises:
            MissingFlowError: There is no such flow.
            ValueError: Schedules or parameters do not fit.
        """
        made = cls.from_flow(load_flow_from_entrypoint(entrypoint), name, **options)
        return dataclasses.replace(made, flow_name=flow_name or made.flow_name)

    def spec(self) -> DeploymentSpec:
        """What is compared with the store.

        Raises:
            ValueError: Two schedules have one slug, parameters have no JSON form, or a pool or a
                queue cannot have that name.
            ParameterTypeError: Parameters do not fit, or a schedule leaves one out.
        """
        _check_place(self)
        spec = DeploymentSpec(
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
            overlap=_choice(self, "overlap", Overlap),
            catchup=_choice(self, "catchup", Catchup),
            jitter=int(self.jitter * 1_000_000),
            on_crash=_choice(self, "on_crash", OnCrash),
            schedules=tuple(specs_of(self.schedules, self.full_name)),
        )
        check_defaults(spec)
        return spec

    @async_dispatch(lambda self, *args, **kwargs: self.aapply(*args, **kwargs))
    def apply(
        self,
        schedules: list[dict[str, Any]] | None = None,
        work_pool_name: str | None = None,
        image: str | None = None,
        version_info: Any = None,
    ) -> uuid.UUID:
        """Write it to the store: a new one, or in place of the one of its name.

        Parameters:
            schedules: In place of its own.
            work_pool_name: In place of its own.
            image: Kept for compatibility.
            version_info: Kept for compatibility.

        Returns:
            The deployment's id; in async code an awaitable of it.
        """
        return self.write(schedules, work_pool_name)

    def write(
        self,
        schedules: list[dict[str, Any]] | None = None,
        work_pool_name: str | None = None,
        image: str | None = None,
        version_info: Any = None,
    ) -> uuid.UUID:
        """As `apply`, never to be awaited."""
        if schedules is not None:
            self.schedules = [as_schedule(each) for each in schedules]
        self.work_pool_name = work_pool_name or self.work_pool_name
        backend = open_session().backend
        backend.apply_deployments([self.spec()], clock.now())
        (row,) = backend.find_deployments(self.full_name)
        if self.paused is not None and self.paused != row.paused:
            backend.pause_deployment(row.id, self.paused, clock.now())
        return ids.to_uuid(row.id)

    @signed_as(write)
    async def aapply(self, *args: Any, **kwargs: Any) -> uuid.UUID:
        """As `apply`, to be awaited."""
        return await in_thread(self.write, *args, **kwargs)

    def __await__(self) -> Generator[Any, Any, RunnerDeployment]:
        # In async code, Prefect's `to_deployment` has to be awaited.
        yield from ()
        return self


def _place(flow: Any, kind: EntrypointType) -> tuple[str, str]:
    """The folder that a flow is loaded from, and its entrypoint seen from there."""
    if flow.origin is not None:
        folder, entrypoint = flow.origin
        return folder, entrypoint
    folder, found = os.getcwd(), flow.entrypoint
    if found is None:
        raise DeploymentError(
            f"Flow {flow.name!r} cannot be deployed: it was not written in a file, or is a "
            "method of an object, so no other process can load it. Put it into a file."
        )
    file, _, qualname = found.rpartition(":")
    if kind is EntrypointType.FILE_PATH:
        return folder, f"{_seen_from(folder, file)}:{qualname}"
    module = flow.fn.__module__
    if module == "__main__":
        raise DeploymentError(
            f"Flow {flow.name!r} is in the script that was started, which has no name as a module; "
            "import it from there in another script, or deploy it by its file."
        )
    return folder, f"{module}.{qualname}"


def _seen_from(folder: str, file: str) -> str:
    relative = os.path.relpath(file, folder)
    return file if relative.startswith("..") else relative


def _check_keywords(name: str, options: Mapping[str, Any]) -> None:
    own = DeploymentOptions.__annotations__
    unknown = next((key for key in options if key not in own), None)
    if unknown is not None:
        near = difflib.get_close_matches(unknown, [*own, *_KEYWORDS], 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        if unknown == "timezone":
            hint = " Give it to the schedule: schedule=Cron('0 2 * * *', timezone='Asia/Shanghai')."
        raise TypeError(f"Deployment {name!r} was given an unexpected keyword {unknown!r}.{hint}")


def _check_parameters(flow: Any, name: str, given: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(flow.spec.names))
    if unknown and flow.spec.var_keyword is None:
        raise ValueError(
            f"Deployment {name!r} has parameters that flow {flow.name!r} does not take: "
            f"{', '.join(unknown)}. It takes: {', '.join(flow.spec.names) or 'none'}."
        )


def _choice(deployment: RunnerDeployment, option: str, choices: type[E]) -> E:
    """The one of a few words that an option names.

    Raises:
        ValueError: It names none of them.
    """
    given = getattr(deployment, option)
    known = [each.value for each in choices]
    if given not in known:
        near = difflib.get_close_matches(str(given), known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"The {option} of deployment {deployment.full_name!r} is {given!r}; expected one of "
            f"{', '.join(known)}.{hint}"
        )
    return choices(given)


def _check_place(deployment: RunnerDeployment) -> None:
    pool, queue = deployment.work_pool_name, deployment.work_queue_name
    for option, name in (("work_pool_name", pool), ("work_queue_name", queue)):
        if name is None or name == f"{SERVED}{deployment.full_name}":
            continue
        if fault := name_fault(name):
            raise ValueError(
                f"The {option} of deployment {deployment.full_name!r} is {name!r}: {fault}."
            )


def _concurrency(limit: Any) -> dict[str, Any]:
    """A number, or a limit with what is done beyond it."""
    if isinstance(limit, Mapping):
        limit = ConcurrencyLimitConfig(**limit)
    if isinstance(limit, ConcurrencyLimitConfig):
        overlap = next(
            overlap for overlap, each in _STRATEGIES.items() if each is limit.collision_strategy
        )
        return {"concurrency_limit": limit.limit, "overlap": overlap}
    return {"concurrency_limit": limit}
