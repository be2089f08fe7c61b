"""`noria db vacuum`: throw away what nobody needs any more."""

from __future__ import annotations

import click

from noria.cli.app import App, output_options, pass_app
from noria.cli.output import emit_object
from noria.cli.store import backend_of, results
from noria.cli.text import bytes_text
from noria.console.wording import plural
from noria.core import clock

GRACE = 3_600_000_000
"""Result files younger than this (microseconds) stay: a run may be about to record them."""


@click.command()
@output_options
@pass_app
def vacuum(app: App) -> None:
    """Remove what nobody needs, and free space.

    That is expired cache keys, and result files that nothing refers to.
    """
    backend = backend_of(app)
    now = clock.now()
    before = backend.info()
    expired = backend.expire_cache(now)
    files, freed = results(app).collect(backend.referenced_results(), now - GRACE)
    backend.vacuum()
    after = backend.info()
    if not app.for_people:
        emit_object(
            app,
            {
                "id": after.location,
                "size_before": before.size,
                "size": after.size,
                "cache_entries_expired": expired,
                "result_files_removed": files,
                "result_bytes_removed": freed,
            },
        )
        return
    app.say(f"store    {bytes_text(before.size)} -> {bytes_text(after.size)}")
    app.say(f"results  {plural(files, 'unused file')} removed, {bytes_text(freed)}")
    app.say(f"cache    {plural(expired, 'expired key')} removed")
