"""`noria artifact ls`: what runs have made."""

from __future__ import annotations

import click

from noria.backend.port import ArtifactFilter
from noria.cli.app import App, output_options, pass_app
from noria.cli.artifact.rows import columns, record
from noria.cli.output import Listing, emit
from noria.cli.references import RUN, find_run
from noria.cli.store import backend_of


@click.command()
@click.option("--key", help="All versions of this key.")
@click.option("--run", type=RUN, help="Only those of this run.")
@click.option("--type", "kind", help="Only of this type: table, markdown, progress, image ...")
@click.option("--all", "everything", is_flag=True, help="With older versions, and without a key.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="At most so many.",
)
@output_options
@pass_app
def ls(
    app: App, key: str | None, run: str | None, kind: str | None, everything: bool, limit: int
) -> None:
    """List artifacts, the last updated first.

    Of each key, the newest version.
    """
    backend = backend_of(app)
    where = ArtifactFilter(
        key=key,
        kind=kind,
        flow_run=None if run is None else find_run(app, run).id,
        latest=key is None and run is None and not everything,
        limit=limit,
    )
    shown = emit(app, Listing(backend.artifacts(where), record, columns(app, backend)))
    if not app.for_people:
        return
    if not shown:
        app.note("No artifacts match." if any((key, run, kind)) else "No artifacts yet.")
    elif shown == limit:
        app.note(f"The last {limit}; --limit {limit * 5} shows more.")
