"""`flow` and `task` of the engine that BENCH_ENGINE names: the same program runs with either."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

NAME = os.environ.get("BENCH_ENGINE", "noria")

if TYPE_CHECKING or NAME == "noria":
    from noria import flow, get_run_logger, task
else:
    from prefect import flow, get_run_logger, task

__all__ = ["NAME", "flow", "get_run_logger", "task"]
