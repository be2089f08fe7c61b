"""What happens in the process that a worker has made for an order."""

from __future__ import annotations

import os
import sys
from typing import Any

from noria.backend.executions import entered
from noria.core import clock
from noria.core.errors import NoriaException
from noria.core.jsontext import from_json, to_json
from noria.core.records import FlowRunRow
from noria.core.states import StateType
from noria.core.tracebacks import error_facts
from noria.core.transitions import Actor
from noria.engine.drivers import drive, finish
from noria.engine.flow_calls import arguments_of, pickled
from noria.engine.late_hooks import call_late_hooks
from noria.engine.session import open_session
from noria.worker.orders import Order
from noria.worker.template import load

COMPLETED, ENDED_OTHERWISE, NOT_OURS = 0, 1, 3
"""Exit codes."""


def run(order: Order, flow: Any = None) -> int:
    """Do what a worker has ordered: execute a run that it has claimed, or call its hooks.

    Parameters:
        order: What to do.
        flow: The flow, if it has been loaded already.

    Returns:
        The exit code of the process.
    """
    os.environ.update(order.environment)
    session = open_session()
    try:
        return _run(order, flow) if order.hook is None else _call_hooks(order, flow)
    finally:
        session.close()


def _run(order: Order, flow: Any) -> int:
    session = open_session()
    flow_run, worker = bytes.fromhex(order.flow_run), bytes.fromhex(order.worker)
    row = session.backend.begin_claimed(flow_run, worker, session.process, clock.now())
    if row is None:
        return NOT_OURS
    try:
        flow = flow or load(order)
        parameters = _parameters(row)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code, at its import
        _fail(row, error)
        return ENDED_OTHERWISE
    if order.afresh:
        calls = [entry.task_run for _, entry in session.backend.memo(flow_run)]
        session.backend.forget(flow_run, calls)
    if row.arguments is None:
        # What it was asked for with is plain; what it is recorded with is for people to read.
        row = row._replace(arguments=pickled(parameters))
    row = row._replace(settings=_with_allowance(row, flow))
    state = finish(flow.execute(parameters, row=row))
    return COMPLETED if state.type is StateType.COMPLETED else ENDED_OTHERWISE


def _with_allowance(row: FlowRunRow, flow: Any) -> str:
    """What is known of the run, with how long it may run by itself: a worker ends one that goes on
    nevertheless."""
    found = from_json(row.settings or "{}")
    # An earlier execution may have been of other code.
    found.pop("allowance", None)
    if flow.timeout_seconds is not None:
        delays = float(flow.retry_delay_seconds or 0) * flow.retries
        found["allowance"] = flow.timeout_seconds * (flow.retries + 1) + delays
    return to_json(found)


def _call_hooks(order: Order, flow: Any) -> int:
    assert order.hook is not None
    row = open_session().backend.flow_run(bytes.fromhex(order.flow_run))
    if row is None:
        return NOT_OURS
    kind, name, message, time = order.hook
    row = row._replace(state=StateType(kind), state_name=name, message=message, end=time)
    try:
        flow = flow or load(order)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code, at its import
        sys.stderr.write(
            f"noria: hooks of flow run {row.name}: the flow cannot be loaded: {_said(error)}\n"
        )
        return ENDED_OTHERWISE
    drive(call_late_hooks(flow, row))
    return COMPLETED


def _parameters(row: FlowRunRow) -> dict[str, Any]:
    if row.arguments is not None:
        return arguments_of(row)
    parameters: dict[str, Any] = from_json(row.parameters or "{}")
    return parameters


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, NoriaException) else f"{type(error).__name__}: {error}"


def _fail(row: FlowRunRow, error: BaseException) -> None:
    """Say that the run could not begin: the code cannot be loaded, here and now."""
    now, said = clock.now(), _said(error)
    failed = entered(row, StateType.FAILED, Actor.ENGINE, f"The flow cannot be loaded: {said}", now)
    failed = failed._replace(start=now, end=now, error=to_json(error_facts(error)))
    open_session().journal.append(failed)
    sys.stderr.write(f"noria: flow run {row.name}: the flow cannot be loaded: {said}\n")
