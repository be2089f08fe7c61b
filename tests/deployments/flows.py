"""Flows of a file, as deployments need them."""

from __future__ import annotations

from noria import flow, task


@task
def double(count: int) -> int:
    return 2 * count


@flow(description="Counts.", version="7")
def counting(count: int = 1, label: str = "一"):
    return double(count)


@flow
def strict(day: str):
    return day
