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
from noria.engine.log_lines import (
    FLOW_LOGGER,
    TASK_LOGGER,
    RunLogHandler,
    append,
    flow_fields,
    task_fields,
)

EventDict = MutableMapping[str, Any]

RENDERERS = ("auto", "console", "json")
_LEVELS = {name.lower(): number for name, number in LOG_LEVELS.items()} | {"exception": 40}
_NO_FIELDS = ("event", "level", "logger")
_formatter = logging.Formatter()


class RunProcessor:
    """A processor of structlog that puts events on record with the run they were logged in.

    Fields keep their types. It stands before the renderer, after processors that add fields.

    Parameters:
        drop: End the chain there for events of a run, which Noria's console shows. False hands them
            on to the processors after it as well.
        level: The least severe events to put on record, as in `logging`; all by default.

    Example:
        >>> import structlog
        >>> structlog.configure(processors=[RunProcessor(), structlog.processors.JSONRenderer()])
        >>> structlog.reset_defaults()
    """

    def __init__(self, drop: bool = True, level: int = 0) -> None:
        self.drop = drop
        self.level = level

    def __call__(self, logger: Any, method_name: str, event_dict: EventDict) -> EventDict:
        """Take an event."""
        context = innermost()
        if context is None:
            return event_dict
        level = _LEVELS.get(method_name, logging.INFO)
        if level >= self.level and not _joins_by_itself(logger):
            _record(context, logger, level, dict(event_dict))
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
    context = innermost()
    if context is None:
        return event_dict
    if isinstance(context, FlowRunContext):
        fields = flow_fields(context.flow_run, context.flow)
    else:
        flow = context.flow_context
        fields = task_fields(context.task_run, context.task, flow and flow.flow_run)
    for key, value in fields.items():
        event_dict.setdefault(key, value)
    return event_dict


def configure(
    renderer: str | Callable[..., Any] = "auto",
    *,
    level: int | str | None = None,
    processors: Iterable[Callable[..., Any]] = (),
) -> None:
    """Configure structlog so that `structlog.get_logger()` joins runs.

    What is logged in a run goes on record with it and is shown by Noria's console, as lines or,
    with `NORIA_LOG_FORMAT=json`, as JSON. What is logged outside runs is written to stderr.

    Parameters:
        renderer: How events outside runs look: `console`, `json`, a processor that renders, or
            `auto`: as `NORIA_LOG_FORMAT` says, else `console` on a terminal and `json` elsewhere.
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
    _configure(renderer, _number(level), processors)


def join() -> None:
    """Let structlog join runs: as it has been configured, or as `configure` does where it has not.

    Raises:
        ConfigurationError: structlog is not installed.
    """
    structlog = _structlog()
    if not structlog.is_configured():
        _configure("auto", _number(None), ())
        return
    chain = structlog.get_config()["processors"]
    if not any(isinstance(processor, RunProcessor) for processor in chain):
        # In place: loggers that exist already hold this very list.
        chain.insert(max(len(chain) - 1, 0), RunProcessor(drop=False, level=_number(None)))


def _configure(
    renderer: str | Callable[..., Any], level: int, processors: Iterable[Callable[..., Any]]
) -> None:
    structlog = _structlog()
    chain = [structlog.contextvars.merge_contextvars, *processors, RunProcessor()]
    structlog.configure(
        processors=[*chain, *_renderers(structlog, renderer)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
        logger_factory=StderrLogger,
        cache_logger_on_first_use=False,
    )


def _renderers(structlog: Any, renderer: str | Callable[..., Any]) -> list[Any]:
    known = structlog.processors
    begun = [known.add_log_level, known.TimeStamper(fmt="iso", utc=True)]
    if not isinstance(renderer, str):
        return [*begun, renderer]
    if renderer not in RENDERERS:
        raise ConfigurationError(
            f"There is no renderer {renderer!r}; expected one of {', '.join(RENDERERS)}, "
            "or a processor."
        )
    if _is_for_people(renderer):
        return [*begun, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [*begun, known.format_exc_info, known.JSONRenderer(ensure_ascii=False)]


def _is_for_people(renderer: str) -> bool:
    if renderer == "auto":
        renderer = settings().log_format
    return renderer != "json" and (renderer != "auto" or sys.stderr.isatty())


class StderrLogger:
    """Writes rendered events to stderr, as it is when they come.

    Parameters:
        name: The logger's name.
    """

    def __init__(self, name: str = "", *_more: Any) -> None:
        self.name = name

    def msg(self, message: str) -> None:
        """Write a line."""
        sys.stderr.write(message + "\n")

    log = debug = info = warn = warning = msg
    error = err = failure = exception = critical = fatal = msg


def _record(
    context: FlowRunContext | TaskRunContext, logger: Any, level: int, event_dict: dict[str, Any]
) -> None:
    """Put an event on record. Never raises, as little as a handler of `logging` does."""
    own = gate()
    was_open = own.shut()
    name = event_dict.get("logger") or getattr(logger, "name", None)
    if not isinstance(name, str) or not name:
        name = FLOW_LOGGER if isinstance(context, FlowRunContext) else TASK_LOGGER
    try:
        message = str(event_dict.get("event", ""))
        append(context, clock.now(), level, name, message, _fields(event_dict))
    except Exception:  # noqa: BLE001 - see above
        RunLogHandler().handleError(logging.makeLogRecord({"name": name, "msg": event_dict}))
    finally:
        own.restore(was_open)


def _fields(event_dict: dict[str, Any]) -> dict[str, Any]:
    """The fields of an event, its traceback under the name that lines of `logging` have for it."""
    fields = {key: value for key, value in event_dict.items() if key not in _NO_FIELDS}
    given = fields.pop("exc_info", None)
    if isinstance(given, BaseException):
        given = (type(given), given, given.__traceback__)
    elif given and not isinstance(given, tuple):
        given = sys.exc_info()
    if given and given[0] is not None:
        fields["exc_text"] = _formatter.formatException(given)
    elif isinstance(fields.get("exception"), str):
        fields["exc_text"] = fields.pop("exception")
    return fields


def _joins_by_itself(logger: Any) -> bool:
    """Whether this is a logger of `logging` that hands what it is given to a run anyway."""
    found = logger if isinstance(logger, logging.Logger) else None
    while found is not None:
        if any(isinstance(handler, RunLogHandler) for handler in found.handlers):
            return True
        found = found.parent if found.propagate else None
    return False


def _number(level: int | str | None) -> int:
    if level is None:
        return level_number(settings())
    if isinstance(level, int):
        return level
    if level.upper() not in LOG_LEVELS:
        raise ConfigurationError(
            f"There is no level {level!r}; expected one of {', '.join(LOG_LEVELS)}, or a number."
        )
    return LOG_LEVELS[level.upper()]


def _structlog() -> Any:
    try:
        import structlog
    except ImportError:
        raise ConfigurationError(
            "The package structlog is not installed, but "
            "noria.logging.structlog asks for it. Install it: pip install structlog"
        ) from None
    return structlog
