"""`noria backfill cancel`: let what waits of a backfill be."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.backfill.rows import find_backfill, progress, record
from noria.cli.errors import CliError, Code
from noria.cli.output import emit_object
from noria.cli.store import backend_of
from noria.console.wording import plural
from noria.core import clock


@click.command()
@click.argument("backfill")
@click.option("--running", is_flag=True, help="Ask what is under way to stop, too.")
@output_options
@pass_app
def cancel(app: App, backfill: str, running: bool) -> None:
    """Cancel what waits of a backfill.

    Times whose runs were cancelled before they began count as missed again. When nothing is left to
    cancel, the command exits with 6.
    """
    backend = backend_of(app)
    use = find_backfill(backend, backfill)
    count = backend.cancel_backfill(use.backfill.id, running, clock.now())
    after = find_backfill(backend, use.backfill.id.hex())
    if not count:
        raise CliError(
            Code.CONFLICT,
            "nothing of this backfill waits",
            progress(after),
            "--running stops what is under way" if after.under_way else "",
        )
    if app.for_people:
        app.note(f"Cancelled {plural(count, 'run')}: {progress(after)}.")
    else:
        emit_object(app, record(after))
