"""Whether somebody takes the runs of a deployment: who asks for one must not wait in vain."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from noria.backend.port import Backend
from noria.cli.app import App
from noria.cli.text import clean
from noria.core import clock
from noria.core.pools import SERVED
from noria.core.records import DeploymentRow


def note_untaken(app: App, backend: Backend, rows: Iterable[DeploymentRow]) -> None:
    """Say of each pool of deployments that nobody takes runs of it."""
    pools = {use.pool.name: use for use in backend.pools(clock.now())}
    for name in sorted({row.pool for row in rows}):
        use = pools.get(name)
        if use is None or not use.workers:
            app.note(clean(_nobody(name)))
        elif use.pool.paused:
            app.note(clean(f"pool {name} is paused: its runs wait"))


def workers(backend: Backend) -> dict[str, int]:
    """How many living workers take runs of each pool."""
    return {use.pool.name: use.workers for use in backend.pools(clock.now())}


def _nobody(pool: str) -> str:
    command = f"noria worker start --pool {shlex.quote(pool)}"
    if pool.startswith(SERVED):
        served = pool.removeprefix(SERVED)
        return f"nobody serves {served}; start its script, or a worker: {command}"
    return f"no worker takes runs of pool {pool}; start one: {command}"
