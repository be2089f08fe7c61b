"""Flow runs to list: `runs.py COUNT`."""

from __future__ import annotations

import sys

from noria import flow, task


@task
def add(x: int) -> int:
    """The least a task can do."""
    return x + 1


@flow
def small(count: int) -> None:
    """A run with a few tasks."""
    for n in range(count):
        add(n)


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        small(3)
