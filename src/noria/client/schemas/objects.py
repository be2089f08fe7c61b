"""Runs and states as values."""

from noria.core.states import TERMINAL_STATES, State, StateDetails, StateType
from noria.engine.runs import FlowRun, TaskRun

__all__ = ["TERMINAL_STATES", "FlowRun", "State", "StateDetails", "StateType", "TaskRun"]
