"""Asking for runs of deployments."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from noria.backend.deployments_port import RunRequest
from noria.backend.port import Backend
from noria.core import clock
from noria.core.deployments import from_record
from noria.core.errors import ObjectNotFound
from noria.core.hashing import blake2b
from noria.core.jsontext import from_json, to_json
from noria.core.records import DeploymentRow, FlowRunRow
from noria.core.states import TERMINAL_STATES, StateType
from noria.deployments.parameters import as_json, check, nested
from noria.engine.context import flow_context, task_context
from noria.engine.dispatch import async_dispatch, signed_as
from noria.engine.drivers import adrive, drive
from noria.engine.effects import Program
from noria.engine.flow_calls import run_of
from noria.engine.runs import FlowRun
from noria.engine.session import open_session
from noria.flow_runs import until_ended

__all__ = ["arun_deployment", "run_deployment"]


def _asked_for(
    name: str | uuid.UUID,
    client: Any = None,
    parameters: dict[str, Any] | None = None,
    scheduled_time: datetime | None = None,
    flow_run_name: str | None = None,
    timeout: float | None = None,
    poll_interval: float | None = 5,
    tags: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    work_queue_name: str | None = None,
    as_subflow: bool | None = True,
    job_variables: dict[str, Any] | None = None,
) -> Program[FlowRun]:
    if timeout is not None and timeout < 0:
        raise ValueError(f"timeout is {timeout}: it cannot be negative; expected seconds or None.")
    backend = open_session().backend
    deployment = find(backend, name)
    spec = from_record(from_json(deployment.spec))
    given = as_json(parameters or {}, spec.full_name)
    check(spec, given)
    now = clock.now()
    wish = RunRequest(
        deployment=deployment.id,
        due=now if scheduled_time is None else clock.to_micros(scheduled_time),
        parameters=given,
        tags=tuple(tags or ()),
        name=flow_run_name,
        key=idempotency_key,
        queue=work_queue_name,
        job_variables=nested(job_variables or {}),
    )
    row = _request(backend, _below(wish) if as_subflow else wish, now)
    if row is None:
        raise _missing(name)
    row = yield from until_ended(backend, row, timeout)
    return run_of(row)


@signed_as(_asked_for)
async def arun_deployment(name: str | uuid.UUID, *args: Any, **kwargs: Any) -> FlowRun:
    """As `run_deployment`, to be awaited; the event loop goes on meanwhile."""
    return await adrive(_asked_for(name, *args, **kwargs))


@async_dispatch(arun_deployment)
def run_deployment(
    name: str | uuid.UUID,
    client: Any = None,
    parameters: dict[str, Any] | None = None,
    scheduled_time: datetime | None = None,
    flow_run_name: str | None = None,
    timeout: float | None = None,
    poll_interval: float | None = 5,
    tags: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    work_queue_name: str | None = None,
    as_subflow: bool | None = True,
    job_variables: dict[str, Any] | None = None,
) -> FlowRun:
    """Ask for a run of a deployment, and wait for its end.

    Parameters:
        name: `flow/deployment`, or the deployment's id.
        client: Kept for compatibility.
        parameters: They go before those of the deployment.
        scheduled_time: When it is to start; at once by default.
        flow_run_name: The run's name.
        timeout: Seconds to wait for the end; 0 does not wait, None waits for ever. A run that has
            not ended by then is returned as it is, and goes on.
        poll_interval: Kept for compatibility: the end is noticed within a tenth of a second.
        tags: Further tags of the run.
        idempotency_key: Asked for again with the same key, the same run is returned.
        work_queue_name: The queue of the deployment's pool; the deployment's by default.
        as_subflow: Whether, within a flow, the run is one of those that this flow called.
        job_variables: For the process, such as `{"env": {"NAME": "value"}}`.

    Returns:
        The run; in async code an awaitable of it.

    Raises:
        ValueError: The timeout is negative.
        ObjectNotFound: There is no such deployment.
        ParameterTypeError: The parameters do not fit the deployment's schema.

    Example:
        >>> from noria.deployments import RunnerDeployment
        >>> deployed = RunnerDeployment("nightly", flow_name="etl", entrypoint="etl.py:etl").apply()
        >>> run = run_deployment("etl/nightly", parameters={"day": "2026-11-22"}, timeout=0)
        >>> run.state.name, run.parameters
        ('Scheduled', {'day': '2026-11-22'})
    """
    return drive(
        _asked_for(
            name, client, parameters, scheduled_time, flow_run_name, timeout, poll_interval, tags,
            idempotency_key, work_queue_name, as_subflow, job_variables,
        )
    )  # fmt: skip


def find(backend: Backend, name: str | uuid.UUID) -> DeploymentRow:
    """The deployment that is meant.

    Raises:
        ObjectNotFound: There is none, or the name is that of several.
    """
    reference = name.hex if isinstance(name, uuid.UUID) else name
    found = backend.find_deployments(reference)
    if not found:
        raise _missing(name, [f"{row.flow_name}/{row.name}" for row in backend.deployments()])
    if len(found) > 1:
        names = ", ".join(f"{row.flow_name}/{row.name}" for row in found)
        raise ObjectNotFound(help_message=f"{name!r} may be any of {names}; name one of them.")
    return found[0]


def _missing(name: str | uuid.UUID, known: Iterable[str] = ()) -> ObjectNotFound:
    import difflib  # noqa: PLC0415 - only a wrong name needs it

    near = difflib.get_close_matches(str(name), list(known), 1, 0.5)
    hint = f" Did you mean {near[0]!r}?" if near else " See noria deployment ls."
    return ObjectNotFound(help_message=f"There is no deployment {str(name)!r}.{hint}")


def _below(wish: RunRequest) -> RunRequest:
    context = flow_context.get()
    if context is None:
        return wish
    parent = context.flow_run
    return wish._replace(parent_run=parent.raw_id, root_run=parent.root_run)


def _request(backend: Backend, wish: RunRequest, now: int) -> FlowRunRow | None:
    """Ask for the run; a flow that is resumed or tried again gets the one that it asked for before,
    unless that one did not complete."""
    call = None if wish.key is not None else _call_in_flow(wish)
    if call is None:
        return backend.request_run(wish, now)
    for attempt in itertools.count(1):
        row = backend.request_run(wish._replace(key=f"{call}.{attempt}"), now)
        if row is None or row.state is StateType.COMPLETED or row.state not in TERMINAL_STATES:
            return row
    raise AssertionError


def _call_in_flow(wish: RunRequest) -> str | None:
    """What identifies this call among those of the flow around it, in every execution of its run;
    None outside flows."""
    context = flow_context.get()
    if context is None or wish.parent_run is None:
        return None
    task = task_context.get()
    around = b"" if task is None else task.task_run.identity or b""
    said = to_json([wish.deployment.hex(), dict(wish.parameters), list(wish.tags), wish.name])
    base = blake2b(around + said.encode(), digest_size=16).digest()
    return f"{context.flow_run.raw_id.hex()}.{context.execution.identify(base).hex()}"
