"""Flows of the user's files: loading them, and calling them."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Iterable
from typing import Any

from noria.cli.entrypoint import Entrypoint, make_importable
from noria.core.states import State, StateType
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
    """Run a flow to its end, in whatever way its function is written.

    Raises:
        ParameterTypeError: A parameter does not fit its annotation; nothing was recorded then.
    """
    if flow.should_validate_parameters:
        # A run that could only fail at once is not begun: a wrong option is no failed run.
        flow.validate_parameters(flow.spec.bind((), parameters))
    if flow.isgenerator:
        return ended(flow(**parameters))
    return ended(flow(**parameters, return_state=True))


def ended(outcome: Any) -> State[Any]:
    """The final state of what a call of a flow gave: a state, a coroutine, or a generator."""
    if isinstance(outcome, State):
        return outcome
    if inspect.isgenerator(outcome):
        return _exhausted(outcome)
    import asyncio  # noqa: PLC0415 - only for flows that need it

    return asyncio.run(_awaited(outcome))


async def _awaited(outcome: Any) -> State[Any]:
    if not inspect.isasyncgen(outcome):
        state: State[Any] = await outcome
        return state
    try:
        async for _ in outcome:
            pass
    except Exception as error:  # noqa: BLE001 - the user's; a generator has no state to carry it
        return State(StateType.FAILED, data=error)
    return State(StateType.COMPLETED)


def _exhausted(values: Iterable[Any]) -> State[Any]:
    try:
        deque(values, maxlen=0)
    except Exception as error:  # noqa: BLE001 - as above
        return State(StateType.FAILED, data=error)
    return State(StateType.COMPLETED)
