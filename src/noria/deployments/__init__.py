"""Deployments: flows that run when they are due or asked for, in a process of their own.

`flow.serve()` and `serve()` keep a process that runs them; `run_deployment` asks for a run,
`backfill` for those that were missed.
"""

from noria.deployments.backfilling import Backfill, backfill
from noria.deployments.base import Deployment, DeploymentTemplate
from noria.deployments.flow_runs import arun_deployment, run_deployment
from noria.deployments.runner import RunnerDeployment
from noria.deployments.serving import adeploy, aserve, deploy, serve

__all__ = [
    "Backfill",
    "Deployment",
    "DeploymentTemplate",
    "RunnerDeployment",
    "adeploy",
    "arun_deployment",
    "aserve",
    "backfill",
    "deploy",
    "run_deployment",
    "serve",
]
