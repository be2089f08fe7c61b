"""Noria runs Python functions as flows and tasks, records every step, and goes on after a crash.

What is named here is imported when it is first asked for, so that a script pays only for what it
uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noria.circuit_breaker import CircuitBreaker
    from noria.collecting import Collector, collect
    from noria.concurrency.slots import concurrency, rate_limit
    from noria.core.annotations import allow_failure, unmapped
    from noria.core.errors import CircuitOpen
    from noria.core.states import State
    from noria.deployments import aserve, deploy, serve
    from noria.flow_runs import (
        apause_flow_run,
        aresume_flow_run,
        asuspend_flow_run,
        pause_flow_run,
        resume_flow_run,
        suspend_flow_run,
    )
    from noria.flows import Flow, flow, tags
    from noria.logging import get_run_logger
    from noria.notifications import notify
    from noria.tasks import Task, task
    from noria.transactions import Transaction

__version__ = "0.1.0"

_HOMES = {
    "CircuitBreaker": "noria.circuit_breaker",
    "CircuitOpen": "noria.core.errors",
    "Collector": "noria.collecting",
    "Flow": "noria.flows",
    "State": "noria.core.states",
    "Task": "noria.tasks",
    "Transaction": "noria.transactions",
    "allow_failure": "noria.core.annotations",
    "apause_flow_run": "noria.flow_runs",
    "aresume_flow_run": "noria.flow_runs",
    "aserve": "noria.deployments",
    "asuspend_flow_run": "noria.flow_runs",
    "collect": "noria.collecting",
    "concurrency": "noria.concurrency",
    "deploy": "noria.deployments",
    "flow": "noria.flows",
    "get_run_logger": "noria.logging",
    "notify": "noria.notifications",
    "pause_flow_run": "noria.flow_runs",
    "rate_limit": "noria.concurrency",
    "resume_flow_run": "noria.flow_runs",
    "serve": "noria.deployments",
    "suspend_flow_run": "noria.flow_runs",
    "tags": "noria.flows",
    "task": "noria.tasks",
    "unmapped": "noria.core.annotations",
}

__all__ = [
    "CircuitBreaker",
    "CircuitOpen",
    "Collector",
    "Flow",
    "State",
    "Task",
    "Transaction",
    "__version__",
    "allow_failure",
    "apause_flow_run",
    "aresume_flow_run",
    "aserve",
    "asuspend_flow_run",
    "collect",
    "concurrency",
    "deploy",
    "flow",
    "get_run_logger",
    "notify",
    "pause_flow_run",
    "rate_limit",
    "resume_flow_run",
    "serve",
    "suspend_flow_run",
    "tags",
    "task",
    "unmapped",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
