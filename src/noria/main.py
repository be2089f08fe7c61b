"""The names that most programs use, in one module."""

from noria.core.annotations import allow_failure, unmapped
from noria.core.states import State
from noria.flows import Flow, flow, tags
from noria.logging import get_run_logger
from noria.tasks import Task, task

__all__ = [
    "Flow",
    "State",
    "Task",
    "allow_failure",
    "flow",
    "get_run_logger",
    "tags",
    "task",
    "unmapped",
]
