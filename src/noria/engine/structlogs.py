"""From structlog to the journal: events of the user's that belong to a run.

structlog is optional, and loaded only where it is asked for.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from noria.core import clock
from noria.core.errors import ConfigurationError
from noria.core.settings import LOG_LEVELS, level_number
from noria.engine.configuration import settings
from noria.engine.context import FlowRunContext, TaskRunContext, innermost
from noria.engine.gate import gate
from noria.engine.logs import FLOW_LOGGER, TASK_LOGGER, append, install

EventDict = MutableMapping[str, Any]

RENDERERS = ("auto", "console", "json")
_LEVELS = {name.lower(): number for name, number in LOG_LEVELS.items()} | {"exception": 40}
_formatter = logging.Formatter()


class RunProcessor:
    """A processor of structlog that puts events on record with the run they were logged in.

    Fields keep their types. It stands before the renderer, after processors that add fields.

    Parameters:
        drop: End the chain there for events of a run: Noria's console shows them. False hands all
            events on to the processors after it, too.

    Example:
        >>> import structlog
        >>> structlog.configure(processors=[RunProcessor(), structlog.processors.JSONRenderer()])
        >>> structlog.reset_defaults()
    """

    def __init__(self, drop: bool = True) -> None:
        self.drop = drop

    def __call__(self, logger: Any, method_name: str, event_dict: EventDict) -> EventDict:
        """Take an event."""
        context = innermost()
        if context is None:
            return event_dict
        _record(context, logger, method_name, dict(event_dict))
        if self.drop:
            raise _structlog().DropEvent
        return event_dict


def add_run(logger: Any, method_name: str, event_dict: EventDict) -> EventDict:
    """A processor that adds what is known of the run around a call, for renderers of one's own:
    `flow_name`, `flow_run_id`, `flow_run_name`, `task_name`, `task_run_id`, `task_run_name`.

    Example:
        >>> add_run(None, "info", {"event": "outside of runs"})
        {'event': 'outside of runs'}
    """
    from noria.engine.logs import flow_fields, task_fields  # noqa: PLC0415 - see below

    context = innermost()
    if isinstance(context, FlowRunContext):
        fields = flow_fields(context.flow_run, context.flow)
    elif context is not None:
        flow = context.flow_context
        fields = task_fields(context.task_run, context.task, flow and flow.flow_run)
    else:
        return event_dict
    for key, value in fields.items():
        event_dict.setdefault(key, value)
    return event_dict


def configure(
    renderer: str | Callable[..., Any] = "auto",
    *,
    level: int | str | None = None,
    processors: Iterable[Callable[..., Any]] = (),
) -> None:
    """Configure structlog so that `structlog.get_logger()` needs nothing else.

    What is logged in a run goes on record with it and is shown by Noria's console, as lines or, with
    `NORIA_LOG_FORMAT=json`, as JSON. What is logged outside runs is written to stderr.

    Parameters:
        renderer: How lines outside runs look: `console`, `json`, a processor that renders, or
            `auto`: `console` on a terminal, `json` elsewhere.
        level: The least severe events to keep; by default `NORIA_LOGGING_LEVEL`.
        processors: Processors of yours, called before an event is put on record.

    Raises:
        ConfigurationError: structlog is not installed, or there is no such renderer or level.

    Example:
        >>> import structlog
        >>> configure("json", level="warning")
        >>> structlog.get_logger().info("too quiet to be kept")
        >>> structlog.reset_defaults()
    """
    structlog = _structlog()
    number = _number(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *processors,
            RunProcessor(),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(renderer),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        context_class=dict,
        logger_factory=_Factory(),
        cache_logger_on_first_use=False,
    )
    install()


def join() -> None:
    """Let structlog join runs, as it has been configured or, where it has not, as `configure` does.

    Raises:
        ConfigurationError: structlog is not installed.
    """
    structlog = _structlog()
    if not structlog.is_configured():
        _configure_unasked(structlog)
        return
    chain = structlog.get_config()["processors"]
    if not any(isinstance(processor, RunProcessor) for processor in chain):
        # In place: loggers that exist already hold this very list.
        chain.insert(max(len(chain) - 1, 0), RunProcessor(drop=False))


def _configure_unasked(structlog: Any) -> None:
    # `join` is called by `install`, so not by way of `configure`, which calls that.
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, RunProcessor(), *_written()],
        wrapper_class=structlog.make_filtering_bound_logger(level_number(settings())),
        logger_factory=_Factory(),
    )
