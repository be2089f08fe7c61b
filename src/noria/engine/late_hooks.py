"""Hooks of a run whose process can no longer call them, called by another one."""

from __future__ import annotations

from functools import partial
from typing import Any

from noria.core.records import FlowRunRow
from noria.core.states import StateType
from noria.engine.context import FlowRunContext, flow_context
from noria.engine.effects import Commit, Program
from noria.engine.execution import FlowExecution
from noria.engine.flow_calls import run_of
from noria.engine.hooks import call_hooks
from noria.engine.prints import prints_of
from noria.engine.session import open_session


def call_late_hooks(flow: Any, row: FlowRunRow) -> Program[None]:
    """Call the hooks of the state that a run has ended in without its process.

    They may use the run's logger, as they may where a run ends by itself.

    Parameters:
        flow: The flow.
        row: The run, in that state.
    """
    # A run that stops by itself calls these while it does; one that was killed has not come to it.
    kind = StateType.CANCELLING if row.state is StateType.CANCELLED else row.state
    hooks = flow.hooks_for(kind)
    if not hooks:
        return
    session = open_session()
    run = run_of(row)
    execution = FlowExecution(session, flow, run, flow.task_runner.duplicate(), {})
    execution.inherited = True
    context = FlowRunContext(flow, run, run.parameters, execution)
    context.log_prints = bool(flow.log_prints)
    token = flow_context.set(context)
    try:
        with prints_of(context):
            yield from call_hooks(hooks, (flow, run, run.state), partial(execution.log, 40))
    finally:
        flow_context.reset(token)
    yield Commit(session.journal)
