"""The names that most programs use, in one module."""

from noria.core.annotations import allow_failure, unmapped
from noria.core.states import State
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
from noria.tasks import Task, task

__all__ = [
    "Flow",
    "State",
    "Task",
    "allow_failure",
    "apause_flow_run",
    "aresume_flow_run",
    "asuspend_flow_run",
    "flow",
    "get_run_logger",
    "pause_flow_run",
    "resume_flow_run",
    "suspend_flow_run",
    "tags",
    "task",
    "unmapped",
]
