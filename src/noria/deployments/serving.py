"""Serving deployments: a process that runs them when they are due or asked for."""

from __future__ import annotations

import sys
import uuid
from typing import Any

from noria.core.pools import DEFAULT_POOL, SERVED
from noria.deployments.runner import RunnerDeployment
from noria.engine.dispatch import async_dispatch, in_thread, signed_as
from noria.worker.serving import serve as serve_specs

__all__ = ["adeploy", "aserve", "deploy", "serve"]


def serve(
    *args: RunnerDeployment,
    pause_on_shutdown: bool = True,
    print_starting_message: bool = True,
    limit: int | None = None,
) -> None:
    """Deploy, and run what is due or asked for, until Ctrl-C or SIGTERM.

    Each run has a process of its own. The first signal lets what is under way end, the second stops
    it.

    Parameters:
        args: Deployments, as `to_deployment` of a flow makes them.
        pause_on_shutdown: Whether their schedules rest until they are served again; they do not
            when another script serves them by then.
        print_starting_message: Whether to say how runs are asked for.
        limit: How many runs may be under way at once; no limit by default.

    Raises:
        ValueError: No deployment was given, or two have one name.
    """
    if not args:
        raise ValueError(
            "serve() needs at least one deployment: serve(my_flow.to_deployment('x'))."
        )
    names = [deployment.full_name for deployment in args]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"There are two deployments {name!r}; give one another name.")
    for deployment in args:
        # A pool of its own: who serves a deployment runs it, and nobody else.
        deployment.work_pool_name = f"{SERVED}{deployment.full_name}"
    if print_starting_message:
        _say(
            "Serving "
            + ", ".join(names)
            + ".\n"
            + "\n".join(f"  noria deployment run '{name}'" for name in names)
        )
    serve_specs([each.spec() for each in args], limit, pause_on_shutdown, _say)


@signed_as(serve)
async def aserve(*args: RunnerDeployment, **kwargs: Any) -> None:
    """As `serve`, to be awaited; the event loop does nothing else meanwhile."""
    serve(*args, **kwargs)


def write(
    *deployments: RunnerDeployment,
    work_pool_name: str | None = None,
    image: Any = None,
    build: bool = True,
    push: bool = True,
    print_next_steps_message: bool = True,
    ignore_warnings: bool = False,
) -> list[uuid.UUID]:
    """As `deploy`, never to be awaited."""
    found = []
    for deployment in deployments:
        deployment.work_pool_name = deployment.work_pool_name or work_pool_name
        found.append(deployment.write())
    if print_next_steps_message:
        pools = sorted({each.work_pool_name or DEFAULT_POOL for each in deployments})
        commands = [f"  noria deployment run '{each.full_name}'" for each in deployments]
        commands += [f"  noria worker start --pool '{pool}'" for pool in pools]
        _say("Deployed " + ", ".join(each.full_name for each in deployments) + ".")
        _say("\n".join(commands))
    return found


@signed_as(write)
async def adeploy(*deployments: RunnerDeployment, **kwargs: Any) -> list[uuid.UUID]:
    """As `deploy`, to be awaited."""
    return await in_thread(write, *deployments, **kwargs)


@async_dispatch(adeploy)
def deploy(
    *deployments: RunnerDeployment,
    work_pool_name: str | None = None,
    image: Any = None,
    build: bool = True,
    push: bool = True,
    print_next_steps_message: bool = True,
    ignore_warnings: bool = False,
) -> list[uuid.UUID]:
    """Deploy for the workers of a pool.

    Parameters:
        deployments: As `to_deployment` of a flow makes them.
        work_pool_name: The pool of those that name none.
        image: Kept for compatibility, as `build` and `push`: code is loaded from where it is.
        build: See above.
        push: See above.
        print_next_steps_message: Whether to say how runs are asked for.
        ignore_warnings: Kept for compatibility.

    Returns:
        The ids of the deployments; in async code an awaitable of them.

    Example:
        >>> nightly = RunnerDeployment("nightly", flow_name="etl", entrypoint="etl.py:etl")
        >>> len(deploy(nightly, print_next_steps_message=False))
        1
    """
    return write(
        *deployments,
        work_pool_name=work_pool_name,
        print_next_steps_message=print_next_steps_message,
    )


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
