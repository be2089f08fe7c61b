"""How a command that ran a flow ends: what it prints, and the exit code."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import click

from noria.cli import records
from noria.cli.app import App
from noria.cli.errors import Exit
from noria.cli.output import Record, emit_object
from noria.cli.text import clean
from noria.core import clock
from noria.core.ids import from_text
from noria.core.previews import preview
from noria.core.states import State, StateType
from noria.core.tracebacks import format_exception
from noria.session import open_session

RESULT_LIMIT = 64 * 1024
"""Characters of JSON up to which a result is printed as it is."""

_EXITS = {StateType.COMPLETED: Exit.OK, StateType.FAILED: Exit.RUN_FAILED}


def finish(app: App, state: State[Any]) -> NoReturn:
    """Print what was asked for and leave with the exit code of the run's state.

    The console has told the story on stderr; what it leaves out is the traceback, so that is
    added here, once.
    """
    if state.is_failed() and isinstance(state.data, BaseException):
        app.warn(clean(format_exception(state.data), lines=True).rstrip("\n"))
    if app.output is not None:
        emit_object(app, _record(state))
    raise click.exceptions.Exit(exit_code(state.type))


def exit_code(kind: StateType) -> Exit:
    """0 for a run that completed, 1 for one that failed, 8 for one that did not get to its end."""
    return _EXITS.get(kind, Exit.RUN_NOT_FINISHED)


def _record(state: State[Any]) -> Record:
    flow_run_id = state.state_details.flow_run_id
    row = open_session().backend.flow_run(from_text(str(flow_run_id))) if flow_run_id else None
    found = {} if row is None else records.flow_run(row, clock.now())
    return {**found, **_result(state)}


def _result(state: State[Any]) -> Record:
    """The value itself where JSON can say it, and a short text of it in any case."""
    if not state.is_completed():
        return {"result": None, "result_preview": None}
    try:
        text = json.dumps(state.data, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = ""
    fits = 0 < len(text) <= RESULT_LIMIT
    return {"result": state.data if fits else None, "result_preview": preview(state.data)}
