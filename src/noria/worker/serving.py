"""A worker and a scheduler in this process, for deployments that a script serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from noria.core import clock
from noria.core.deployments import DeploymentSpec
from noria.core.pools import takes
from noria.engine.opening import Session
from noria.engine.session import open_session
from noria.worker.worker import Worker


def serve(
    specs: Sequence[DeploymentSpec],
    limit: int | None = None,
    pause_on_shutdown: bool = True,
    say: Callable[[str], None] = lambda _text: None,
) -> None:
    """Deploy, and run what is due until SIGINT or SIGTERM.

    Parameters:
        specs: What to deploy.
        limit: How many runs may be under way at once.
        pause_on_shutdown: Whether schedules rest until the next time that they are served, unless
            another script serves them by then.
        say: Told in a sentence what happens.
    """
    session = open_session()
    backend = session.backend
    backend.apply_deployments(specs, clock.now())
    served = [row for spec in specs for row in backend.find_deployments(spec.full_name)]
    for row in served:
        backend.pause_deployment(row.id, False, clock.now())
    try:
        Worker(session, sorted({spec.pool for spec in specs}), limit, say).run()
    finally:
        if pause_on_shutdown:
            for row in served:
                if not _is_served(session, row.pool):
                    backend.pause_deployment(row.id, True, clock.now())


def _is_served(session: Session, pool: str) -> bool:
    """Whether another script serves it: the next version, started before this one ends."""
    workers = [use.worker for use in session.backend.workers(clock.now()) if use.lives]
    return any(takes(each, pool) for each in workers if each.process != session.process)
