"""Flows of a file, as deployments need them."""

from __future__ import annotations

from noria import flow, task
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
def telling(day: str = "today", rows: int = 1, size: int = 5):
    return [deployment.name, deployment.parameters, flow_run.job_variables, flow_run.parameters]
