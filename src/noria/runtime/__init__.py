"""Facts of the current run as plain attributes: `runtime.flow_run.name`, `runtime.task_run.id`."""

from noria.runtime import deployment, flow_run, task_run

__all__ = ["deployment", "flow_run", "task_run"]
