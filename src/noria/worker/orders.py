"""What a worker tells its nursery, and what it hears: JSON lines over a pair of sockets."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from noria.backend.port import Claim
from noria.core.deployments import OnCrash


class Order(NamedTuple):
    """A claimed run to be executed in a new process."""

    flow_run: str
    """Its id in hex."""
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


class Birth(NamedTuple):
    """A process was made for an order."""

    flow_run: str
    pid: int


class Death(NamedTuple):
    """A process has ended; `status` is as `os.waitpid` gives it."""

    flow_run: str
    pid: int
    status: int


class Refusal(NamedTuple):
    """No process could be made for an order."""

    flow_run: str
    why: str


Message = Order | Birth | Death | Refusal
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in (Order, Birth, Death, Refusal)}


def order_of(claim: Claim, output: str) -> Order:
    """The order to execute what was claimed."""
    variables = claim.spec.job_variables.get("env") or {}
    return Order(
        flow_run=claim.run.id.hex(),
        worker=(claim.work.worker or b"").hex(),
        entrypoint=claim.spec.entrypoint,
        path=claim.spec.path,
        afresh=claim.spec.on_crash is OnCrash.RETRY and claim.work.crashes > 0,
        environment={str(name): str(value) for name, value in variables.items()},
        output=output,
    )


def to_line(message: Message) -> bytes:
    """A message as a line.

    Example:
        >>> from_line(to_line(Birth("00ff", 42)))
        Birth(flow_run='00ff', pid=42)
    """
    return json.dumps([type(message).__name__, message._asdict()]).encode() + b"\n"


def from_line(line: bytes) -> Any:
    """The message of a line."""
    kind, fields = json.loads(line)
    return _KINDS[kind](**fields)
