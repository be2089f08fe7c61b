"""`noria up`: all that is needed, in this terminal."""

from __future__ import annotations

import click

from noria.backend.port import Backend
from noria.cli.app import App, pass_app, shared_options
from noria.cli.deploy import apply_file
from noria.cli.store import backend_of
from noria.cli.timefmt import moment
from noria.console.wording import plural
from noria.core import clock
from noria.services.readiness import say_ready
from noria.session import open_session
from noria.worker.worker import Worker


@click.command()
@click.option("--limit", type=click.IntRange(min=1), help="At most so many runs at once.")
@click.option("--deploy", is_flag=True, help="Deploy noria.yaml first.")
@shared_options
@pass_app
def up(app: App, limit: int | None, deploy: bool) -> None:
    """Run all that is needed in this terminal.

    A scheduler and a worker for all pools, in one process. The first Ctrl-C lets what is under way
    end, the second stops it.
    """
    if deploy:
        apply_file(app)
    backend = backend_of(app)

    def ready() -> None:
        app.note(_standing(app, backend))
        say_ready()

    Worker(open_session(), None, limit, app.note, ready=ready).run()


def _standing(app: App, backend: Backend) -> str:
    deployments = backend.deployments()
    if not deployments:
        return (
            "noria is up, and nothing is deployed yet: noria deploy, or flow.deploy(...). "
            "Ctrl-C ends it."
        )
    due = backend.next_schedule_due()
    following = "none is scheduled" if due is None else f"the next run is due {_when(app, due)}"
    return f"noria is up: {plural(len(deployments), 'deployment')}, {following}. Ctrl-C ends it."


def _when(app: App, due: int) -> str:
    return "now" if due <= clock.now() else moment(due, app.utc)
