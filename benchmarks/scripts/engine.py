"""`flow` and `task` of the engine that BENCH_ENGINE names: the same program runs with either."""

from __future__ import annotations

import os

from noria import flow, get_run_logger, task

if os.environ.get("BENCH_ENGINE") == "prefect":
    from prefect import flow, get_run_logger, task  # type: ignore[import-not-found]

__all__ = ["flow", "get_run_logger", "task"]
