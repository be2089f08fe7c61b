"""`noria backfill ls`: which backfills there are."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.backfill.rows import columns, record
from noria.cli.deployment.rows import find_deployment
from noria.cli.output import Listing, emit
from noria.cli.store import backend_of


@click.command()
@click.argument("deployment", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, help="At most so many.")
@output_options
@pass_app
def ls(app: App, deployment: str | None, limit: int) -> None:
    """List backfills, newest first: all, or those of a deployment."""
    backend = backend_of(app)
    chosen = None if deployment is None else find_deployment(backend, deployment).id
    uses = backend.backfills(chosen, limit)
    shown = emit(app, Listing(uses, record, columns(app, backend)))
    if not shown and app.for_people:
        app.note("No backfills yet. Make one: noria backfill DEPLOYMENT --from TIME --to TIME")
