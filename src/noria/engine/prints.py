"""Prints of runs that ask for it become lines of their logs."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from noria.engine.context import FlowRunContext, TaskRunContext, innermost
from noria.engine.forks import new_lock

INFO = 20

_real_print = builtins.print
_lock = new_lock()
_users = 0


def prints_of(context: FlowRunContext | TaskRunContext) -> Any:
    """A block in which the prints of this run are caught, if it asks for that."""
    if not context.log_prints:
        return nullcontext()
    flow = context.flow_context if isinstance(context, TaskRunContext) else None
    return nullcontext() if flow is not None and flow.log_prints else _caught()


@contextmanager
def _caught() -> Iterator[None]:
    global _users, _real_print
    with _lock:
        if not _users:
            # Somebody else may have put a print of their own in place, a test for instance.
            _real_print = builtins.print
            builtins.print = _print
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                builtins.print = _real_print


def _print(*args: Any, **kwargs: Any) -> None:
    context = innermost()
    flow = context.flow_context if isinstance(context, TaskRunContext) else context
    elsewhere = kwargs.get("file") not in (None, sys.stdout, sys.stderr)
    if context is None or flow is None or not context.log_prints or elsewhere:
        _real_print(*args, **kwargs)
        return
    # Loads `logging`, which a run that prints nothing does without.
    from noria.engine import logs  # noqa: PLC0415

    separator = kwargs.get("sep")
    logs.say(context, INFO, (" " if separator is None else separator).join(map(str, args)))
