"""How flows are deployed: what `Flow` offers beside running here and now."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from noria.core.errors import DeploymentError
from noria.engine.dispatch import async_dispatch, in_thread, signed_as
from noria.loading import load_flow_from_entrypoint
from noria.types.entrypoint import EntrypointType

if TYPE_CHECKING:
    import uuid

    from noria.deployments.runner import RunnerDeployment
    from noria.flows import Flow
    from noria.options import DeploymentOptions
    from noria.schedules import Schedule

_FILE = EntrypointType.FILE_PATH
_LOCAL = "file://"
_OF_DEPLOYING = ("image", "build", "push", "print_next_steps", "ignore_warnings")
_OF_SERVING = ("pause_on_shutdown", "print_starting_message", "limit", "webserver", "global_limit")


class Deployable:
    """The part of a flow that is about deployments."""

    name: str
    origin: tuple[str, str] | None = None
    """Folder and entrypoint of a flow that `from_source` has loaded."""

    def to_deployment(
        self,
        name: str,
        interval: Any = None,
        cron: Iterable[str] | str | None = None,
        rrule: Iterable[str] | str | None = None,
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
        entrypoint_type: EntrypointType = _FILE,
        **options: Unpack[DeploymentOptions],
    ) -> RunnerDeployment:
        """The deployment of this flow, to be applied or served.

        Parameters:
            name: The deployment's name.
            interval: Seconds or a timedelta from run to run, or several of them.
            cron: A cron expression, or several.
            rrule: A recurrence rule, or several.
            paused: Whether schedules rest; None leaves them as they are.
            schedule: A schedule: `Cron("0 2 * * *", timezone="Asia/Shanghai")`.
            schedules: Several.
            concurrency_limit: How many runs may be under way at once: a number, or a
                `ConcurrencyLimitConfig`, which says what is done beyond it.
            parameters: What runs are given, unless they are asked for with other values.
            triggers: Kept for compatibility; there are none yet, which is warned of.
            description: For people; the flow's by default.
            tags: What runs bear.
            version: The flow's by default.
            version_type: Kept for compatibility.
            enforce_parameter_schema: Whether runs can only be asked for with parameters that fit.
            work_pool_name: The pool whose workers run it.
            work_queue_name: The queue of that pool.
            job_variables: For the process: `{"env": {"NAME": "value"}}`.
            entrypoint_type: Whether it is loaded from its file, or from its module by name.
            options: `concurrency_key`, `overlap`, `catchup`, `jitter`, `on_crash`, `priority`; see
                `noria.deployments.RunnerDeployment`.

        Returns:
            The deployment; in async code it may be awaited.

        Raises:
            ValueError: Schedules or parameters do not fit.
            DeploymentError: The flow was not written in a file.
        """
        given = _given(locals())
        from noria.deployments.runner import RunnerDeployment  # noqa: PLC0415 - few scripts deploy

        return RunnerDeployment.from_flow(self, **given)

    @signed_as(to_deployment)
    async def ato_deployment(self, *args: Any, **kwargs: Any) -> RunnerDeployment:
        """As `to_deployment`, to be awaited."""
        return self.to_deployment(*args, **kwargs)

    @async_dispatch(lambda self, *args, **kwargs: self.adeploy(*args, **kwargs))
    def deploy(
        self,
        name: str,
        work_pool_name: str | None = None,
        image: Any = None,
        build: bool = True,
        push: bool = True,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
        interval: Any = None,
        cron: Iterable[str] | str | None = None,
        rrule: Iterable[str] | str | None = None,
        paused: bool | None = None,
        schedule: Schedule | None = None,
        schedules: Iterable[Any] | None = None,
        concurrency_limit: Any = None,
        triggers: list[Any] | None = None,
        parameters: dict[str, Any] | None = None,
        description: str | None = None,
        tags: list[str] | None = None,
        version: str | None = None,
        version_type: Any = None,
        enforce_parameter_schema: bool = True,
        entrypoint_type: EntrypointType = _FILE,
        print_next_steps: bool = True,
        ignore_warnings: bool = False,
        **options: Unpack[DeploymentOptions],
    ) -> uuid.UUID:
        """Deploy this flow for the workers of a pool.

        Parameters:
            name: The deployment's name.
            work_pool_name: The pool; `default` by default.
            image: Kept for compatibility, as `build` and `push`: code is loaded from where it is.
            build: See above.
            push: See above.
            work_queue_name, job_variables, interval, cron, rrule, paused, schedule, schedules,
                concurrency_limit, triggers, parameters, description, tags, version, version_type,
                enforce_parameter_schema, entrypoint_type, options: As for `to_deployment`.
            print_next_steps: Whether to say how runs are asked for.
            ignore_warnings: Kept for compatibility.

        Returns:
            The deployment's id; in async code an awaitable of it.

        Raises:
            ValueError: Schedules or parameters do not fit.
            DeploymentError: The flow was not written in a file.
        """
        return _deployed(self, print_next_steps, _given(locals(), *_OF_DEPLOYING))

    @signed_as(deploy)
    async def adeploy(self, *args: Any, **kwargs: Any) -> uuid.UUID:
        """As `deploy`, to be awaited."""
        deploy: Any = self.deploy
        made: uuid.UUID = await in_thread(partial(deploy, *args, _sync=True, **kwargs))
        return made

    def serve(
        self,
        name: str | None = None,
        interval: Any = None,
        cron: Iterable[str] | str | None = None,
        rrule: Iterable[str] | str | None = None,
        paused: bool | None = None,
        schedule: Schedule | None = None,
        schedules: Iterable[Any] | None = None,
        global_limit: Any = None,
        triggers: list[Any] | None = None,
        parameters: dict[str, Any] | None = None,
        description: str | None = None,
        tags: list[str] | None = None,
        version: str | None = None,
        enforce_parameter_schema: bool = True,
        pause_on_shutdown: bool = True,
        print_starting_message: bool = True,
        limit: int | None = None,
        webserver: bool = False,
        entrypoint_type: EntrypointType = _FILE,
        **options: Unpack[DeploymentOptions],
    ) -> None:
        """Deploy this flow and run it when it is due or asked for, until Ctrl-C or SIGTERM.

        Parameters:
            name: The deployment's name; the flow's by default.
            interval, cron, rrule, paused, schedule, schedules, triggers, parameters, description,
                tags, version, enforce_parameter_schema, entrypoint_type, options: As for
                `to_deployment`.
            global_limit: How many runs of it may be under way at once, whoever serves it; as the
                `concurrency_limit` of `to_deployment`.
            pause_on_shutdown: Whether schedules rest until they are served again.
            print_starting_message: Whether to say how runs are asked for.
            limit: How many runs may be under way at once in this process; no limit by default.
            webserver: Kept for compatibility.

        Raises:
            ValueError: Schedules or parameters do not fit.
            DeploymentError: The flow was not written in a file.
        """
        given = _given(locals(), *_OF_SERVING)
        from noria.deployments.serving import serve  # noqa: PLC0415 - as above

        given["name"] = name or self.name
        serve(
            self.to_deployment(concurrency_limit=global_limit, **given),
            pause_on_shutdown=pause_on_shutdown,
            print_starting_message=print_starting_message,
            limit=limit,
        )

    @classmethod
    async def afrom_source(cls, source: Any, entrypoint: str) -> Flow[..., Any]:
        """As `from_source`, to be awaited."""
        return from_source(source, entrypoint)

    @classmethod
    @async_dispatch(lambda cls, source, entrypoint: cls.afrom_source(source, entrypoint))
    def from_source(cls, source: Any, entrypoint: str) -> Flow[..., Any]:
        """A flow from a folder, to be called or deployed.

        Parameters:
            source: The folder; its deployments run there.
            entrypoint: `path/to/file.py:name`, seen from the folder, or `package.module.name`.

        Returns:
            The flow; in async code an awaitable of it.

        Raises:
            TypeError: The source is no path.
            DeploymentError: It is no folder of this machine.
            MissingFlowError: There is no such flow.
        """
        return from_source(source, entrypoint)


def _deployed(flow: Deployable, print_next_steps: bool, given: dict[str, Any]) -> uuid.UUID:
    from noria.deployments.serving import write  # noqa: PLC0415 - few scripts deploy

    deployment = flow.to_deployment(**given)
    (made,) = write(deployment, print_next_steps_message=print_next_steps)
    return made


def from_source(source: Any, entrypoint: str) -> Flow[..., Any]:
    """A flow from a folder; `Flow.from_source` tells of the parameters."""
    folder = _folder(source)
    if ":" in entrypoint:
        found = load_flow_from_entrypoint(os.path.join(folder, entrypoint))
    else:
        sys.path.insert(0, folder)
        try:
            found = load_flow_from_entrypoint(entrypoint)
        finally:
            sys.path.remove(folder)
    flow: Flow[..., Any] = copy(found)
    flow.origin = (folder, entrypoint)
    return flow


def _folder(source: Any) -> str:
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            f"Unsupported source type {type(source).__name__!r}; expected the path of a folder."
        )
    path = os.fspath(source)
    folder = os.path.abspath(os.path.expanduser(path.removeprefix(_LOCAL)))
    if not os.path.isdir(folder):
        raise DeploymentError(
            f"There is no folder {path!r}. Flows are loaded from folders of this machine: clone a "
            "repository first, and give the path."
        )
    return folder


def _given(arguments: dict[str, Any], *own: str) -> dict[str, Any]:
    """The arguments that are passed on, with the further options among them."""
    passed: dict[str, Any] = arguments.pop("options")
    left_out = ("self", *own)
    return passed | {key: value for key, value in arguments.items() if key not in left_out}
