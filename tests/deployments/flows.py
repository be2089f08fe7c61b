"""Flows of a file, as deployments need them."""

from __future__ import annotations

from noria import flow, task
from noria.deployments import run_deployment
from noria.runtime import deployment, flow_run


@task
def double(count: int) -> int:
    return 2 * count


@flow(description="Counts.", version="7")
def counting(count: int = 1, label: str = "一"):
    return double(count)


@flow
def strict(day: str):
    return day


@flow
def asking(again: bool = False):
    """Asks twice for the same, and fails unless told not to."""
    found = [run_deployment("counting/x", timeout=0).id for _ in range(2)]
    if not again:
        raise ValueError("once more, please")
    return found


@flow
def telling(day: str = "today", rows: int = 1, size: int = 5):
    return [deployment.name, deployment.parameters, flow_run.job_variables, flow_run.parameters]
