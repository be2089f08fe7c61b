"""Flows of the user's files: loading them, and calling them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any

from noria.cli.entrypoint import Entrypoint, make_importable
from noria.core.states import State
from noria.flows import Flow, load_flow_from_entrypoint


def load(place: Entrypoint) -> Flow[Any, Any]:
    """The flow at a place, its neighbours importable.

    Raises:
        MissingFlowError: There is no such flow.
        UnspecifiedFlowError: There are several, and none was named.
        ScriptError: The script raised.
    """
    make_importable(place.path)
    flow: Flow[Any, Any] = load_flow_from_entrypoint(str(place))
    return flow


def call(flow: Flow[Any, Any], parameters: dict[str, Any]) -> State[Any]:
    """Run a flow to its end, whether it is written with `def` or `async def`."""
    outcome = flow(**parameters, return_state=True)
    if inspect.isawaitable(outcome):
        import asyncio  # noqa: PLC0415 - only for flows that need it

        outcome = asyncio.run(_awaited(outcome))
    state: State[Any] = outcome
    return state


async def _awaited(outcome: Awaitable[State[Any]]) -> State[Any]:
    return await outcome
