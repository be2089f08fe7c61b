"""What a worker tells its nursery, and what it hears: JSON lines over a pair of sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from noria.backend.deployments_port import Claim
from noria.core.deployments import DeploymentSpec, OnCrash
from noria.core.jsontext import from_json
from noria.core.pools import OwedHook
from noria.core.records import FlowRunRow


class Order(NamedTuple):
    """Something to be done in a new process."""

    key: str
    """What answers refer to."""
    flow_run: str
    """The id of a run in hex."""
    worker: str
    """The process that has claimed it, in hex."""
    entrypoint: str
    path: str | None
    """The folder that it runs in."""
    afresh: bool
    """Whether what an earlier execution finished is forgotten."""
    environment: dict[str, str]
    """Variables that are set for it."""
    output: str
    """The file that takes what it prints."""
    warm: bool = True
    """Whether a process that has imported the flow's file may be forked for it."""
    hook: list[Any] | None = None
    """State, name, message and time: their hooks are called, instead of executing the run."""


class Birth(NamedTuple):
    """A process was made for an order."""

    key: str
    pid: int


class Death(NamedTuple):
    """A process has ended; `status` is as `os.waitpid` gives it."""

    key: str
    pid: int
    status: int


class Refusal(NamedTuple):
    """No process could be made for an order."""

    key: str
    why: str


class Lost(NamedTuple):
    """Nobody will tell of the end of a process that was born."""

    key: str


class Ready(NamedTuple):
    """A process has imported a flow's file, and can be forked."""

    files: dict[str, list[int] | None]
    """What it has read, with time of change and size; None for what was not there."""


class Unfit(NamedTuple):
    """A process that has imported a flow's file must not be forked."""

    why: str


Message = Order | Birth | Death | Refusal | Lost | Ready | Unfit
_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind for kind in (Order, Birth, Death, Refusal, Lost, Ready, Unfit)
}


def run_order(claim: Claim, output: str) -> Order:
    """The order to execute what was claimed."""
    spec = claim.spec
    return Order(
        key=claim.run.id.hex(),
        flow_run=claim.run.id.hex(),
        worker=(claim.work.worker or b"").hex(),
        entrypoint=spec.entrypoint,
        path=spec.path,
        afresh=spec.on_crash is OnCrash.RETRY and claim.work.crashes > 0,
        environment=_environment(claim.run),
        output=output,
        warm=_is_warm(claim.run),
    )


def hook_order(
    hook: OwedHook, row: FlowRunRow, spec: DeploymentSpec, worker: bytes, output: str
) -> Order:
    """The order to call the hooks of a run that its process could not call."""
    return Order(
        key=hook_key(hook),
        flow_run=hook.flow_run.hex(),
        worker=worker.hex(),
        entrypoint=spec.entrypoint,
        path=spec.path,
        afresh=False,
        environment=_environment(row),
        output=output,
        warm=_is_warm(row),
        hook=[hook.state.value, hook.state_name, hook.message, hook.created],
    )


def hook_key(hook: OwedHook) -> str:
    """What answers on the hooks of a run refer to."""
    return f"{hook.flow_run.hex()}-{hook.epoch}"


def job_variables(row: FlowRunRow) -> dict[str, Any]:
    """What the run's process is to be like."""
    found = from_json(row.settings or "{}").get("job_variables")
    return found if isinstance(found, dict) else {}


def _environment(row: FlowRunRow) -> dict[str, str]:
    variables = job_variables(row).get("env")
    if not isinstance(variables, Mapping):
        return {}  # Refused where it is said; older stores may hold it.
    return {str(name): str(value) for name, value in variables.items()}


def _is_warm(row: FlowRunRow) -> bool:
    return job_variables(row).get("warm") is not False


def to_line(message: Message) -> bytes:
    """A message as a line.

    Example:
        >>> from_line(to_line(Birth("00ff", 42)))
        Birth(key='00ff', pid=42)
    """
    return json.dumps([type(message).__name__, message._asdict()]).encode() + b"\n"


def from_line(line: bytes) -> Any:
    """The message of a line."""
    kind, fields = json.loads(line)
    return _KINDS[kind](**fields)
