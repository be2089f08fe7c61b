"""Running a flow by call of a function, as programs that embed the engine do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from noria.core.errors import FlowRunTimeoutError
from noria.engine.futures import Future

if TYPE_CHECKING:
    from noria.flows import Flow

__all__ = ["FlowRunTimeoutError", "run_flow", "run_flow_async", "run_flow_sync"]


def run_flow(
    flow: Flow[..., Any],
    parameters: dict[str, Any] | None = None,
    wait_for: Iterable[Future[Any]] | None = None,
    return_type: Literal["state", "result"] = "result",
) -> Any:
    """Run a flow.

    Parameters:
        flow: The flow.
        parameters: Its arguments by parameter name.
        wait_for: Futures that must complete first.
        return_type: `result` for what it returns, `state` for the final state.

    Returns:
        What was asked for; a coroutine of it for an async flow, a generator for a generator flow.

    Example:
        >>> from noria import flow
        >>> @flow
        ... def double(x: int) -> int:
        ...     return 2 * x
        >>> run_flow(double, parameters={"x": 4})
        8
    """
    args, kwargs = flow.spec.to_call(parameters or {})
    call: Any = flow
    return call(*args, return_state=return_type == "state", wait_for=wait_for, **kwargs)


run_flow_sync = run_flow


async def run_flow_async(
    flow: Flow[..., Any],
    parameters: dict[str, Any] | None = None,
    wait_for: Iterable[Future[Any]] | None = None,
    return_type: Literal["state", "result"] = "result",
) -> Any:
    """The same as `run_flow` for an async flow, awaited."""
    return await run_flow(flow, parameters, wait_for, return_type)
