"""The run that the current code belongs to."""

from __future__ import annotations

from noria.core.errors import MissingContextError
from noria.engine.context import (
    ContextModel,
    EngineContext,
    FlowRunContext,
    RunContext,
    TagsContext,
    TaskRunContext,
    innermost,
)
from noria.flows import tags

__all__ = [
    "ContextModel",
    "EngineContext",
    "FlowRunContext",
    "RunContext",
    "TagsContext",
    "TaskRunContext",
    "get_run_context",
    "tags",
]


def get_run_context() -> FlowRunContext | TaskRunContext:
    """The context of the innermost run.

    Raises:
        MissingContextError: There is no run around the call.
    """
    context = innermost()
    if context is None:
        raise MissingContextError(
            "No run context available. You are not in a flow or task run context."
        )
    return context
